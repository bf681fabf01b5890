"""Hits of a search by XANES: phases folded, the spectra that speak for them drawn, the evidence by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.edge_match import EdgeMatch
from xsearch.answers.hit import Hit
from xsearch.chemistry import Material
from xsearch.chemistry.reference import Reference
from xsearch.indexes import Index
from xsearch.preprocess.xanes import NormalizedXanes, WINDOW_GRID_eV
from xsearch.search.rank import SAME_PHASE_VOLUME, fold, volumes
from xsearch.search.xanes_stages import Candidates
from xsearch.simulate import Reflections
from xsearch.xas.evidence import EdgeEvidence
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.matching import broadened, hold_ends
from xsearch.xas.probability import shares_of, spectra_score

NOTHING = float("nan")
NO_REFLECTIONS = Reflections(
    np.zeros((0, 3), np.int16), np.zeros(0, np.float32), np.zeros(0, np.int16), np.full(6, np.nan), "triclinic"
)


def spectra_hits(
    index: Index,
    spectra: Sequence[NormalizedXanes],
    edges: Sequence[EdgeEvidence],
    candidates: Candidates,
    groups: list[list[int]],
    top: int,
    choices: int,
) -> tuple[Hit, ...]:
    """Hits of the best groups of candidates, each group a phase with its best entry first.

    Args:
        index, spectra, edges, candidates: of the search.
        groups: places among the candidates.
        top: how many hits.
        choices: how many entries meet the conditions, with a spectrum or without.
    """
    shares = shares_of(candidates.total, groups)
    lowest, hits = 1.0, []
    for rank, group in enumerate(groups[:top], start=1):
        told = [_part(candidates, edge, group[0]) for edge in edges]
        measured = any(kind == "measured" for kind in _kinds(candidates, edges, group[0]))
        lowest = min(lowest, spectra_score(float(shares[rank - 1]), told, measured, len(candidates.rows), choices))
        hits.append(one_hit(index, spectra, edges, candidates, group, rank, (lowest, float(shares[rank - 1]))))
    return tuple(hits)


def one_hit(
    index: Index,
    spectra: Sequence[NormalizedXanes],
    edges: Sequence[EdgeEvidence],
    candidates: Candidates,
    group: list[int],
    rank: int,
    score: tuple[float, float],
) -> Hit:
    """A hit with its duplicates.

    Args:
        index, spectra, edges, candidates: of the search.
        group: places among the candidates, the best first.
        rank: of the hit.
        score: and the share among the candidates that it came from; the duplicates have the same.
    """
    place, *others = group
    row = int(candidates.rows[place])
    evidence = {name: float(column[place]) for name, column in candidates.parts.items()}
    evidence["share"] = score[1]
    evidence["prior"] = float(
        candidates.total[place] - np.nansum([candidates.parts[n][place] for n in candidates.parts])
    )
    return replace(
        hit_by_edges(
            index,
            row,
            index.material(row) if row >= 0 else reference_of(edges, candidates, place),
            rank,
            score[0],
            evidence,
            edge_matches(spectra, edges, candidates, place),
        ),
        duplicates=tuple(one_hit(index, spectra, edges, candidates, [other], rank, score) for other in others),
    )


def hit_by_edges(
    index: Index,
    row: int,
    material: Material | Reference,
    rank: int,
    score: float,
    evidence: dict[str, float],
    edges: tuple[EdgeMatch, ...],
) -> Hit:
    """A hit that edges alone speak for: its cell is the stored one, and nothing is told of a powder pattern.

    Args:
        index: the index.
        row: of the material; -1 for a reference.
        material, rank, score, evidence, edges: of the hit.
    """
    reflections = index.reflections(row) if row >= 0 else NO_REFLECTIONS
    a, b, c, alpha, beta, gamma = (float(x) for x in reflections.cell)
    return Hit(
        rank=rank,
        material=material,
        score=score,
        strain=NOTHING,
        cell=(a, b, c, alpha, beta, gamma),
        zero_shift_deg=NOTHING,
        fwhm_deg=NOTHING,
        unexplained=NOTHING,
        evidence=evidence,
        reflections=reflections,
        edges=edges,
    )


def with_edges(
    hits: tuple[Hit, ...],
    index: Index,
    spectra: Sequence[NormalizedXanes],
    edges: Sequence[EdgeEvidence],
    candidates: Candidates,
) -> tuple[Hit, ...]:
    """Hits of a powder match with what the edges say of them."""
    place_of = {int(row): place for place, row in enumerate(candidates.rows.tolist())}

    def one(hit: Hit) -> Hit:
        place = place_of[index.row_of(hit.matched.material_id)]
        told = {edge.library.name: _part(candidates, edge, place) for edge in edges}
        return replace(
            hit,
            evidence={**hit.evidence, **told},
            edges=edge_matches(spectra, edges, candidates, place),
            duplicates=tuple(one(twin) for twin in hit.duplicates),
        )

    return tuple(one(hit) for hit in hits)


def edge_matches(
    spectra: Sequence[NormalizedXanes], edges: Sequence[EdgeEvidence], candidates: Candidates, place: int
) -> tuple[EdgeMatch, ...]:
    """For each edge the library spectrum that speaks for a candidate, where there is one."""
    found = []
    for query, edge in zip(spectra, edges, strict=True):
        at = int(candidates.spectra[edge.library.name][place])
        if at >= 0:
            found.append(edge_match(query, edge, at, _part(candidates, edge, place)))
    return tuple(found)


def edge_match(query: NormalizedXanes, edge: EdgeEvidence, at: int, evidence: float) -> EdgeMatch:
    """How a spectrum of the library agrees, and its curve on the query's energies, scaled to it."""
    table, matches = edge.library.spectra, edge.matches
    broadening, shift = float(matches.broadening_eV[at]), float(matches.shift_eV[at])
    held = hold_ends(table.values[at : at + 1], table.known[at : at + 1])[0]
    curve = broadened(held, broadening)
    own_energy = WINDOW_GRID_eV[table.known[at]] + query.tabulated_e0_eV + float(table.offset_eV[at]) + shift
    inside = (query.energy_eV >= own_energy[0]) & (query.energy_eV <= own_energy[-1])
    inside &= np.abs(query.energy_eV - query.centre_eV) <= WINDOW_GRID_eV[-1]
    energy = query.energy_eV[inside]
    mu = np.interp(energy, own_energy, curve[table.known[at]].astype(np.float64))
    return EdgeMatch(
        edge=edge.library.name,
        spectrum_id=str(table.spectrum_id[at]),
        kind=str(table.kind[at]),
        level=str(table.level[at]),
        code=str(table.code[at]),
        source=str(table.source[at]),
        formula=str(table.reduced_formula[at]),
        correlation=float(matches.correlation[at]),
        shift_eV=shift,
        broadening_eV=broadening,
        evidence=evidence,
        energy_eV=energy,
        mu=_scaled(mu, query.mu[inside]),
    )


def reference_of(edges: Sequence[EdgeEvidence], candidates: Candidates, place: int) -> Reference:
    """The measured reference that a candidate without an entry is."""
    edge = next(e for e in edges if candidates.spectra[e.library.name][place] >= 0)
    return reference_at(edge.library, int(candidates.spectra[edge.library.name][place]))


def reference_at(library: EdgeLibrary, place: int) -> Reference:
    """A measured spectrum of a library as what stands for its compound."""
    table = library.spectra
    return Reference(
        material_id=str(table.spectrum_id[place]),
        source=str(table.source[place]),
        licence=str(table.licence[place]),
        reduced_formula=str(table.reduced_formula[place]),
        elements=tuple(sorted(table.elements[place])),
        name=str(library.note[place]) or None,
    )


def fold_entries(index: Index, candidates: Candidates) -> list[list[int]]:
    """Candidates grouped into phases, the best first; cells are not strained to edges, so volumes agree less well."""
    is_entry = candidates.rows >= 0
    volume = np.full(len(candidates.rows), np.nan)
    volume[is_entry] = volumes(index.columns.cell[candidates.rows[is_entry]])
    return fold(index.columns, candidates.rows, best_candidates(candidates), volume, 3 * SAME_PHASE_VOLUME)


def best_candidates(candidates: Candidates) -> list[int]:
    """Places by falling evidence; ties by row and formula."""
    return [int(i) for i in np.lexsort((candidates.formulas.astype(str), candidates.rows, -candidates.total))]


def _kinds(candidates: Candidates, edges: Sequence[EdgeEvidence], place: int) -> list[str]:
    """Of the library spectra that speak for a candidate."""
    spoken = [(edge.library.spectra, int(candidates.spectra[edge.library.name][place])) for edge in edges]
    return [str(table.kind[at]) for table, at in spoken if at >= 0]


def _part(candidates: Candidates, edge: EdgeEvidence, place: int) -> float:
    return float(candidates.parts[edge.library.name][place])


def _scaled(mu: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve times a factor and plus a constant, as near to another as that brings it."""
    if len(mu) < 3 or mu.std() < 1e-9:
        return mu
    slope, start = np.polyfit(mu, to, 1)
    return np.asarray(start + slope * mu) if slope > 0 else mu
