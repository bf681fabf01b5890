"""The lines of a powder pattern by their positions, from which a cell can be found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.indexing.settings import DEFAULTS, LineSettings
from xsearch.preprocess.powder import NetPattern
from xsearch.spectra.radiation import LINES_A


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


def find_lines(pattern: NetPattern, settings: LineSettings = DEFAULTS.lines) -> Lines:
    """Find the lines of a pattern: its maxima, placed by a parabola through the logarithm of their tops."""
    noise = settings.least_noise * pattern.noise
    peaks, found = scipy.signal.find_peaks(
        pattern.net, height=np.maximum(settings.least_height, noise), prominence=noise
    )
    peaks = peaks[found["prominences"] > settings.least_rise * found["peak_heights"]]
    reach = max(2, round(settings.top_share * pattern.fwhm_deg / pattern.step_deg))
    at = np.array([_top(pattern, int(peak), reach) for peak in peaks])
    height = pattern.excess[peaks]
    second = _is_kalpha2(at, height, pattern.wavelength_A, settings)
    error_deg = settings.fixed_error_deg + settings.width_error * pattern.fwhm_deg
    return Lines(at[~second], height[~second], error_deg, pattern.wavelength_A)


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


def _is_kalpha2(
    at_deg: NDArray[np.float64], height: NDArray[np.float64], wavelength_A: float, settings: LineSettings
) -> NDArray[np.bool_]:
    """(n,) whether a line is another one's Kα2."""
    out = np.zeros(len(at_deg), bool)
    reach_A, (least, most) = settings.same_wavelength_A, settings.kalpha2_heights
    ratio = next((two / one for one, two, _ in LINES_A.values() if one - reach_A < wavelength_A < two), None)
    if ratio is None:
        return out
    for i in range(1, len(at_deg)):
        sine = np.sin(np.radians(at_deg[i - 1] / 2)) * ratio
        there = 2 * np.degrees(np.arcsin(min(sine, 1.0)))
        apart = there - at_deg[i - 1]
        share = height[i] / height[i - 1]
        out[i] = abs(at_deg[i] - there) < 0.25 * apart and least < share < most
    return out
