"""From a pattern and a formula to crystals, without a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.checkpoint import NOTHING_KEPT, Checkpoint
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.errors import CrystalError
from xsearch.fit.prepared_pattern import PreparedPattern
from xsearch.fit.rietveld import Refined, refine
from xsearch.fit.strain_fit import StrainFit, fit_strain
from xsearch.indexing.lines import find_lines
from xsearch.indexing.profile import profile_of
from xsearch.indexing.settings import THOROUGH
from xsearch.indexing.thorough import RankedCell, probabilities, ranked_cells
from xsearch.progress import Watched, timed
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.reflections import Reflections
from xsearch.solve.arrangements import arrangements
from xsearch.solve.groups import groups_in
from xsearch.solve.observed import ObservedLines, observed_lines
from xsearch.solve.search import Trial, search
from xsearch.solve.settings import SOLVE, SolveSettings

Array = NDArray[np.float64]

LEAST_PROBABILITY = 1e-5
"""That a cell counts with at least."""


@dataclass(frozen=True, slots=True, eq=False)
class SolvedCrystal:
    """A crystal that was solved from the pattern.

    Attributes:
        trial: what the search found.
        symmetry: of its crystal.
        reflections: of the same.
        fit: of its strain to the pattern.
        refined: its refinement.
        worth: natural logarithm of how likely it is, up to a constant.
    """

    trial: Trial
    symmetry: Symmetry
    reflections: Reflections
    fit: StrainFit
    refined: Refined
    worth: float


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What solving a pattern gave.

    Attributes:
        crystals: the likeliest first.
        cells, arrangements, tried: how many cells and arrangements there were, and how many were tried in the time.
        timings_ms: wall time of each stage.
    """

    crystals: tuple[SolvedCrystal, ...]
    cells: int
    arrangements: int
    tried: int
    timings_ms: dict[str, float]


def solve(
    prepared: PreparedPattern,
    formula: Mapping[str, int],
    *,
    groups: frozenset[int] | None = None,
    seconds: float | None = None,
    threads: int = 1,
    ranked: Sequence[RankedCell] | None = None,
    settings: SolveSettings = SOLVE,
    kept: Checkpoint = NOTHING_KEPT,
    clock: Callable[[], float] = monotonic,
) -> Solution:
    """Solve crystals of a formula from a powder pattern.

    Args:
        prepared: the pattern.
        formula: atoms of each element in the reduced formula.
        groups: numbers of the space groups that may be, or None for all.
        seconds: for the search; those of the settings by default.
        threads: for the search.
        ranked: cells of the pattern, where they are known.
        settings: the numbers that decide.
        kept: how far the same computation had come before it was stopped.
        clock: that the seconds are counted by; wall time by default.

    Raises:
        SpectrumError: where the pattern shows no line or too short a range.
    """
    timings: dict[str, float] = {}
    with timed(timings, "indexing"):
        cells = kept.stage("cells", lambda: cells_of_formula(prepared, formula, ranked, settings))
    whole = settings.seconds if seconds is None else seconds
    end_of_list = clock() + settings.arrangements.time_share * whole
    with timed(timings, "arrangements"):
        found = arrangements(
            groups_in(cells, settings.groups, groups), formula, settings.arrangements, lambda: clock() > end_of_list
        )
    with timed(timings, "solve"):
        trials = search(found, whole, settings.search, threads, kept, clock)
    with timed(timings, "final_refinement"):
        crystals = kept.stage("refined", lambda: refined_crystals(trials, prepared, settings))
    return Solution(tuple(crystals), len(cells), len(found), len(trials), timings)


def cells_of_formula(
    prepared: PreparedPattern,
    formula: Mapping[str, int],
    ranked: Sequence[RankedCell] | None = None,
    settings: SolveSettings = SOLVE,
) -> list[tuple[ObservedLines, float]]:
    """The likeliest cells that hold whole units of a formula, with the natural logarithm of the probability of each."""
    ranked = ranked_cells(prepared.net) if ranked is None else ranked
    odds = log_odds_of_formula(ranked, formula).tolist()
    fitting = sorted(
        ((one, value) for one, value in zip(ranked, odds, strict=True) if np.isfinite(value)), key=lambda item: -item[1]
    )
    if not fitting:
        return []
    profile = profile_of(prepared.net, find_lines(prepared.net, THOROUGH.search.lines), settings.observed.profile)
    return [
        (observed_lines(profile, one, prepared.net.polarisation, settings.observed), log_chance)
        for one, log_chance in fitting[: settings.groups.cells]
    ]


def log_odds_of_formula(ranked: Sequence[RankedCell], formula: Mapping[str, int]) -> Array:
    """(k,) natural logarithm of how likely each cell is and whole units of a formula in it; -inf where there are none.

    Args:
        ranked: k cells of a pattern, all that it has.
        formula: atoms of each element in the reduced formula.
    """
    chances = np.maximum(probabilities(ranked), LEAST_PROBABILITY)
    return np.log(chances) + np.array([one.log_odds_of_units(formula) for one in ranked], np.float64)


def refined_crystals(
    trials: Sequence[Trial], prepared: PreparedPattern, settings: SolveSettings = SOLVE
) -> list[SolvedCrystal]:
    """The likeliest trials refined against the points of the pattern, each crystal once, the likeliest first."""
    found: list[SolvedCrystal] = []
    seen: set[tuple[int, int, float]] = set()
    d_min_A = max(settings.d_min_A, 0.51 * prepared.net.wavelength_A)
    watched = Watched(settings.search.refined)
    for trial in trials:
        crystal = trial.crystal
        if len(found) == settings.search.refined:
            break
        try:
            symmetry = find_symmetry(crystal)
        except CrystalError:
            continue
        kind = (symmetry.number, len(symmetry.primitive), round(trial.left, 2))
        # atoms on top of each other are one to the symmetry search
        if kind in seen or reduced_formula(symmetry.primitive.composition) != reduced_formula(crystal.composition):
            continue
        seen.add(kind)
        with threadpool_limits(1, user_api="blas"):
            (reflections,) = simulate_reflections([symmetry], d_min_A=d_min_A)
            fit = fit_strain(reflections, prepared.log_q, 0.0)
            refined = refine(reflections, symmetry, fit, prepared.points)
        found.append(SolvedCrystal(trial, symmetry, reflections, fit, refined, trial.worth(settings.search)))
        watched.advance(1)
    return sorted(found, key=lambda one: -one.worth)
