"""Patterns and reflections on the log-q axis, where a change of volume is a shift."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError

STEP = 0.0025
"""Width of a bin in ln q: a quarter of a per cent of lattice."""

LOWEST_Q, HIGHEST_Q = 0.35, 6.0
"""In 1/Å; Cu Kα from 5° to 95° lies within."""

N_BINS = int(np.ceil(np.log(HIGHEST_Q / LOWEST_Q) / STEP))
POWER = 0.5
"""Exponent on intensities: strong lines must not decide alone, since texture and substitution change them."""


def gaussian(sigma: float) -> NDArray[np.float64]:
    """Taps of a Gaussian of standard deviation `sigma` (in ln q), on the grid, out to three of them."""
    reach = max(1, int(np.ceil(3 * sigma / STEP)))
    x = np.arange(-reach, reach + 1) * STEP
    return np.exp(-0.5 * (x / sigma) ** 2)


def binned(two_theta_deg: NDArray[np.float64], net: NDArray[np.float64], wavelength_A: float) -> NDArray[np.float64]:
    """Net intensity of a pattern integrated into the bins of ln q.

    A line keeps the area that it has in 2θ, so that the bins compare with calculated intensities whatever the angle.

    Returns:
        (N_BINS,) float64, nan where the pattern does not reach.

    Raises:
        SpectrumError: where less than a fifth of a decade in q is measured within the axis.
    """
    theta = np.radians(two_theta_deg / 2)
    inside = theta > 0
    log_q = np.log(4 * np.pi * np.sin(theta[inside]) / wavelength_A)
    position = (log_q - np.log(LOWEST_Q)) / STEP
    width = np.gradient(two_theta_deg[inside]) if inside.sum() > 1 else np.ones(inside.sum())
    cumulative = np.cumsum(net[inside] * width)
    edges = np.arange(N_BINS + 1) - 0.5
    at_edges = np.interp(edges, position, cumulative, left=np.nan, right=np.nan)
    out = np.diff(at_edges)
    if np.isfinite(out).sum() * STEP < 0.2 * np.log(10):
        raise SpectrumError(
            f"The pattern covers too little of q = {LOWEST_Q} to {HIGHEST_Q} 1/Å to tell one structure from another; "
            "a scan over at least 5° to 60° of Cu Kα or its equivalent is needed."
        )
    return out


def smoothed(bins: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """The bins convolved with a Gaussian and brought to `POWER`; negative values count as nothing.

    Returns:
        (N_BINS,) float64, 0 outside the measured range.
    """
    known = np.where(np.isfinite(bins), bins, 0.0)
    taps = gaussian(sigma)
    return np.maximum(np.convolve(known, taps / taps.sum(), mode="same"), 0.0) ** POWER


N_WIDTHS = 28
NARROWEST, WIDEST = 0.0018, 0.03
WIDTH_RATIO = (WIDEST / NARROWEST) ** (1 / (N_WIDTHS - 1))


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
