"""How often a crystal is solved from its pattern and formula alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.formula import whole_formula
from xsearch.chemistry.space_groups import crystal_system
from xsearch.evaluate.indexing_samples import CELL, published_pattern, published_tables
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.fit.prepared_pattern import prepare
from xsearch.solve.engine import solve
from xsearch.solve.settings import SOLVE, SolveSettings
from xsearch.spectra import PowderPattern

SEED = 20
"""Of the order in which patterns are drawn."""

DEPTHS = (1, 5)
"""Of the crystals, at which a right one is counted."""


@dataclass(frozen=True, slots=True, eq=False)
class SolvingSample:
    """A pattern, its formula, and the crystals that are right.

    Attributes:
        name: of the row.
        pattern: to be solved.
        formula: atoms of each element.
        space_group: of the true crystals.
        crystals: any of which is right.
    """

    name: str
    pattern: PowderPattern
    formula: dict[str, int]
    space_group: int
    crystals: tuple[Crystal, ...]


@dataclass(frozen=True, slots=True)
class SolvingOutcome:
    """One attempt: the rank of a right crystal (0: none is).

    Attributes:
        name, system: of the sample.
        misfit: of the first crystal's refinement; 0 without one.
        seconds: of processor time.
        tried, arrangements: how many were tried, and were there.
    """

    name: str
    system: str
    rank: int
    misfit: float
    seconds: float
    tried: int
    arrangements: int


def samples_of(patterns: Path, structures: Path, report: bool) -> Iterator[SolvingSample]:
    """Simulated patterns of the benchmark of structures without a template, one half by formula, in a drawn order.

    Args:
        patterns: `pxrd_no_template.parquet`. structures: `mp_structures.parquet`, which holds the true crystals.
        report: which half.
    """
    table, known = published_tables(patterns, structures, report, (*CELL, "species", "frac_coords"))
    for row in table.iloc[np.random.default_rng(SEED).permutation(len(table))].itertuples():
        found = [known.loc[one] for one in row.material_ids if one in known.index]
        if not found:
            continue
        crystals = [
            Crystal.ordered(
                lattice_from_parameters(*(float(one[name]) for name in CELL)),
                np.asarray(one["frac_coords"], np.float64).reshape(-1, 3),
                list(one["species"]),
            )
            for one in found
        ]
        formula = whole_formula(row.reduced_formula)
        yield SolvingSample(row.name, published_pattern(row), formula, int(row.space_group), tuple(crystals))


def outcome_of(sample: SolvingSample, seconds: float, settings: SolveSettings = SOLVE) -> SolvingOutcome:
    """Solve one pattern in so many seconds of processor time and compare with the true crystals."""
    began = process_time()
    solution = solve(prepare(sample.pattern), sample.formula, seconds=seconds, settings=settings, clock=process_time)
    used = process_time() - began
    rank = next((place for place, one in enumerate(solution.crystals, 1) if is_right(one.refined.crystal, sample)), 0)
    misfit = solution.crystals[0].refined.misfit if solution.crystals else 0.0
    return SolvingOutcome(
        sample.name, crystal_system(sample.space_group), rank, misfit, used, solution.tried, solution.arrangements
    )


def is_right(crystal: Crystal, sample: SolvingSample) -> bool:
    """Whether pymatgen's StructureMatcher takes a crystal for a true one, with its usual tolerances."""
    from pymatgen.core.structure_matcher import StructureMatcher

    matcher, structure = StructureMatcher(), crystal.to_structure()
    return any(matcher.fit(structure, true.to_structure()) for true in sample.crystals)


def evaluate(
    patterns: Path,
    structures: Path,
    *,
    report: bool = True,
    limit: int = 100,
    seconds: float = 60.0,
    log: Path | None = None,
    say: Callable[[SolvingOutcome], None] | None = None,
) -> dict[str, Any]:
    """Solve some patterns and count the right crystals.

    Args:
        patterns, structures: see `samples_of`.
        report: the half of formulas that figures are reported on, or the other one.
        limit: how many patterns at most.
        seconds: of processor time for each search.
        log: keeps outcomes; a later run goes on from there.
        say: called with each outcome.
    """
    kept = OutcomeLog(log, lambda stored: SolvingOutcome(**stored), lambda one: one.name)
    found: list[SolvingOutcome] = []
    for sample in samples_of(patterns, structures, report):
        if len(found) == limit:
            break
        outcome = kept.done.get(sample.name) or outcome_of(sample, seconds)
        kept.add(outcome)
        found.append(outcome)
        if say is not None:
            say(outcome)
    return {"seconds_search": seconds, **figures(found)}


def figures(found: Sequence[SolvingOutcome]) -> dict[str, Any]:
    """Shares of right crystals, in all and by crystal system, and processor seconds a pattern."""
    seconds = [one.seconds for one in found]
    systems = sorted({one.system for one in found})
    others = [one for one in found if one.system != "monoclinic"]
    return {
        **_shares(found),
        "seconds_p50": float(np.percentile(seconds, 50)) if seconds else 0.0,
        "seconds_p95": float(np.percentile(seconds, 95)) if seconds else 0.0,
        "not_monoclinic": _shares(others),
        **{system: _shares([one for one in found if one.system == system]) for system in systems},
    }


def _shares(found: Sequence[SolvingOutcome]) -> dict[str, Any]:
    tops = {f"top{k}": float(np.mean([0 < one.rank <= k for one in found])) if found else 0.0 for k in DEPTHS}
    return {"n": len(found), **tops}
