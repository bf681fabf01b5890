"""The edge that is found in a spectrum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.settings import setting

BY_HAND = "set by hand"
CHECKED = f"{BY_HAND}; 85 % of E0 of xas_measured.parquet lie within 1.5 eV (tests/preprocess/test_xanes.py)"


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """How the edge is found in a spectrum."""

    grid_eV: float = setting(0.25, "eV", BY_HAND)
    smoothing_eV: float = setting(1.0, "eV", f"standard deviation of a Gaussian; {CHECKED}")
    search_eV: tuple[float, float] = setting((-45.0, 60.0), "eV", f"around the tabulated edge; {BY_HAND}")
    least_range_eV: float = setting(8.0, "eV", f"of a scan in that range; {BY_HAND}")
    level_width_eV: float = setting(30.0, "eV", f"where the levels below and above a rise are taken; {CHECKED}")
    level_gap_eV: float = setting(4.0, "eV", f"between a rise and these levels; {CHECKED}")
    clear_of_edge_eV: float = setting(12.0, "eV", f"so far below the tabulated edge no spectrum rises; {BY_HAND}")
    least_step: float = setting(0.3, "of the spectrum's range", f"that an edge rises by; {CHECKED}")
    heights: tuple[float, float] = setting(
        (0.1, 2.5), "edge steps", f"where the steepest rise may lie, white lines above the step; {CHECKED}"
    )
    least_after: float = setting(0.5, "edge steps", f"{BY_HAND}: to which a spectrum may fall after its rise")
    soft_below_eV: float = setting(1000.0, "eV", f"{BY_HAND}: edges whose bands are narrow, with deep gaps")
    least_after_soft: float = setting(0.2, "edge steps", f"{BY_HAND}: as `least_after`, of soft edges")
    least_step_of_white_line: float = setting(0.05, "of the spectrum's range", f"{BY_HAND}: where no rise has 0.3")
    heights_of_white_line: tuple[float, float] = setting((0.1, 12.0), "edge steps", f"{BY_HAND}: where no rise fits")
    smoothing_of_white_line_eV: float = setting(0.4, "eV", f"standard deviation of a Gaussian; {BY_HAND}")
    first_inflection_eV: float = setting(2.5, "eV", f"from the tabulated edge, that of the metal: {BY_HAND}")
    first_inflection: float = setting(0.85, "of the steepest slope", f"{BY_HAND}: about as steep as the steepest")
    background_eV: float = setting(200.0, "eV", f"below the edge, whose slope is taken out; {BY_HAND}")
    centre_range_eV: tuple[float, float] = setting((-20.0, 30.0), "eV", f"around E0; {BY_HAND}")
    centre_top: float = setting(0.9, "edge steps", f"{BY_HAND}: below the white line")


EDGE = EdgeSettings()

FLAT = 1e-9
"""Range of a spectrum, relative to its largest value, that is rounding; a numerical tolerance."""


@lru_cache(maxsize=512)
def core_hole_width(absorber: str, edge: str) -> float:
    """Natural width of the core level in eV (Krause and Oliver 1979, Keski-Rahkonen and Krause 1974; xraydb)."""
    import xraydb

    return float(xraydb.core_width(absorber, "L3" if edge == "L2,3" else edge))


def find_e0(
    energy_eV: NDArray[np.float64],
    mu: NDArray[np.float64],
    near_eV: float | None = None,
    settings: EdgeSettings = EDGE,
) -> float:
    """The edge energy: the steepest rise of the smoothed spectrum that is not the foot of a pre-edge peak.

    A rise counts as pre-edge where the spectrum afterwards falls back below it: a white line never falls to half
    of the edge step, while the 1s-3d peak of a tetrahedral site, which can be steeper than the edge, does.

    Args:
        energy_eV: (n,) ascending.
        mu: (n,), any scale and background.
        near_eV: search only around this energy (tabulated edge); all of the spectrum if None.
        settings: of the search.

    Returns:
        E0 in eV, between the grid points by a parabola through the derivative's maximum.

    Raises:
        SpectrumError: where nothing rises like an edge.
    """
    low, high = energy_eV[0], energy_eV[-1]
    if near_eV is not None:
        low, high = max(low, near_eV + settings.search_eV[0]), min(high, near_eV + settings.search_eV[1])
    if high - low < settings.least_range_eV:
        raise SpectrumError(
            f"The spectrum covers {energy_eV[0]:.0f} to {energy_eV[-1]:.0f} eV; its edge is expected near "
            f"{near_eV or (low + high) / 2:.0f} eV. Check absorber, edge and the energy unit."
        )
    if near_eV is not None and near_eV < settings.soft_below_eV:
        settings = replace(settings, least_after=settings.least_after_soft)
    grid = np.arange(low, high, settings.grid_eV)
    smooth = _smoothed(grid, energy_eV, _without_slope(energy_eV, mu, near_eV, settings), settings)
    if np.ptp(smooth) < FLAT * max(float(np.abs(mu).max()), 1e-300):
        raise SpectrumError("No absorption edge: the spectrum is flat.")
    slope = np.gradient(smooth, settings.grid_eV)
    inner = slope[1:-1]
    rises = np.flatnonzero((inner >= slope[:-2]) & (inner > slope[2:]) & (inner > 0)) + 1
    edges = [int(p) for p in rises if _stays_up(smooth, int(p), settings)]
    if not edges:
        white_line = replace(
            settings,
            least_step=settings.least_step_of_white_line,
            heights=settings.heights_of_white_line,
            smoothing_eV=settings.smoothing_of_white_line_eV,
        )
        # a strong white line is narrow: smoothing would move its rise down
        smooth = _smoothed(grid, energy_eV, _without_slope(energy_eV, mu, near_eV, settings), white_line)
        slope = np.gradient(smooth, settings.grid_eV)
        inner = slope[1:-1]
        rises = np.flatnonzero((inner >= slope[:-2]) & (inner > slope[2:]) & (inner > 0)) + 1
        edges = [int(p) for p in rises if _stays_up(smooth, int(p), white_line)]
    if not edges:
        raise SpectrumError("No absorption edge: nothing in the spectrum rises and stays up.")
    best = max(edges, key=lambda p: slope[p])
    if near_eV is not None:
        best = _first_inflection(grid, slope, edges, best, near_eV, settings)
    left, middle, right = slope[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(grid[best] + (0.5 * settings.grid_eV * (left - right) / bend if bend < 0 else 0.0))


def _first_inflection(
    grid: NDArray[np.float64],
    slope: NDArray[np.float64],
    edges: list[int],
    steepest: int,
    near_eV: float,
    settings: EdgeSettings,
) -> int:
    """The first inflection of a metal, which lies at the tabulated edge, though a later one be steeper."""
    for rise in edges:
        at_table = abs(grid[rise] - near_eV) <= settings.first_inflection_eV
        steep = slope[rise] >= settings.first_inflection * slope[steepest]
        # a pre-edge peak falls before the edge rises, a metal's shoulder does not
        if rise < steepest and at_table and steep and slope[rise:steepest].min() > -FLAT * slope[steepest]:
            return rise
    return steepest


def edge_centre(
    energy_eV: NDArray[np.float64], mu: NDArray[np.float64], e0_eV: float, settings: EdgeSettings = EDGE
) -> float:
    """The mean energy of the rise: where each height from 0 to 0.9 edge steps is first reached, averaged.

    The steepest point jumps from one shoulder of a rise to another when a spectrum changes a little; this integral
    (in the manner of Capehart et al., J. Mater. Res. 10 (1995) 305) moves smoothly, and bears noise. Windows are
    centred on it.

    Args:
        energy_eV: (n,) ascending.
        mu: (n,) normalised to an edge step of one.
        e0_eV: the steepest rise, near which the centre is sought.
        settings: of the search.
    """
    before, after = settings.centre_range_eV
    grid = np.arange(max(energy_eV[0], e0_eV + before), min(energy_eV[-1], e0_eV + after), settings.grid_eV)
    smooth = _smoothed(grid, energy_eV, mu, settings)
    top = min(settings.centre_top, float(smooth.max()))
    height = np.minimum(np.maximum.accumulate(np.maximum(smooth, 0.0)), top)
    return float(grid[-1] - height.sum() * settings.grid_eV / top)


def _smoothed(
    grid: NDArray[np.float64], energy_eV: NDArray[np.float64], mu: NDArray[np.float64], settings: EdgeSettings
) -> NDArray[np.float64]:
    """The spectrum on an even grid, convolved with a Gaussian."""
    sigma = settings.smoothing_eV / settings.grid_eV
    return np.asarray(scipy.ndimage.gaussian_filter1d(np.interp(grid, energy_eV, mu), sigma, mode="nearest"))


def _without_slope(
    energy_eV: NDArray[np.float64], mu: NDArray[np.float64], near_eV: float | None, settings: EdgeSettings
) -> NDArray[np.float64]:
    """(n,) spectrum less the slope of its pre-edge, where that is long enough to have one."""
    if near_eV is None:
        return mu
    distance = near_eV - energy_eV
    before = (distance > settings.clear_of_edge_eV) & (distance < settings.background_eV)
    if before.sum() < 4 or np.ptp(energy_eV[before]) < 15:
        return mu
    return mu - np.polyval(np.polyfit(energy_eV[before], mu[before], 1), energy_eV)


def _stays_up(smooth: NDArray[np.float64], rise: int, settings: EdgeSettings) -> bool:
    """Whether a rise leads from the level before it to a higher one, without falling back on the way."""
    far, near = (int(width / settings.grid_eV) for width in (settings.level_width_eV, settings.level_gap_eV))
    before = float(np.min(smooth[max(0, rise - far) : max(1, rise - near)]))
    later = smooth[rise + near : rise + far]
    if len(later) < near:
        return False
    step = float(np.median(later)) - before
    if step < settings.least_step * float(np.ptp(smooth)):
        return False
    height = (float(smooth[rise]) - before) / step
    lowest, highest = settings.heights
    return lowest < height < highest and float(later.min()) > before + min(height, settings.least_after) * step
