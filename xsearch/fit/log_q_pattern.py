"""Patterns and reflections on the log-q axis, where a change of volume is a shift."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.fit.settings import LOG_Q, LogQSettings
from xsearch.preprocess.axis import SCREENING_AXIS
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.line_kernels import LARGEST_SINE

START, STEP, N_BINS = SCREENING_AXIS.start, SCREENING_AXIS.step, SCREENING_AXIS.bins
"""Of `SCREENING_AXIS`, for the compiled loops."""


@dataclass(frozen=True, slots=True, eq=False)
class LogQPattern:
    """A pattern as the fits see it: smoothed to each width of `settings.smoothings`, compressed, centred.

    Attributes:
        bins: (N_BINS,) intensity above the background, nan where the pattern does not reach.
        rows: (smoothings, N_BINS) float64, of unit length and mean 0 over the covered bins, 0 outside.
        cuts: (smoothings, N_BINS) where the compression sets in, in the units of `bins`.
        total: sum of the intensities covered.
        low, high: first and one past the last covered bin.
        wavelength_A, polarisation, fwhm_deg: of the pattern and of its lines.
        spread: logarithm of the number of bins that hold the pattern (its participation ratio): many lines tell more
            than a few.
        settings: that it was made with.
    """

    bins: NDArray[np.float64]
    rows: NDArray[np.float64]
    cuts: NDArray[np.float64]
    total: float
    low: int
    high: int
    wavelength_A: float
    polarisation: float
    fwhm_deg: float
    spread: float
    settings: LogQSettings = LOG_Q


def log_q_pattern(net: NetPattern, settings: LogQSettings = LOG_Q) -> LogQPattern:
    """A net pattern ready for thousands of comparisons.

    Raises:
        SpectrumError: where it covers too short a range.
    """
    bins = binned(net.two_theta_deg, net.excess, net.wavelength_A)
    covered = np.flatnonzero(np.isfinite(bins))
    low, high = int(covered[0]), int(covered[-1]) + 1
    rows, cuts = np.zeros((2, len(settings.smoothings), N_BINS))
    for row, cut, width in zip(rows, cuts, settings.smoothings, strict=True):
        smooth = smoothed(bins, width)
        noise = settings.cut_noise * _noise(net, width)
        cut[:] = noise + settings.cut_share * smooth.max()
        row[low:high] = compressed(smooth[low:high], cut[low:high])
        row[low:high] -= row[low:high].mean()
        row /= max(float(np.linalg.norm(row)), 1e-12)
    total = max(float(bins[low:high].sum()), 1e-12)
    fwhm_deg = float(np.clip(net.fwhm_deg, 2 * net.step_deg, 3.0))
    spread = -float(np.log(max((rows[settings.spread_place] ** 4).sum(), 1e-12)))
    return LogQPattern(
        bins, rows, cuts, total, low, high, net.wavelength_A, net.polarisation, fwhm_deg, spread, settings
    )


def compressed(values: NDArray[np.float64], cut: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """The square root of what is far above the cut; what is far below stays in proportion."""
    return values / np.sqrt(np.abs(values) + cut)


def _noise(net: NetPattern, width: float) -> NDArray[np.float64]:
    """(N_BINS,) standard deviation of smoothed bins where there is background alone."""
    q = np.exp(SCREENING_AXIS.values())
    sine = np.minimum(q * net.wavelength_A / (4 * np.pi), LARGEST_SINE)
    bin_deg = np.degrees(2 * STEP * sine / np.sqrt(1 - sine**2))
    # independent points add by their squares; a Gaussian average over w bins is one over 2 √π w of them
    points = np.interp(np.log(q), net.ln_q, net.noise_density)
    return points * np.sqrt(bin_deg / (2 * np.sqrt(np.pi) * max(width / STEP, 0.5)))


def gaussian(sigma: float) -> NDArray[np.float64]:
    """Taps of a Gaussian of standard deviation `sigma` (in ln q), on the grid, out to three of them."""
    reach = max(1, int(np.ceil(3 * sigma / STEP)))
    x = np.arange(-reach, reach + 1) * STEP
    return np.exp(-0.5 * (x / sigma) ** 2)


def binned(
    two_theta_deg: NDArray[np.float64], intensity: NDArray[np.float64], wavelength_A: float
) -> NDArray[np.float64]:
    """Intensity of a pattern integrated into the bins of ln q.

    A line keeps the area that it has in 2θ, so that the bins compare with calculated intensities whatever the angle.

    Returns:
        (N_BINS,) float64, nan where the pattern does not reach.

    Raises:
        SpectrumError: where less than a fifth of a decade in q is measured within the axis.
    """
    theta = np.radians(two_theta_deg / 2)
    inside = theta > 0
    log_q = np.log(4 * np.pi * np.sin(theta[inside]) / wavelength_A)
    position = SCREENING_AXIS.index(log_q)
    width = np.gradient(two_theta_deg[inside]) if inside.sum() > 1 else np.ones(inside.sum())
    cumulative = np.cumsum(intensity[inside] * width)
    edges = np.arange(N_BINS + 1) - 0.5
    at_edges = np.interp(edges, position, cumulative, left=np.nan, right=np.nan)
    out = np.diff(at_edges)
    if np.isfinite(out).sum() * STEP < 0.2 * np.log(10):
        axis = SCREENING_AXIS
        raise SpectrumError(
            f"The pattern covers too little of q = {axis.q_min_invA} to {axis.q_max_invA} 1/Å to tell one structure "
            "from another; a scan over at least 5° to 60° of Cu Kα or its equivalent is needed."
        )
    return out


def smoothed(bins: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """(N_BINS,) the bins convolved with a Gaussian, 0 outside the measured range."""
    known = np.isfinite(bins)
    taps = gaussian(sigma)
    return np.where(known, np.convolve(np.where(known, bins, 0.0), taps / taps.sum(), mode="same"), 0.0)


N_WIDTHS = 28
NARROWEST, WIDEST = 0.0018, 0.03
"""Gaussians of the table, and the standard deviations in ln q of the first and the last."""

WIDTH_RATIO = (WIDEST / NARROWEST) ** (1 / (N_WIDTHS - 1))
"""Of one Gaussian of the table to the one before: 11 %."""


@cache
def tap_table() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Gaussians of unit area from `NARROWEST` to `WIDEST`, each `WIDTH_RATIO` wider than the one before.

    Returns:
        taps (N_WIDTHS, 2 · most + 1), centred; and reach (N_WIDTHS,) in bins.
    """
    widths = NARROWEST * WIDTH_RATIO ** np.arange(N_WIDTHS)
    reach = np.ceil(3 * widths / STEP).astype(np.int64)
    most = int(reach.max())
    table = np.zeros((N_WIDTHS, 2 * most + 1))
    for i, width in enumerate(widths):
        row = gaussian(width)
        table[i, most - reach[i] : most + reach[i] + 1] = row / row.sum()
    return table, reach
