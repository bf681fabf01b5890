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
    smoothed_points: int = setting(4, "points", f"{BY_HAND}: distance at which smoothed points scatter more")
    smoothed_ratio: float = setting(3.0, "1", f"{BY_HAND}: of the variance there over that of neighbours")
    largest_ratio: float = setting(50.0, "1", f"{BY_HAND}: the same at most; curves without noise bend")
    level_points: int = setting(9, "points", f"{BY_HAND}: over which a stated sigma is compared with the counts")


COUNTING = CountingSettings()

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
        return CountingNoise(counts, pattern.sigma**2 / np.maximum(level, least), least)
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
    variance, level = _scatter(counts, 1, settings.block_points)
    lit = level > 0
    return float(np.median(variance[lit] / level[lit])) if lit.any() else 0.0


def smoothing_factor(counts: Array, settings: CountingSettings = COUNTING) -> float:
    """How much larger the noise of an average is than neighbouring points show, 1 unless a program has smoothed.

    Smoothed points differ from their neighbours by less than from those `smoothed_points` away. Lines bend the counts
    over such a distance too, so that the quietest quarter of the pattern decides.
    """
    near, _ = _scatter(counts, 1, settings.block_points)
    far, _ = _scatter(counts, settings.smoothed_points, settings.block_points)
    near = near[: len(far)]  # distant points leave a block less where the last one is nearly full
    quiet = far <= np.percentile(far, 25)
    neighbours, distant = float(np.median(near[quiet])), float(np.median(far[quiet]))
    if neighbours <= 0 or distant < settings.smoothed_ratio * neighbours:
        return 1.0
    return min(distant / neighbours, settings.largest_ratio) * settings.smoothed_points


def _scatter(counts: Array, lag: int, block_points: int) -> tuple[Array, Array]:
    """(blocks,) variance of points by second differences over so many points, and median counts."""
    square = (counts[: -2 * lag] - 2 * counts[lag:-lag] + counts[2 * lag :]) ** 2 / 6
    size = min(block_points, len(square))
    kept = len(square) // size * size
    variance = np.median(square[:kept].reshape(-1, size), axis=1) / MEDIAN_SQUARE
    return variance, np.median(counts[lag : kept + lag].reshape(-1, size), axis=1)


def _are_whole(intensity: Array) -> bool:
    """Whether intensities are counts: whole numbers, not below zero, and not all multiples of one above 1."""
    if intensity.min() < 0 or intensity.max() > 2**53 or (intensity != np.rint(intensity)).any():
        return False
    return bool(np.gcd.reduce(intensity.astype(np.int64)) == 1)
