"""The Le Bail fit: whether a cell has the lines of a pattern, and whether the crystal gives their intensities.

The lines of a strained cell are fitted with free intensities (Le Bail, Duroy and Fourquet, Mater. Res. Bull. 23 (1988)
447), while the strain, the zero shift and the widths settle. The misfit then tests the cell. With
positions and widths held, the calculated intensities follow, with a scale, thermal motion and texture allowed. How far
they stay behind the free ones tests the crystal; noise, background, line shapes and foreign lines miss
both fits alike and cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.le_bail_kernels import add_profile, calculated_step, free_areas, position_step, shape_table
from xsearch.fit.pattern_fit import LeBailFit
from xsearch.fit.residuals import Residuals
from xsearch.fit.settings import LE_BAIL, LeBailSettings
from xsearch.fit.strained_lines import StrainedLines
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.reflections import Reflections

Array = NDArray[np.float64]


NOTHING_FITS = LeBailFit(1.0, 1.0, 1.0)
"""Of a crystal without a line in the measured range."""


def le_bail(
    reflections: Reflections, pattern: NetPattern, amplitudes: Array, settings: LeBailSettings = LE_BAIL
) -> LeBailFit:
    """Fit the lines of a crystal to a pattern, with free intensities and with the calculated ones.

    Args:
        reflections: of the crystal.
        pattern: the net pattern.
        amplitudes: (7,) strain modes and zero shift to start from, such as a profile correlation finds.
        settings: of both fits.
    """
    fitted = fitted_lines(reflections, pattern, amplitudes, settings)
    if fitted is None:
        return NOTHING_FITS
    counts, free, calculated = pattern.excess, fitted.free, fitted.calculated
    variance = pattern.variance(counts + pattern.background)
    moved = fitted.lines.design.shape[1] + 2
    texture = fitted.lines.texture_harmonics().shape[1] + 2
    return LeBailFit(
        cell=_misfit(counts, free, settings),
        crystal=_misfit(free, calculated, settings),
        whole=_misfit(counts, calculated, settings),
        residuals=Residuals.of(counts, free, variance, len(fitted.lines.areas) + moved),
        residuals_calculated=Residuals.of(counts, calculated, variance, moved + texture),
    )


@dataclass(frozen=True, slots=True, eq=False)
class FittedLines:
    """The lines of a crystal fitted to a pattern.

    Attributes:
        lines: (k,) those in its range.
        two_theta_deg, fwhm_deg: (k,) where they stand and how wide they are.
        free, calculated: (n,) their sums at the points of the pattern, with free and with calculated intensities.
    """

    lines: StrainedLines
    two_theta_deg: Array
    fwhm_deg: Array
    free: Array
    calculated: Array


def fitted_lines(
    reflections: Reflections, pattern: NetPattern, amplitudes: Array, settings: LeBailSettings = LE_BAIL
) -> FittedLines | None:
    """The lines of a crystal as `le_bail` fits them; None where none is in range."""
    every = StrainedLines.of(reflections, pattern)
    theta = every.parameters(amplitudes)
    angles = every.two_theta_deg(theta)
    seen = (every.areas > 0) & (angles > pattern.two_theta_deg[0]) & (angles < pattern.two_theta_deg[-1])
    if not seen.any():
        return None
    lines, counts = every.take(seen), pattern.excess
    start, step = float(pattern.two_theta_deg[0]), pattern.step_deg
    positions, fwhm, free = _free_fit(lines, theta, counts, pattern.fwhm_deg, start, step, settings)
    calculated = _calculated_fit(lines, positions, fwhm, counts, start, step, settings)
    return FittedLines(lines, positions, fwhm, free, calculated)


def _free_fit(
    lines: StrainedLines,
    start_theta: Array,
    counts: Array,
    fwhm_deg: float,
    start: float,
    step: float,
    settings: LeBailSettings,
) -> tuple[Array, Array, Array]:
    """Positions and widths of the lines, (n,) degrees, and the fitted sum with free intensities, (points,)."""
    theta = start_theta.copy()
    positions = lines.two_theta_deg(theta)
    tangents = np.tan(np.radians(positions / 2))
    growth = tangents - np.median(tangents)
    width = np.array([np.log(max(fwhm_deg, settings.narrowest_deg)), 0.0])
    others = (settings.zero_sigma_deg, settings.width_sigma, settings.growth_sigma)
    sigma = np.array([*[settings.strain_sigma] * (len(theta) - 1), *others])
    limit = np.array([*[settings.largest_strain_step] * (len(theta) - 1), *others])
    changed = np.zeros(len(theta) + 2)
    free = (lines.areas / lines.areas.max() + settings.even_share) * counts.max() * fwhm_deg
    sums = np.zeros(len(counts))
    fwhm = _widths(width, growth, settings)
    for turn in range(settings.rounds):
        passes = settings.passes if turn else settings.first_passes
        free_areas(positions, fwhm, free, counts, settings.weight_floor, passes, start, step, shape_table(), sums)
        moves = -lines.design * (2 * np.degrees(np.tan(np.radians(positions / 2))))[:, None]
        change = position_step(
            positions,
            fwhm,
            free,
            moves,
            growth,
            counts,
            sums,
            settings.weight_floor,
            settings.stiffness / sigma**2,
            changed,
            start,
            step,
            shape_table(),
        )
        change = np.clip(change, -limit, limit)
        changed += change
        theta += change[:-2]
        width += change[-2:]
        positions, fwhm = lines.two_theta_deg(theta), _widths(width, growth, settings)
    free_areas(
        positions, fwhm, free, counts, settings.weight_floor, settings.last_passes, start, step, shape_table(), sums
    )
    return positions, fwhm, sums


def _widths(width: Array, growth: Array, settings: LeBailSettings) -> Array:
    return np.clip(np.exp(width[0] + width[1] * growth), settings.narrowest_deg, settings.widest_deg)


def _calculated_fit(
    lines: StrainedLines,
    positions: Array,
    fwhm: Array,
    counts: Array,
    start: float,
    step: float,
    settings: LeBailSettings,
) -> Array:
    """(points,) the sum of lines with the calculated intensities, their scale, B and texture fitted."""
    sums = np.zeros(len(counts))
    areas = lines.areas / lines.areas.max()
    add_profile(positions, fwhm, areas, start, step, shape_table(), sums)
    areas *= (np.maximum(counts, 0) @ sums) / max(float(sums @ sums), 1e-12)
    s_squared = (np.exp(lines.ln_q) / (4 * np.pi)) ** 2
    factors = np.column_stack([np.ones(len(areas)), -2 * (s_squared - s_squared.mean()), lines.texture_harmonics()])
    texture = [settings.texture_stiffness] * (factors.shape[1] - 2)
    stiffness = np.array([0.0, settings.stiffness / settings.b_sigma_A2**2, *texture])
    parameters = np.zeros(factors.shape[1])
    least, best = np.inf, sums
    for _ in range(settings.calculated_steps):
        change, misfit = calculated_step(
            positions,
            fwhm,
            areas,
            factors,
            parameters,
            counts,
            settings.weight_floor,
            stiffness,
            start,
            step,
            shape_table(),
            sums,
        )
        if misfit < least:
            least, best = misfit, sums.copy()
        parameters = parameters + np.clip(change, -settings.largest_calculated_step, settings.largest_calculated_step)
    return best


def _misfit(one: Array, other: Array, settings: LeBailSettings) -> float:
    """Weighted square of the difference of two sums over that of their mean, at least `least_misfit`."""
    mean = 0.5 * (np.maximum(one, 0) + np.maximum(other, 0))
    weight = 1 / (mean + settings.weight_floor)
    return max(float(weight @ (one - other) ** 2 / (weight @ mean**2)), settings.least_misfit)
