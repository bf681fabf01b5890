"""The lines of a powder pattern by their positions, from which a cell can be found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.preprocess.powder import STEP_DEG, NetPattern
from xsearch.spectra.radiation import LINES_A

LEAST_HEIGHT, LEAST_RISE = 0.004, 0.05
"""A line is so high at least, of the highest; and rises so much of its own height above the valley beside it, since
counting noise makes maxima on the top of a line."""

TOP_SHARE = 0.3
"""The part of a line's width about its top that its position is read from."""

FIXED_ERROR_DEG, WIDTH_ERROR = 0.02, 0.10
"""How far off a position may be: a part for the goniometer, and a part of the lines' width."""

NEAR_A = 2e-4
KALPHA2_HEIGHTS = (0.25, 0.75)
"""A line where Kα2 of a higher one must lie is that, where its height is such a share of the other's."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines of a pattern, the longest spacing first.

    Attributes:
        two_theta_deg: (n,) positions, rising.
        height: (n,) above the background, the highest of the pattern 1.
        error_deg: how far off a position may be.
        wavelength_A: that they were measured with.
    """

    two_theta_deg: NDArray[np.float64]
    height: NDArray[np.float64]
    error_deg: float
    wavelength_A: float

    @property
    def inverse_d_sq(self) -> NDArray[np.float64]:
        """(n,) 1 / d² in 1/Å²."""
        return np.asarray(4 * np.sin(np.radians(self.two_theta_deg / 2)) ** 2 / self.wavelength_A**2, np.float64)

    @property
    def inverse_d_sq_error(self) -> NDArray[np.float64]:
        """(n,) what `error_deg` makes of them."""
        slope = 2 * np.sin(np.radians(self.two_theta_deg)) / self.wavelength_A**2
        return np.asarray(slope * np.radians(self.error_deg), np.float64)

    def first(self, count: int) -> Lines:
        """Those with the longest spacings."""
        return Lines(self.two_theta_deg[:count], self.height[:count], self.error_deg, self.wavelength_A)


def find_lines(pattern: NetPattern) -> Lines:
    """Find the lines of a pattern: its maxima, placed by a parabola through the logarithm of their tops."""
    least = max(LEAST_HEIGHT, pattern.noise)
    peaks, found = scipy.signal.find_peaks(pattern.net, height=least, prominence=pattern.noise)
    peaks = peaks[found["prominences"] > LEAST_RISE * found["peak_heights"]]
    reach = max(2, round(TOP_SHARE * pattern.fwhm_deg / STEP_DEG))
    at = np.array([_top(pattern, int(peak), reach) for peak in peaks])
    height = pattern.excess[peaks]
    second = _is_kalpha2(at, height, pattern.wavelength_A)
    return Lines(at[~second], height[~second], FIXED_ERROR_DEG + WIDTH_ERROR * pattern.fwhm_deg, pattern.wavelength_A)


def _top(pattern: NetPattern, peak: int, reach: int) -> float:
    """Angle of the top of the line about one point of the pattern."""
    part = slice(max(peak - reach, 0), peak + reach + 1)
    x, y = pattern.two_theta_deg[part] - pattern.two_theta_deg[peak], pattern.excess[part]
    good = y > 0.2 * pattern.excess[peak]
    if good.sum() < 3:
        return float(pattern.two_theta_deg[peak])
    curve, slope, _ = np.polyfit(x[good], np.log(y[good]), 2)
    shift = -slope / (2 * curve) if curve < 0 else 0.0
    return float(pattern.two_theta_deg[peak] + np.clip(shift, x[0], x[-1]))


def _is_kalpha2(at_deg: NDArray[np.float64], height: NDArray[np.float64], wavelength_A: float) -> NDArray[np.bool_]:
    """(n,) whether a line is another one's Kα2."""
    out = np.zeros(len(at_deg), bool)
    ratio = next((two / one for one, two, _ in LINES_A.values() if one - NEAR_A < wavelength_A < two), None)
    if ratio is None:
        return out
    for i in range(1, len(at_deg)):
        sine = np.sin(np.radians(at_deg[i - 1] / 2)) * ratio
        there = 2 * np.degrees(np.arcsin(min(sine, 1.0)))
        apart = there - at_deg[i - 1]
        share = height[i] / height[i - 1]
        out[i] = abs(at_deg[i] - there) < 0.25 * apart and KALPHA2_HEIGHTS[0] < share < KALPHA2_HEIGHTS[1]
    return out
