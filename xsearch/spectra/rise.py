"""How clearly an absorption rises, and where: what separates an absorption from a counter, a clock or an angle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.settings import setting
from xsearch.spectra.mend import LARGEST

SIMULATED = "set by hand on simulated scans (tests/spectra/test_rise.py)"


@dataclass(frozen=True, slots=True)
class RiseSettings:
    """How a rise is found and judged."""

    width_eV: float = setting(10.0, "eV", f"of the means whose difference is the step, blind to glitches; {SIMULATED}")
    grid_eV: float = setting(0.5, "eV", SIMULATED)
    most_grid_points: int = setting(40_000, "points", "a wider scan is searched on a coarser grid")
    most_points: int = setting(20_000, "points", "of a longer scan every second or third is looked at")
    finest: float = setting(2.5, "finest steps", f"farther apart, points are not at the edge meant; {SIMULATED}")
    level_eV: tuple[float, float] = setting((5.0, 40.0), "eV", f"from a rise, where levels are compared; {SIMULATED}")
    least_kept: float = setting(0.15, "of the step", f"that the level after a rise keeps; {SIMULATED}")
    least_clarity: float = setting(6.0, "standard deviations of the step elsewhere", SIMULATED)
    very_clear: float = setting(50.0, "as above", f"more of it is no reason to prefer an absorption; {SIMULATED}")
    near_eV: float = setting(60.0, "eV", "from a stated edge, where its rise is sought; set by hand")
    stated: float = setting(1.6, "times", f"as clear is a rise that lies at the edge which is stated; {SIMULATED}")
    least_share: float = setting(0.05, "of the spectrum's height above its trend", SIMULATED)
    least_distinct: float = setting(0.2, "of the points", f"values of a measured quantity that differ; {SIMULATED}")


RISE = RiseSettings()


@dataclass(frozen=True, slots=True)
class Rise:
    """The largest step of a spectrum.

    Attributes:
        energy_eV: of the middle of the step.
        step: its height in units of the spectrum.
        clarity: the step over the standard deviation of such steps elsewhere; 0 where it is no edge's.
        prominence: the finest distance of points over that at the step, times the step over the largest of all; 1 at
            the edge that a scan was made for.
    """

    energy_eV: float
    step: float
    clarity: float
    prominence: float = 1.0

    @property
    def is_clear(self) -> bool:
        """Whether the step is an edge's."""
        return self.clarity >= RISE.least_clarity

    @property
    def order(self) -> tuple[float, float]:
        """By which the best of several absorptions of one scan is chosen: it is clear and prominent."""
        return min(self.clarity, RISE.very_clear) * self.prominence, self.clarity


NO_RISE = Rise(float("nan"), 0.0, 0.0)
"""Of what is no spectrum."""


def largest_step(
    energy_eV: NDArray[np.float64],
    mu: NDArray[np.float64],
    edges_eV: Sequence[float] = (),
    settings: RiseSettings = RISE,
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Steps of a spectrum along its energies, and the largest where the points lie densest.

    A scan is finest at the edge that it was made for; further edges in its extended part are passed over.

    Args:
        energy_eV: (n,) strictly ascending.
        mu: (n,) finite.
        edges_eV: look near these only, where any of them is in the scan.
        settings: of the search.

    Returns:
        (m,) energies, (m,) the mean over 10 eV above each less the mean below it, and the index of the largest.
    """
    span = float(energy_eV[-1] - energy_eV[0])
    width = min(settings.width_eV, span / 6)
    spacing = max(settings.grid_eV * min(1.0, span / 30), span / settings.most_grid_points)
    grid = np.arange(energy_eV[0] + width, energy_eV[-1] - width, spacing)
    if len(grid) < 3:
        return energy_eV, np.zeros_like(energy_eV), 0
    here, above, below = (_area_up_to(grid + shift, energy_eV, mu) for shift in (0.0, width, -width))
    steps = (above - 2 * here + below) / width
    fine = _density(grid, energy_eV) * settings.finest >= 1
    near = np.any([np.abs(grid - edge) < settings.near_eV for edge in edges_eV], axis=0) if edges_eV else fine
    fine = near if np.any(near) else fine
    candidates = np.where(fine, steps, -np.inf) if fine.any() else steps
    return grid, steps, int(np.argmax(candidates))


def _area_up_to(
    at: NDArray[np.float64], energy_eV: NDArray[np.float64], mu: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(m,) the area below the line through all points, from the first of them."""
    gaps = np.diff(energy_eV)
    area = np.concatenate([[0.0], np.cumsum(gaps * (mu[1:] + mu[:-1]) / 2)])
    i = np.clip(np.searchsorted(energy_eV, at, side="right") - 1, 0, len(gaps) - 1)
    beyond = at - energy_eV[i]
    return np.asarray(area[i] + mu[i] * beyond + (mu[i + 1] - mu[i]) / gaps[i] * beyond**2 / 2)


def _density(at: NDArray[np.float64], energy_eV: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) the finest distance of points over that at each energy."""
    gaps = np.diff(energy_eV)
    finest = max(float(np.percentile(gaps, 10)), 0.1)
    return finest / np.maximum(np.interp(at, (energy_eV[1:] + energy_eV[:-1]) / 2, gaps), finest)


def judge_rise(
    energy: NDArray[np.float64],
    mu: NDArray[np.float64],
    edges_eV: Sequence[float] = (),
    settings: RiseSettings = RISE,
) -> Rise:
    """The largest step of what may be an absorption, and how clear it is.

    A clear rise is high against the steps elsewhere and against noise, makes up a good part of the whole variation,
    and stays up. What takes few values (preset times, event numbers) is no absorption.

    Args:
        energy: (n,) in eV, in any order, of which some may be missing.
        mu: (n,).
        edges_eV: of the stated absorber; near those that the scan covers alone a rise is its edge.
        settings: of the search.
    """
    thinned = slice(None, None, 1 + len(mu) // settings.most_points)
    energy, mu = energy[thinned], mu[thinned]
    good = (np.abs(energy) < LARGEST) & (np.abs(mu) < LARGEST)
    if good.sum() < 20 or good.sum() < 0.8 * len(mu):
        return NO_RISE
    x, inverse, counts = np.unique(energy[good], return_inverse=True, return_counts=True)
    y = np.bincount(inverse, weights=mu[good]) / counts
    if len(x) < 20 or len(np.unique(mu[good])) < settings.least_distinct * len(x) or _counts_points(mu[good]):
        return NO_RISE
    edges_eV = [edge for edge in edges_eV if x[0] - settings.near_eV < edge < x[-1] + settings.near_eV]
    grid, steps, best = largest_step(x, y, edges_eV, settings)
    step = float(steps[best] - np.median(steps))
    if step <= 0:
        return NO_RISE
    far = np.abs(grid - grid[best]) > 3 * settings.width_eV
    usual = steps[far] if far.sum() > 10 else steps
    spread = 1.4826 * float(np.median(np.abs(usual - np.median(usual))))
    share = step / (float(np.ptp(y - np.polyval(np.polyfit(x - x[0], y, 1), x - x[0]))) + 1e-300)
    clarity = step / (spread + _noise_of_step(x, y, settings) + 1e-9 * float(np.abs(y).max()) + 1e-300)
    clarity *= settings.stated if edges_eV else 1.0
    elsewhere = bool(edges_eV) and min(abs(grid[best] - edge) for edge in edges_eV) > settings.near_eV
    small = share < settings.least_share and not edges_eV
    slope = float(np.median(steps)) / min(settings.width_eV, float(x[-1] - x[0]) / 6)
    if elsewhere or small or not _stays_up(x, y, float(grid[best]), step, slope, settings):
        clarity = 0.0
    prominence = float(_density(grid[best : best + 1], x)[0]) * step / float(np.max(steps) - np.median(steps))
    return Rise(float(grid[best]), step, clarity, prominence)


def _counts_points(mu: NDArray[np.float64]) -> bool:
    """Whether values go with the number of the point, as an index or a clock does."""
    number = np.arange(len(mu), dtype=np.float64)
    rest = mu - np.polyval(np.polyfit(number, mu, 1), number)
    return float(np.std(rest)) < 0.01 * float(np.std(mu))


def _noise_of_step(x: NDArray[np.float64], y: NDArray[np.float64], settings: RiseSettings) -> float:
    """The standard deviation of a step by the noise from point to point."""
    noise = 1.4826 * float(np.median(np.abs(np.diff(y, 2)))) / np.sqrt(6)
    within = max(1.0, settings.width_eV / max(float(np.median(np.diff(x))), 1e-9))
    return noise * float(np.sqrt(2 / within))


def _stays_up(
    x: NDArray[np.float64], y: NDArray[np.float64], at: float, step: float, slope: float, settings: RiseSettings
) -> bool:
    """Whether the level after a rise is higher than before it, a falling background aside; a glitch falls back.

    Args:
        x, y: (n,) the spectrum.
        at: the energy of the rise.
        step: its height.
        slope: of the background, per eV.
        settings: of the search.
    """
    near, far = settings.level_eV
    after = (x > at + near) & (x < at + far)
    before = (x < at - near) & (x > at - far)
    if after.sum() < 2 or before.sum() < 2:
        return True
    fall = min(slope, 0.0) * float(np.median(x[after]) - np.median(x[before]))
    return float(np.median(y[after]) - np.median(y[before])) - fall > settings.least_kept * step
