"""The Le Bail fit: whether a cell has the lines of a pattern, and whether the crystal gives their intensities.

The lines of a strained cell are fitted with free intensities (Le Bail, Duroy and Fourquet, Mater. Res. Bull. 23 (1988)
447), while the strain, the zero shift and the widths settle. What is left then says whether the cell is right. With
positions and widths held, the calculated intensities follow, with a scale, thermal motion and texture allowed. How far
they stay behind the free ones says whether the crystal is right; noise, background, line shapes and foreign lines miss
both fits alike and cancel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.le_bail_kernels import add_profile, calculated_step, free_areas, position_step, shape_table
from xsearch.fit.pattern_fit import LeBailFit
from xsearch.fit.residuals import Residuals
from xsearch.fit.strained_lines import StrainedLines
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.reflections import Reflections

Array = NDArray[np.float64]

WEIGHT_FLOOR = 0.01
"""Of the weights, as a share of the highest point: what is fainter counts little."""

LEAST_MISFIT = 0.01
"""Misfits below this share tell nothing more."""

FIRST_PASSES, PASSES, LAST_PASSES, ROUNDS = 10, 5, 8, 3
"""Passes of the free fit at first, after each of the rounds that move the lines, and in the end."""

EVEN_SHARE = 0.02
"""Free intensities start as the calculated ones and this share of the strongest, so that none starts at nothing."""

LEAST_FWHM_DEG, MOST_FWHM_DEG = 0.04, 1.5
STRAIN_SIGMA, ZERO_SIGMA_DEG, WIDTH_SIGMA, GROWTH_SIGMA = 0.004, 0.05, 0.3, 0.5
MOST_STRAIN_STEP = 0.003
STIFFNESS = 0.02
"""How far lines may move and widen from where the match left them, and the weight of that against the pattern."""

CALCULATED_STEPS, MOST_CALCULATED_STEP = 8, 0.7
THERMAL_SIGMA_A2, TEXTURE_STIFFNESS = 1.0, 0.05
"""Of a difference in B, and of texture as second-order harmonics of the crystal system, in ln intensity."""

TABLE = shape_table()


NOTHING_FITS = LeBailFit(1.0, 1.0, 1.0)


def le_bail(reflections: Reflections, pattern: NetPattern, amplitudes: Array) -> LeBailFit:
    """Fit the lines of a crystal to a pattern, with free intensities and with the calculated ones.

    Args:
        reflections: of the crystal.
        pattern: the net pattern.
        amplitudes: (7,) strain modes and zero shift to start from, such as a profile correlation finds.
    """
    every = StrainedLines.of(reflections, pattern)
    theta = every.parameters(amplitudes)
    angles = every.two_theta_deg(theta)
    seen = (every.areas > 0) & (angles > pattern.two_theta_deg[0]) & (angles < pattern.two_theta_deg[-1])
    if not seen.any():
        return NOTHING_FITS
    lines, counts = every.take(seen), pattern.excess
    start, step = float(pattern.two_theta_deg[0]), float(pattern.two_theta_deg[1] - pattern.two_theta_deg[0])
    positions, fwhm, free = _free_fit(lines, theta, counts, pattern.fwhm_deg, start, step)
    calculated = _calculated_fit(lines, positions, fwhm, counts, start, step)
    variance = pattern.variance(pattern.excess + pattern.background)
    return LeBailFit(
        cell=_misfit(counts, free),
        crystal=_misfit(free, calculated),
        whole=_misfit(counts, calculated),
        residuals=Residuals.of(counts, free, variance, len(positions) + len(theta) + 2),
        residuals_calculated=Residuals.of(counts, calculated, variance, len(theta) + 2 + _texture(lines).shape[1] + 2),
    )


def _texture(lines: StrainedLines) -> Array:
    """(n, t) second-order harmonics that the crystal system allows; in a cubic crystal, the fourth-order one."""
    modes = lines.design.shape[1] - 1
    if modes > 1:
        return lines.design[:, 1:modes]
    squares = lines.hkl.astype(np.float64) ** 2
    pairs = squares[:, 0] * squares[:, 1] + squares[:, 1] * squares[:, 2] + squares[:, 0] * squares[:, 2]
    return np.asarray((pairs / np.maximum(squares.sum(axis=1), 1) ** 2 - 0.2)[:, None])


def _free_fit(
    lines: StrainedLines, start_theta: Array, counts: Array, fwhm_deg: float, start: float, step: float
) -> tuple[Array, Array, Array]:
    """Positions and widths of the lines, (n,) degrees, and the fitted sum with free intensities, (points,)."""
    theta = start_theta.copy()
    positions = lines.two_theta_deg(theta)
    tangents = np.tan(np.radians(positions / 2))
    growth = tangents - np.median(tangents)
    width = np.array([np.log(max(fwhm_deg, LEAST_FWHM_DEG)), 0.0])
    sigma = np.array([*[STRAIN_SIGMA] * (len(theta) - 1), ZERO_SIGMA_DEG, WIDTH_SIGMA, GROWTH_SIGMA])
    limit = np.array([*[MOST_STRAIN_STEP] * (len(theta) - 1), ZERO_SIGMA_DEG, WIDTH_SIGMA, GROWTH_SIGMA])
    changed = np.zeros(len(theta) + 2)
    free = (lines.areas / lines.areas.max() + EVEN_SHARE) * counts.max() * fwhm_deg
    sums = np.zeros(len(counts))
    fwhm = _widths(width, growth)
    for turn in range(ROUNDS):
        passes = PASSES if turn else FIRST_PASSES
        free_areas(positions, fwhm, free, counts, WEIGHT_FLOOR, passes, start, step, TABLE, sums)
        moves = -lines.design * (2 * np.degrees(np.tan(np.radians(positions / 2))))[:, None]
        change = position_step(
            positions,
            fwhm,
            free,
            moves,
            growth,
            counts,
            sums,
            WEIGHT_FLOOR,
            STIFFNESS / sigma**2,
            changed,
            start,
            step,
            TABLE,
        )
        change = np.clip(change, -limit, limit)
        changed += change
        theta += change[:-2]
        width += change[-2:]
        positions, fwhm = lines.two_theta_deg(theta), _widths(width, growth)
    free_areas(positions, fwhm, free, counts, WEIGHT_FLOOR, LAST_PASSES, start, step, TABLE, sums)
    return positions, fwhm, sums


def _widths(width: Array, growth: Array) -> Array:
    return np.clip(np.exp(width[0] + width[1] * growth), LEAST_FWHM_DEG, MOST_FWHM_DEG)


def _calculated_fit(
    lines: StrainedLines, positions: Array, fwhm: Array, counts: Array, start: float, step: float
) -> Array:
    """(points,) the sum of lines with the calculated intensities, their scale, B and texture fitted."""
    sums = np.zeros(len(counts))
    areas = lines.areas / lines.areas.max()
    add_profile(positions, fwhm, areas, start, step, TABLE, sums)
    areas *= (np.maximum(counts, 0) @ sums) / max(float(sums @ sums), 1e-12)
    s_squared = (np.exp(lines.ln_q) / (4 * np.pi)) ** 2
    factors = np.column_stack([np.ones(len(areas)), -2 * (s_squared - s_squared.mean()), _texture(lines)])
    stiffness = np.array([0.0, STIFFNESS / THERMAL_SIGMA_A2**2, *[TEXTURE_STIFFNESS] * (factors.shape[1] - 2)])
    parameters = np.zeros(factors.shape[1])
    least, best = np.inf, sums
    for _ in range(CALCULATED_STEPS):
        change, misfit = calculated_step(
            positions, fwhm, areas, factors, parameters, counts, WEIGHT_FLOOR, stiffness, start, step, TABLE, sums
        )
        if misfit < least:
            least, best = misfit, sums.copy()
        parameters = parameters + np.clip(change, -MOST_CALCULATED_STEP, MOST_CALCULATED_STEP)
    return best


def _misfit(one: Array, other: Array) -> float:
    """Weighted square of the difference of two sums over that of their mean, at least `LEAST_MISFIT`."""
    mean = 0.5 * (np.maximum(one, 0) + np.maximum(other, 0))
    weight = 1 / (mean + WEIGHT_FLOOR)
    return max(float(weight @ (one - other) ** 2 / (weight @ mean**2)), LEAST_MISFIT)
