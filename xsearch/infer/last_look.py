"""The best of the close fits once more: refined point by point, atoms and all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from xsearch.infer.counts import counts_of
from xsearch.infer.evidence import close_shares, refined_terms
from xsearch.infer.fitting import SAME_VOLUME, Fitted
from xsearch.infer.refinement import Refined, refine
from xsearch.spectra import PowderPattern

LOOKED_AT = 20
MOST_ALIKE = 3
"""Candidates of one formula, space group and volume that are looked at again; further ones say nothing new."""


def look_again(fitted: Fitted, pattern: PowderPattern, *, threads: int = 2, most: int = LOOKED_AT) -> Fitted:
    """Refine the best of the candidates by their close fits.

    Args:
        fitted: the close fits.
        pattern: that they were fitted to.
        threads: that work on them.
        most: how many are refined.

    Returns:
        The refined ones, with the evidence of `refined_terms` added.
    """
    return refine_all(fitted.taken(_best(fitted, most)), pattern, threads=threads)


def look_at_more(seen: Fitted, more: Fitted, pattern: PowderPattern, *, threads: int = 2, most: int) -> Fitted:
    """The best of some further candidates beside those that were refined before.

    Args:
        seen: refined. more: fitted closely.
        pattern: that both were fitted to.
        threads: that work on them.
        most: how many of the further ones are refined.
    """
    return refine_all(seen.joined(more.taken(_best(more, most))), pattern, threads=threads)


def refine_all(fitted: Fitted, pattern: PowderPattern, *, threads: int) -> Fitted:
    """The candidates with the evidence of `refined_terms`; the first ones may have been refined before."""
    counts = counts_of(pattern)

    def look(place: int) -> Refined:
        return refine(fitted.reflections[place], fitted.symmetries[place], fitted.fits[place], counts)

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        refined = (*fitted.refined, *pool.map(look, range(len(fitted.refined), len(fitted.fits))))
    points = counts.independent * len(counts.excess)
    more = refined_terms(refined, fitted.proposals.coefficients, points, [bool(told) for told in fitted.changes])
    return replace(fitted, evidence=np.hstack([fitted.evidence, more]), refined=refined)


def _best(fitted: Fitted, most: int) -> list[int]:
    """The likeliest by the close fits, no more than `MOST_ALIKE` of one formula, space group and volume."""
    alike: dict[tuple[int, ...], int] = {}
    chosen: list[int] = []
    for k in np.argsort(-close_shares(fitted.evidence), kind="stable").tolist():
        symmetry, fit = fitted.symmetries[k], fitted.fits[k]
        per_atom_A3 = symmetry.primitive.volume_A3 / len(symmetry.primitive) * np.exp(3 * fit.strain)
        volume = round(float(np.log(per_atom_A3)) / SAME_VOLUME)
        kind = (symmetry.number, volume, *fitted.proposals.coefficients[k].tolist())
        alike[kind] = alike.get(kind, 0) + 1
        if alike[kind] <= MOST_ALIKE:
            chosen.append(k)
        if len(chosen) == most:
            break
    return chosen
