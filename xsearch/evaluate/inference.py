"""How often the structure of a compound in no database is inferred from its elements and its powder pattern."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from xsearch.chemistry.symmetry import find_symmetry
from xsearch.chemistry.template import template_key
from xsearch.data.compounds import ELEMENT_COUNTS, Compound, read_compounds, unrelated_elements
from xsearch.data.simulated_measurements import augmented_pattern, random_lines
from xsearch.errors import CrystalError, QueryError, SpectrumError
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.indexes import Index, sql
from xsearch.infer.engine import infer
from xsearch.infer.template_library import TemplateLibrary, library_of
from xsearch.options import Constraints
from xsearch.spectra import PowderPattern, Xanes

DEPTH = 5
"""Candidates among which the right structure is looked for."""

EdgesOf = Callable[[str], list[Xanes]]
"""The computed edges of a material."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one compound.

    Attributes:
        material_id, formula, n_elements: which compound.
        template_exists: whether the index holds its structure type for another formula.
        formula_right, system_right: of the first candidate, whatever the verdict.
        structure_rank: of the first candidate that StructureMatcher finds equal within `DEPTH`, or None.
        first: the first candidate's formula and space group, or the reason why there is none.
        verdict: of the inference.
        seconds, cpu_seconds: wall and processor time of the answer.
        edges: absorbers whose computed spectra were given beside the pattern.
    """

    material_id: str
    formula: str
    n_elements: int
    template_exists: bool
    formula_right: bool
    system_right: bool
    structure_rank: int | None
    first: str
    verdict: str
    seconds: float
    cpu_seconds: float
    edges: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the first candidate was given as no answer."""
        return self.verdict == "no confident match"


def evaluate(
    path: str | Path,
    index: str | Path | None = None,
    *,
    limit: int | None = None,
    reported: bool = False,
    may: int = 0,
    refusals: int = 0,
    log: str | Path | None = None,
    library: TemplateLibrary | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Infer compounds as if no entry of their formula were in the index.

    The pattern of each is simulated from its structure under conditions of measurement drawn at random. Its elements
    are given, and the K edges that were computed for it, where the index holds any (the forward model that judges these
    was trained on such spectra, theirs among them).

    Args:
        path: a Parquet file with the columns of `mp_structures.parquet`.
        index: name or folder of the index; the one in use by default.
        limit: how many compounds, evenly over 2 to 5 elements.
        reported: only compounds that an experiment reported.
        may: do not give the elements, but so many that there may be: those of the compound, and others of the other
            compounds drawn at random. 0 gives the elements.
        refusals: search so many of the patterns once more with the elements of another compound, and so many
            patterns of random lines, and count how often something is inferred all the same.
        log: keep outcomes here, one a line; those that are there are not worked out again.
        library: instead of the index's.
        progress: called with the name of each compound that is done.

    Returns:
        The figures of `figures` and of `refused`, and one line a compound under `compounds`.
    """
    edges_of: EdgesOf = _no_edges
    if library is None:
        from xsearch.search import open_index

        opened = open_index(index).index
        library, edges_of = library_of(opened), computed_edges(opened)
    compounds = read_compounds(path, limit, reported=reported)
    kept = OutcomeLog(log, _outcome, lambda outcome: outcome.material_id)
    outcomes = []
    for outcome in outcomes_of(compounds, library, dict(kept.done), edges_of, may):
        outcomes.append(outcome)
        kept.add(outcome)
        if progress is not None:
            progress(outcome.material_id)
    false = refused(compounds[:refusals], library, progress) if refusals else {}
    return {**figures(outcomes), **false, "compounds": [_line(outcome) for outcome in outcomes]}


def _outcome(stored: Mapping[str, Any]) -> Outcome:
    return Outcome(**{**stored, "edges": tuple(stored["edges"])})


def computed_edges(index: Index) -> EdgesOf:
    """The K edges that an index holds of a material, computed and averaged over its sites, one an absorber."""

    def edges_of(material_id: str) -> list[Xanes]:
        found = index.sql(sql.COMPUTED_K_EDGES, [material_id]).fetchall()
        return [Xanes(np.array(energy_eV), np.array(mu), absorber, "K") for absorber, energy_eV, mu in found]

    return edges_of


def _no_edges(material_id: str) -> list[Xanes]:
    return []


def outcomes_of(
    compounds: list[Compound],
    library: TemplateLibrary,
    done: Mapping[str, Outcome] | None = None,
    edges_of: EdgesOf = _no_edges,
    may: int = 0,
) -> Iterator[Outcome]:
    """One outcome a compound; those that are done already are given as they are."""
    warm = False
    every = set().union(*(compound.elements for compound in compounds))
    for compound in compounds:
        sets = sets_of(compound, every, may)
        if done and compound.material_id in done:
            yield done[compound.material_id]
            continue
        if not warm:
            # the first answer would otherwise bear the compilation of the kernels
            _one(compound, library, edges_of, sets)
            warm = True
        yield _one(compound, library, edges_of, sets)


def sets_of(compound: Compound, others: Collection[str], may: int) -> Sequence[frozenset[str]]:
    """The sets of elements that an inference is given: the compound's, or all of those that there may be.

    Args:
        compound: whose name seeds the draw.
        others: elements that the rest of them are drawn from.
        may: how many there may be; no fewer than the compound has.
    """
    foreign = sorted(set(others) - compound.elements)
    wanted = max(0, min(may - len(compound.elements), len(foreign)))
    if not wanted:
        return (frozenset(compound.elements),)
    drawn = np.random.default_rng(compound.seed).choice(foreign, wanted, replace=False).tolist()
    return Constraints.parse(may=[*sorted(compound.elements), *drawn]).alternatives


def refused(
    compounds: list[Compound], library: TemplateLibrary, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """How often something is inferred from patterns that the elements given cannot explain.

    Args:
        compounds: each one's pattern is searched with the elements of the next that shares none with it, and a
            pattern of random lines with its elements.
        library: the templates.
        progress: called with the name of each compound that is done.
    """
    wrong, noise = [], []
    for place, compound in enumerate(compounds):
        if unrelated := unrelated_elements(compounds, place):
            wrong.append(_accepted(library, sorted(unrelated), augmented_pattern(compound.crystal, compound.seed)))
        noise.append(_accepted(library, sorted(compound.elements), random_lines(compound.seed)))
        if progress is not None:
            progress(f"refusal of {compound.material_id}")
    return {
        "n_wrong_elements": len(wrong),
        "accepted_wrong_elements": _share(wrong),
        "n_random_lines": len(noise),
        "accepted_random_lines": _share(noise),
    }


def _accepted(library: TemplateLibrary, elements: list[str], pattern: PowderPattern) -> bool:
    try:
        return not infer(library, elements, pattern, top=1).refused
    except (QueryError, SpectrumError):
        return False


def figures(outcomes: list[Outcome]) -> dict[str, Any]:
    """Shares over all compounds; those of structures over the compounds whose template exists.

    The first candidate counts whatever the verdict; `formula_system_top1_accepted` is over those not refused.
    """
    exists = [o for o in outcomes if o.template_exists]
    accepted = [o for o in outcomes if not o.refused]

    def both(of: list[Outcome]) -> float | None:
        return _share([o.formula_right and o.system_right for o in of])

    return {
        "n": len(outcomes),
        "formula_system_top1": both(outcomes),
        "formula_top1": _share([o.formula_right for o in outcomes]),
        "structure_top1": _share([o.structure_rank == 1 for o in exists]),
        "structure_top5": _share([o.structure_rank is not None for o in exists]),
        "template_exists": _share([o.template_exists for o in outcomes]),
        "seconds_p95": round(float(np.percentile([o.seconds for o in outcomes], 95)), 3) if outcomes else None,
        "seconds_p50": round(float(np.percentile([o.seconds for o in outcomes], 50)), 3) if outcomes else None,
        "cpu_seconds_p95": round(float(np.percentile([o.cpu_seconds for o in outcomes], 95)), 3) if outcomes else None,
        "n_with_edges": sum(bool(o.edges) for o in outcomes),
        "refused": _share([o.refused for o in outcomes]),
        "formula_system_top1_accepted": both(accepted),
        "formula_system_top1_where_template_exists": both(exists),
        "formula_system_top1_by_elements": {
            str(n): both([o for o in outcomes if o.n_elements == n])
            for n in ELEMENT_COUNTS
            if any(o.n_elements == n for o in outcomes)
        },
        "n_by_elements": {str(n): sum(o.n_elements == n for o in outcomes) for n in ELEMENT_COUNTS},
    }


def _one(compound: Compound, library: TemplateLibrary, edges_of: EdgesOf, sets: Sequence[frozenset[str]]) -> Outcome:
    from pymatgen.core.structure_matcher import StructureMatcher

    pattern = augmented_pattern(compound.crystal, compound.seed)
    elements = sorted(compound.elements)
    edges = edges_of(compound.material_id)
    absorbers = tuple(edge.absorber for edge in edges)
    exists = _template_exists(compound, library)
    start, start_cpu = perf_counter(), process_time()
    try:
        answer = infer(library, elements, pattern, sets=sets, xanes=edges, excluded=[compound.formula], top=DEPTH)
    except (QueryError, SpectrumError) as error:
        return Outcome(
            compound.material_id, compound.formula, len(elements), exists, False, False, None, str(error),
            "no confident match", perf_counter() - start, process_time() - start_cpu, absorbers,
        )  # fmt: skip
    seconds, cpu_seconds = perf_counter() - start, process_time() - start_cpu
    rank = None
    matcher, true = StructureMatcher(), compound.crystal.to_structure()
    for candidate in answer.candidates:
        if candidate.formula == compound.formula and matcher.fit(true, candidate.structure):
            rank = candidate.rank
            break
    best = answer.candidates[0] if answer.candidates else None
    return Outcome(
        compound.material_id,
        compound.formula,
        len(elements),
        exists,
        best is not None and best.formula == compound.formula,
        best is not None and best.crystal_system == compound.crystal_system,
        rank,
        f"{best.formula} {best.space_group}" if best else answer.notes[-1],
        answer.verdict,
        seconds,
        cpu_seconds,
        absorbers,
    )


def _template_exists(compound: Compound, library: TemplateLibrary) -> bool:
    try:
        key = template_key(compound.crystal, find_symmetry(compound.crystal))
    except CrystalError:
        return False
    place = int(np.searchsorted(library.keys, key))
    if place >= len(library.keys) or library.keys[place] != key:
        return False
    return bool(library.members([compound.formula])[place] > 0)


def _line(outcome: Outcome) -> dict[str, Any]:
    return {
        "material_id": outcome.material_id,
        "formula": outcome.formula,
        "template_exists": outcome.template_exists,
        "right": outcome.formula_right and outcome.system_right,
        "structure_rank": outcome.structure_rank,
        "first": outcome.first,
        "verdict": outcome.verdict,
        "seconds": round(outcome.seconds, 2),
    }


def _share(values: list[bool]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
