"""Counting noise of a measured pattern: how much the counts at each angle scatter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.settings import setting
from xsearch.spectra.powder import PowderPattern

Array = NDArray[np.float64]

BY_HAND = "set by hand"


@dataclass(frozen=True, slots=True)
class CountingSettings:
    """How the noise of a pattern is found where the file does not state it."""

    block_points: int = setting(41, "points", f"{BY_HAND}: in which one level and one scatter are taken")
    counts_agree: float = setting(
        2.0, "1", f"{BY_HAND}: whole numbers that scatter by so much more or less than counts are scaled ones"
    )
    few_counts: float = setting(5.0, "counts", f"{BY_HAND}: whole numbers as low as that are taken for counts")
    least_noise: float = setting(
        1e-4, "highest point", f"{BY_HAND}: of a point, and the least counts, in smooth curves"
    )
    faintest_share: float = setting(0.3, "typical counts", f"{BY_HAND}: lower counts are no less noisy")
    averaged_points: int = setting(8, "points", f"{BY_HAND}: means over so many show whether a program has smoothed")
    block_means: int = setting(12, "means", f"{BY_HAND}: in which one scatter of means is taken")
    smoothed_ratio: float = setting(6.0, "1", f"{BY_HAND}: of their noise over that of neighbours, where it has")
    largest_ratio: float = setting(200.0, "1", f"{BY_HAND}: the same at most; curves without noise bend")
    sigma_agrees: float = setting(
        4.0, "1", f"{BY_HAND}: points that scatter by so much more than a stated variance say that it is none"
    )
    level_points: int = setting(9, "points", f"{BY_HAND}: over which a stated sigma is compared with the counts")


COUNTING = CountingSettings()

QUIET = 1.5
"""The quietest quarter of blocks scatters so much less than all, by chance."""

MEDIAN_SQUARE = 0.4549
"""Median of the square of a standard normal deviate."""


@dataclass(frozen=True, slots=True, eq=False)
class CountingNoise:
    """Noise that goes with the counts.

    Attributes:
        counts: (n,) not negative: the intensities, shifted where some are below zero.
        gain: (n,) variance of a point over its counts; 1 for counts as they were counted.
        least: counts below which the noise does not fall.
    """

    counts: Array
    gain: Array
    least: float


def counting_noise(pattern: PowderPattern, settings: CountingSettings = COUNTING) -> CountingNoise:
    """The noise of a pattern: as the file states it, of counts as they are, or as neighbouring points scatter."""
    counts = pattern.intensity - min(0.0, float(pattern.intensity.min()))
    least = max(settings.faintest_share * float(np.median(counts)), settings.least_noise * float(counts.max()))
    if pattern.sigma is not None:
        kernel = np.ones(settings.level_points) / settings.level_points
        level = np.convolve(np.pad(counts, settings.level_points // 2, mode="edge"), kernel, mode="valid")
        stated = pattern.sigma**2 / np.maximum(level, least)
        scatter = scatter_over_counts(counts, settings) / float(np.median(stated))
        return CountingNoise(counts, stated * (scatter if scatter > settings.sigma_agrees else 1.0), least)
    gain = scatter_over_counts(counts, settings)
    if _are_whole(pattern.intensity) and (
        float(np.median(counts)) < settings.few_counts or 1 / settings.counts_agree < gain < settings.counts_agree
    ):
        return CountingNoise(counts, np.ones(len(counts)), max(least, settings.faintest_share))
    smallest = (settings.least_noise * float(counts.max())) ** 2
    gain *= smoothing_factor(counts, settings)
    return CountingNoise(counts, np.full(len(counts), max(gain, smallest / least)), least)


def scatter_over_counts(counts: Array, settings: CountingSettings = COUNTING) -> float:
    """Variance of points over their counts, as second differences of neighbours show it."""
    variance, level = _scatter(counts, settings.block_points), _blocks(counts[1:-1], settings.block_points)
    lit = level > 0
    return float(np.median(variance[lit] / level[lit])) if lit.any() else 0.0


def smoothing_factor(counts: Array, settings: CountingSettings = COUNTING) -> float:
    """How much larger the noise of an average is than neighbouring points show, 1 unless a program has smoothed.

    Means over `averaged_points` of points that were not smoothed scatter as much less as they are many. Lines bend the
    counts over such a distance too, so that the quietest quarter of the pattern decides.
    """
    size = settings.averaged_points
    means = counts[: len(counts) // size * size].reshape(-1, size).mean(axis=1)
    if len(means) < 4 * settings.block_means:
        return 1.0
    far = size * _scatter(means, settings.block_means)
    near = _scatter(counts, size * settings.block_means)
    both = min(len(far), len(near))
    far, near = far[:both], near[:both]
    quiet = far <= np.percentile(far, 25)
    neighbours, distant = float(np.median(near[quiet])), float(np.median(far[quiet]))
    if neighbours <= 0 or distant < settings.smoothed_ratio * neighbours:
        return 1.0
    return min(QUIET * distant / neighbours, settings.largest_ratio)


def _scatter(values: Array, size: int) -> Array:
    """(blocks,) variance of values, by the median of second differences in blocks of so many."""
    return _blocks((values[:-2] - 2 * values[1:-1] + values[2:]) ** 2 / 6, size) / MEDIAN_SQUARE


def _blocks(values: Array, size: int) -> Array:
    """(blocks,) medians of values in blocks of so many."""
    size = min(size, len(values))
    kept = len(values) // size * size
    return np.asarray(np.median(values[:kept].reshape(-1, size), axis=1))


def _are_whole(intensity: Array) -> bool:
    """Whether intensities are counts: whole numbers, not below zero, and not all multiples of one above 1."""
    if intensity.min() < 0 or intensity.max() > 2**53 or (intensity != np.rint(intensity)).any():
        return False
    return bool(np.gcd.reduce(intensity.astype(np.int64)) == 1)
