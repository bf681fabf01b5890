"""Hits of a search by XANES: phases folded, library spectra on the edge's energies, the evidence by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xsearch.answers.edge_match import SpectrumMatch
from xsearch.answers.evidence import Evidence
from xsearch.answers.hit import Hit
from xsearch.chemistry import Material
from xsearch.chemistry.reference import Reference
from xsearch.indexes import Index
from xsearch.search.edge_matches import edge_matches
from xsearch.search.edge_score import edge_features, edge_score, posteriors_of
from xsearch.search.rank import fold, volumes
from xsearch.search.settings import DEFAULTS as POWDER
from xsearch.search.xanes_stages import Candidates
from xsearch.simulate import Reflections
from xsearch.xas.settings import DEFAULTS, EvidenceSettings

NO_REFLECTIONS = Reflections(
    np.zeros((0, 3), np.int16), np.zeros(0, np.float32), np.zeros(0, np.int16), np.full(6, np.nan), "triclinic"
)


def spectra_hits(
    index: Index,
    candidates: Candidates,
    groups: list[list[int]],
    top: int,
    choices: int,
) -> tuple[Hit, ...]:
    """Hits of the best groups of candidates, each group a phase with its best entry first.

    Args:
        index, candidates: of the search.
        groups: places among the candidates.
        top: how many hits.
        choices: how many entries meet the conditions, with a spectrum or without.
    """
    posteriors = posteriors_of(candidates.total, groups)
    lowest, hits = 1.0, []
    for rank, group in enumerate(groups[:top], start=1):
        evidence = [float(candidates.evidence[edge.name][group[0]]) for edge in candidates.edges]
        referenced, posterior = has_reference(candidates, group[0]), float(posteriors[rank - 1])
        features = edge_features(posterior, evidence, referenced, len(candidates.rows), choices)
        lowest = min(lowest, edge_score(features))
        hits.append(_hit(index, candidates, group, rank, lowest, posterior))
    return tuple(hits)


def _hit(index: Index, candidates: Candidates, group: list[int], rank: int, score: float, posterior: float) -> Hit:
    """A hit with its duplicates, which have the same score.

    Args:
        index, candidates: of the search.
        group: places among the candidates, the best first.
        rank, score: of the hit.
        posterior: among the candidates.
    """
    place, *others = group
    row = int(candidates.rows[place])
    evidence = Evidence(
        prior=float(candidates.total[place] - np.nansum([column[place] for column in candidates.evidence.values()])),
        edges=_by_edge(candidates, place),
        posterior=posterior,
    )
    material = index.material(row) if row >= 0 else _reference(candidates, place)
    hit = hit_by_edges(index, row, material, rank, score, evidence, edge_matches(candidates, place))
    duplicates = tuple(_hit(index, candidates, [other], rank, score, posterior) for other in others)
    return replace(hit, duplicates=duplicates)


def hit_by_edges(
    index: Index,
    row: int,
    material: Material | Reference,
    rank: int,
    score: float,
    evidence: Evidence,
    edges: tuple[SpectrumMatch, ...],
) -> Hit:
    """A hit by edges alone: its cell is the stored one, and it has no fit of a powder pattern.

    Args:
        index: the index.
        row: of the material; -1 for a reference.
        material, rank, score, evidence, edges: of the hit.
    """
    reflections = index.reflections(row) if row >= 0 else NO_REFLECTIONS
    return Hit(rank, material, score, evidence, reflections, edges=edges)


def with_edges(hits: tuple[Hit, ...], index: Index, candidates: Candidates) -> tuple[Hit, ...]:
    """Hits of a powder match with the evidence and the matches of the edges."""
    place_of = {int(row): place for place, row in enumerate(candidates.rows.tolist())}

    def one(hit: Hit) -> Hit:
        place = place_of[index.row_of(hit.matched.material_id)]
        return replace(
            hit,
            evidence=replace(hit.evidence, edges=_by_edge(candidates, place)),
            edges=edge_matches(candidates, place),
            duplicates=tuple(one(twin) for twin in hit.duplicates),
        )

    return tuple(one(hit) for hit in hits)


def _by_edge(candidates: Candidates, place: int) -> dict[str, float]:
    """The evidence of each edge of which a candidate has a spectrum."""
    values = {edge.name: float(candidates.evidence[edge.name][place]) for edge in candidates.edges}
    return {name: value for name, value in values.items() if not np.isnan(value)}


def fold_entries(
    index: Index, candidates: Candidates, settings: EvidenceSettings = DEFAULTS.evidence
) -> list[list[int]]:
    """Candidates grouped into phases, the best first; cells are not strained to edges, so volumes agree less well."""
    is_entry = candidates.rows >= 0
    volume = np.full(len(candidates.rows), np.nan)
    volume[is_entry] = volumes(index.columns.cell[candidates.rows[is_entry]])
    tolerance = settings.volume_tolerance_factor * POWDER.ranking.same_phase_volume
    return fold(index.columns, candidates.rows, candidates.best_first(), volume, tolerance)


def _reference(candidates: Candidates, place: int) -> Reference:
    """The measured reference that a candidate without an entry is."""
    at = {edge.name: int(candidates.spectra[edge.name][place]) for edge in candidates.edges}
    edge = next(one for one in candidates.edges if at[one.name] >= 0)
    return edge.library.reference(at[edge.name])


def has_reference(candidates: Candidates, place: int) -> bool:
    """Whether any evidence of a candidate comes from a measured reference."""
    found = [(edge.library.spectra, int(candidates.spectra[edge.name][place])) for edge in candidates.edges]
    return any(at >= 0 and table.kind[at] == "measured" for table, at in found)
