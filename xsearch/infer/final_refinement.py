"""Final refinement: the likeliest strain-fitted candidates refined point by point, their atoms too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from xsearch.fit.rietveld import Refined, refine
from xsearch.infer.evidence import fitted_shares
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import RefinedCandidate, TrialCandidate


def refine_best(
    task: InferenceTask, candidates: Sequence[TrialCandidate], most: int, refined: Sequence[TrialCandidate] = ()
) -> list[RefinedCandidate]:
    """Refine the likeliest candidates, the likeliest first.

    Args:
        task: the pattern.
        candidates: after their strain fits.
        most: how many are refined.
        refined: others that were refined before; what leads to the same fit is not refined once more.
    """
    most_alike, width = task.settings.final_refinement.most_alike, task.settings.same_volume
    known = {_outcome(candidate) for candidate in refined}
    alike: Counter[tuple[int, ...]] = Counter()
    chosen: list[TrialCandidate] = []
    for k in np.argsort(-fitted_shares(candidates), kind="stable").tolist():
        candidate = candidates[k]
        if _outcome(candidate) in known:
            continue
        kind = (*candidate.kind, candidate.volume_bin(width))
        alike[kind] += 1
        if alike[kind] <= most_alike:
            chosen.append(candidate)
        if len(chosen) == most:
            break
    return refine_all(task, chosen)


def refine_all(task: InferenceTask, candidates: Sequence[TrialCandidate]) -> list[RefinedCandidate]:
    """Every candidate refined against the points of the pattern."""

    def refined(one: TrialCandidate) -> Refined:
        return refine(one.reflections, one.symmetry, one.fit, task.prepared.points)

    found = task.run(refined, candidates)
    return [RefinedCandidate.of(one, result) for one, result in zip(candidates, found, strict=True)]


def _outcome(candidate: TrialCandidate) -> tuple[float | tuple[int, ...], ...]:
    """Entry, elements, formula, space group and fit: equal where two starts led to one end."""
    proposal = candidate.proposal
    return proposal.row, proposal.targets, *candidate.kind, round(candidate.correlation, 2)
