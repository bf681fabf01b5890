"""Whether relaxation and energies help where crystals are solved without a template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np

from xsearch.answers import Candidate, Inference
from xsearch.checkpoint import Checkpoint
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.evaluate.solving import SolvingSample, is_right, samples_of
from xsearch.infer.engine import infer
from xsearch.infer.relax import Relaxation
from xsearch.infer.template_library import TemplateLibrary
from xsearch.options import Potential

TOP = 8
"""Candidates that are looked at, and relaxed."""

MOST_SECONDS = 120.0
"""Of wall time for the relaxations of one pattern."""


@dataclass(frozen=True, slots=True)
class RelaxedOutcome:
    """One pattern solved, without and with relaxation.

    Attributes:
        name: of the sample and the potential.
        potential: its name.
        before, after: rank of a right crystal; 0 where there is none.
        rms_before_A, rms_after_A: of the atoms of the first right crystal to the true ones; None without one.
        refined_anew: of the crystals given, those whose refinement began where the relaxation ended.
        seconds: of processor time from solved crystals to the relaxed ones, refined and ranked.
    """

    name: str
    potential: str
    before: int
    after: int
    rms_before_A: float | None
    rms_after_A: float | None
    refined_anew: int
    seconds: float


def outcomes_of(
    library: TemplateLibrary,
    sample: SolvingSample,
    potentials: Sequence[Potential],
    seconds: float,
    folder: Path,
) -> list[RelaxedOutcome]:
    """Solve a pattern once, and relax what was found by each of some potentials.

    Args:
        library: of an index; no template of it is used.
        sample: the pattern.
        potentials: those that relax.
        seconds: of wall time for the search.
        folder: where the search is kept between them.
    """
    none = np.zeros(len(library.rows), np.bool_)

    def answer(relaxation: Relaxation | None) -> Inference:
        return infer(
            library, sorted(sample.formula), sample.pattern, templates=none, formula=sample.formula,
            solve_seconds=seconds, relaxation=relaxation, top=TOP, threads=1, kept=Checkpoint(folder),
        )  # fmt: skip

    before = answer(None).candidates
    found = []
    for potential in potentials:
        began = process_time()
        relaxed = answer(Relaxation(TOP, potential, MOST_SECONDS))
        used, after = process_time() - began, relaxed.candidates
        ranks = _rank(before, sample), _rank(after, sample)
        sizes = _rms_A(before, ranks[0], sample), _rms_A(after, ranks[1], sample)
        anew = sum("prefers the refinement" in " ".join(one.assumptions) for one in after)
        name = f"{sample.name} {potential.value}"
        found.append(RelaxedOutcome(name, potential.value, *ranks, *sizes, anew, used))
    return found


def _rank(candidates: Sequence[Candidate], sample: SolvingSample) -> int:
    return next((one.rank for one in candidates if is_right(one.crystal, sample)), 0)


def _rms_A(candidates: Sequence[Candidate], rank: int, sample: SolvingSample) -> float | None:
    """Root mean square distance of the atoms to those of the nearest true crystal, both of one volume."""
    from pymatgen.core.structure_matcher import StructureMatcher

    if not rank:
        return None
    candidate = candidates[rank - 1]
    matcher, structure = StructureMatcher(), candidate.crystal.to_structure()
    found = [matcher.get_rms_dist(structure, true.to_structure()) for true in sample.crystals]
    shares = [float(one[0]) for one in found if one is not None]
    length_A = (candidate.crystal.volume_A3 / len(candidate.crystal)) ** (1 / 3)
    return min(shares) * length_A if shares else None


def evaluate(
    library: TemplateLibrary,
    patterns: Path,
    structures: Path,
    potentials: Sequence[Potential],
    *,
    report: bool = True,
    limit: int = 24,
    seconds: float = 30.0,
    log: Path | None = None,
    say: Callable[[RelaxedOutcome], None] | None = None,
) -> dict[str, Any]:
    """Solve some patterns without and with relaxation.

    Args:
        library: see `outcomes_of`.
        patterns, structures: see `samples_of`.
        potentials: those that relax.
        report: the half of formulas that figures are reported on, or the other one.
        limit: how many patterns at most.
        seconds: of wall time for each search.
        log: keeps outcomes; a later run goes on from there.
        say: called with each outcome.
    """
    kept = OutcomeLog(log, lambda stored: RelaxedOutcome(**stored), lambda one: one.name)
    found: list[RelaxedOutcome] = []
    for count, sample in enumerate(samples_of(patterns, structures, report)):
        if count == limit:
            break
        names = [f"{sample.name} {potential.value}" for potential in potentials]
        if all(name in kept.done for name in names):
            outcomes = [kept.done[name] for name in names]
        else:
            with TemporaryDirectory() as folder:
                outcomes = outcomes_of(library, sample, potentials, seconds, Path(folder))
        for outcome in outcomes:
            kept.add(outcome)
            if say is not None:
                say(outcome)
        found += outcomes
    return {
        "seconds_search": seconds,
        **{one.value: figures([outcome for outcome in found if outcome.potential == one]) for one in potentials},
    }


def figures(found: Sequence[RelaxedOutcome]) -> dict[str, Any]:
    """Shares of right crystals before and after, and how far their atoms are from the true ones."""
    pairs = [
        (one.rms_before_A, one.rms_after_A)
        for one in found
        if one.rms_before_A is not None and one.rms_after_A is not None
    ]
    sizes = np.array(pairs, np.float64).reshape(-1, 2)
    shares = {
        f"{when}_top{k}": float(np.mean([0 < getattr(one, when) <= k for one in found])) if found else 0.0
        for when in ("before", "after")
        for k in (1, 5)
    }
    return {
        "n": len(found),
        **shares,
        "better": sum((one.after or 99) < (one.before or 99) for one in found),
        "worse": sum((one.after or 99) > (one.before or 99) for one in found),
        "n_rms": len(sizes),
        "rms_before_A": float(np.median(sizes[:, 0])) if len(sizes) else 0.0,
        "rms_after_A": float(np.median(sizes[:, 1])) if len(sizes) else 0.0,
        "seconds_p50": float(np.median([one.seconds for one in found])) if found else 0.0,
    }
