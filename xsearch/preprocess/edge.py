"""The edge that is found in a spectrum."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.errors import SpectrumError

GRID_eV = 0.25
RISE_BEFORE_eV, RISE_AFTER_eV = 20.0, 30.0
RISE_TOP = 0.9
SMOOTHING_eV = 1.0
SEARCH_eV = (-45.0, 60.0)
BEFORE_eV, AFTER_eV = 30.0, 30.0
"""How far the levels below and above a rise are taken from it."""
CLEAR_OF_EDGE_eV = 12.0
"""So far below the tabulated edge no spectrum has begun to rise."""
FLAT = 1e-9
LEAST_SHARE = 0.3
"""An edge rises by at least this share of the spectrum's whole range."""
LOWEST_HEIGHT, HIGHEST_HEIGHT = 0.1, 2.5
"""Share of the edge step at which the steepest rise may lie; strong white lines rise steeply beyond the step."""


@lru_cache(maxsize=512)
def core_hole_width(absorber: str, edge: str) -> float:
    """Natural width of the core level in eV (Krause and Oliver 1979, Keski-Rahkonen and Krause 1974; xraydb)."""
    import xraydb

    return float(xraydb.core_width(absorber, "L3" if edge == "L2,3" else edge))


def find_e0(
    energy_eV: NDArray[np.float64],
    mu: NDArray[np.float64],
    near_eV: float | None = None,
    smoothing_eV: float = SMOOTHING_eV,
) -> float:
    """The edge energy: the steepest rise of the smoothed spectrum that is not the foot of a pre-edge peak.

    A rise counts as pre-edge where the spectrum afterwards falls back below it: a white line never falls to half
    of the edge step, while the 1s-3d peak of a tetrahedral site, which can be steeper than the edge, does.

    Args:
        energy_eV: (n,) ascending.
        mu: (n,), any scale and background.
        near_eV: search only around this energy (tabulated edge); all of the spectrum if None.
        smoothing_eV: standard deviation of the Gaussian that is laid over the spectrum first.

    Returns:
        E0 in eV, between the grid points by a parabola through the derivative's maximum.

    Raises:
        SpectrumError: where nothing rises like an edge.
    """
    low, high = energy_eV[0], energy_eV[-1]
    if near_eV is not None:
        low, high = max(low, near_eV + SEARCH_eV[0]), min(high, near_eV + SEARCH_eV[1])
    if high - low < 8:
        raise SpectrumError(
            f"The spectrum covers {energy_eV[0]:.0f} to {energy_eV[-1]:.0f} eV; its edge is expected near "
            f"{near_eV or (low + high) / 2:.0f} eV. Check absorber, edge and the energy unit."
        )
    grid = np.arange(low, high, GRID_eV)
    smooth = scipy.ndimage.gaussian_filter1d(
        np.interp(grid, energy_eV, _level(energy_eV, mu, near_eV)), smoothing_eV / GRID_eV, mode="nearest"
    )
    if np.ptp(smooth) < FLAT * max(float(np.abs(mu).max()), 1e-300):
        raise SpectrumError("No absorption edge: the spectrum is flat.")
    slope = np.gradient(smooth, GRID_eV)
    inner = slope[1:-1]
    rises = np.flatnonzero((inner >= slope[:-2]) & (inner > slope[2:]) & (inner > 0)) + 1
    edges = [int(p) for p in rises if _stays_up(smooth, int(p))]
    if not edges:
        raise SpectrumError("No absorption edge: nothing in the spectrum rises and stays up.")
    best = max(edges, key=lambda p: slope[p])
    left, middle, right = slope[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(grid[best] + (0.5 * GRID_eV * (left - right) / bend if bend < 0 else 0.0))


def edge_centre(energy_eV: NDArray[np.float64], mu: NDArray[np.float64], e0_eV: float) -> float:
    """The mean energy of the rise: where each height from 0 to 0.9 edge steps is first reached, averaged.

    The steepest point jumps from one shoulder of a rise to another when a spectrum changes a little; this integral
    (in the manner of Capehart et al., J. Mater. Res. 10 (1995) 305) moves smoothly, and bears noise. Windows are
    centred on it.

    Args:
        energy_eV: (n,) ascending.
        mu: (n,) normalised to an edge step of one.
        e0_eV: the steepest rise, near which the centre is looked for.
    """
    grid = np.arange(max(energy_eV[0], e0_eV - RISE_BEFORE_eV), min(energy_eV[-1], e0_eV + RISE_AFTER_eV), GRID_eV)
    smooth = scipy.ndimage.gaussian_filter1d(np.interp(grid, energy_eV, mu), SMOOTHING_eV / GRID_eV, mode="nearest")
    top = min(RISE_TOP, float(smooth.max()))
    height = np.minimum(np.maximum.accumulate(np.maximum(smooth, 0.0)), top)
    return float(grid[-1] - height.sum() * GRID_eV / top)


def _level(energy_eV: NDArray[np.float64], mu: NDArray[np.float64], near_eV: float | None) -> NDArray[np.float64]:
    """(n,) spectrum with the slope of its pre-edge taken out, where a pre-edge is there to tell it."""
    if near_eV is None:
        return mu
    before = energy_eV < near_eV - CLEAR_OF_EDGE_eV
    if before.sum() < 4 or np.ptp(energy_eV[before]) < 15:
        return mu
    return mu - np.polyval(np.polyfit(energy_eV[before], mu[before], 1), energy_eV)


def _stays_up(smooth: NDArray[np.float64], rise: int) -> bool:
    """Whether a rise leads from the level before it to a higher one, without falling back on the way."""
    far, near, after = (int(width / GRID_eV) for width in (BEFORE_eV, 4.0, AFTER_eV))
    before = float(np.min(smooth[max(0, rise - far) : max(1, rise - near)]))
    later = smooth[rise + near : rise + after]
    if len(later) < near:
        return False
    step = float(np.median(later)) - before
    if step < LEAST_SHARE * float(np.ptp(smooth)):
        return False
    height = (float(smooth[rise]) - before) / step
    return LOWEST_HEIGHT < height < HIGHEST_HEIGHT and float(later.min()) > before + min(height, 0.5) * step
