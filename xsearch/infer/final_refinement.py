"""The best of the close fits once more: refined point by point, atoms and all."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from xsearch.fit.points import PatternPoints
from xsearch.fit.prepared_pattern import prepare
from xsearch.fit.rietveld import Refined, refine
from xsearch.infer.evidence import CLOSE_TERMS, FIT_PLACE, close_shares, refined_terms
from xsearch.infer.refinement import SAME_VOLUME, Fitted
from xsearch.spectra import PowderPattern

LOOKED_AT = 20
MOST_ALIKE = 3
"""Candidates of one formula, space group and volume that are looked at again; further ones say nothing new."""


def look_again(
    fitted: Fitted,
    pattern: PowderPattern,
    *,
    threads: int = 2,
    most: int = LOOKED_AT,
    seen: Fitted | None = None,
) -> Fitted:
    """Refine the best of the candidates.

    Args:
        fitted: the close fits.
        pattern: that they were fitted to.
        threads: that work on them.
        most: how many are refined.
        seen: others that were refined before; they are not refined once more.

    Returns:
        The refined ones, with the evidence of `refined_terms` added; those seen before stand first.
    """
    counts = prepare(pattern).points
    chosen = refined(fitted.taken(_best(fitted, most, seen)), counts, threads)
    if seen is not None:
        chosen = seen.joined(chosen)
    return with_refined_terms(chosen, counts)


def refined(fitted: Fitted, counts: PatternPoints, threads: int) -> Fitted:
    """The same candidates, each refined against the points of a pattern."""

    def look(place: int) -> Refined:
        return refine(fitted.reflections[place], fitted.symmetries[place], fitted.fits[place], counts)

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        return replace(fitted, refined=tuple(pool.map(look, range(len(fitted.fits)))))


def with_refined_terms(fitted: Fitted, counts: PatternPoints) -> Fitted:
    """Refined candidates with the evidence of `refined_terms`, whether they had some before or not."""
    points = counts.independent * len(counts.excess)
    changed = [bool(told) for told in fitted.changes]
    more = refined_terms(fitted.refined, fitted.proposals.coefficients, points, changed)
    return replace(fitted, evidence=np.hstack([fitted.evidence[:, : len(CLOSE_TERMS)], more]))


def _best(fitted: Fitted, most: int, seen: Fitted | None) -> list[int]:
    """The likeliest by the close fits, no more than `MOST_ALIKE` of one formula, space group and volume."""
    alike: Counter[tuple[int, ...]] = Counter()
    refined = set(_outcomes(seen)) if seen is not None else set()
    outcomes = _outcomes(fitted)
    chosen: list[int] = []
    for k in np.argsort(-close_shares(fitted.evidence), kind="stable").tolist():
        symmetry, fit = fitted.symmetries[k], fitted.fits[k]
        per_atom_A3 = symmetry.primitive.volume_A3 / len(symmetry.primitive) * np.exp(3 * fit.strain)
        volume = round(float(np.log(per_atom_A3)) / SAME_VOLUME)
        kind = (symmetry.number, volume, *fitted.proposals.coefficients[k].tolist())
        alike[kind] += outcomes[k] not in refined
        if outcomes[k] not in refined and alike[kind] <= MOST_ALIKE:
            chosen.append(k)
        if len(chosen) == most:
            break
    return chosen


def _outcomes(fitted: Fitted) -> list[tuple[float, ...]]:
    """Entry, elements, formula, space group and fit of each: equal where two starts led to one end."""
    made = np.column_stack([fitted.proposals.row, fitted.proposals.targets, fitted.proposals.coefficients])
    ends = [
        (symmetry.number, round(fit.correlation[FIT_PLACE], 2))
        for symmetry, fit in zip(fitted.symmetries, fitted.fits, strict=True)
    ]
    return [(*how, *end) for how, end in zip(made.tolist(), ends, strict=True)]
