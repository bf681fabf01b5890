"""The Le Bail fit: whether a cell has the lines of a pattern, and whether the crystal gives their intensities.

The lines of a strained cell are fitted with free intensities (Le Bail, Duroy and Fourquet, Mater. Res. Bull. 23 (1988)
447), while the strain, the zero shift and the widths settle. The misfit then tests the cell. With positions and widths
held, the calculated intensities follow, with a scale, thermal motion and preferred orientation allowed. How far they
stay behind the free ones tests the crystal; noise, background, line shapes and foreign lines miss both fits alike and
cancel. The crystal's profile with that orientation is correlated with the pattern once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.intensity_kernels import fit_intensities, line_products
from xsearch.fit.le_bail_kernels import add_profile, add_squares, free_areas, position_step, shape_table
from xsearch.fit.pattern_fit import LeBailFit
from xsearch.fit.residuals import MOST_NORMALISED_SQ, Residuals, misfit
from xsearch.fit.settings import CORRELATION, LE_BAIL, LeBailSettings
from xsearch.fit.strained_lines import StrainedLines, profiles
from xsearch.preprocess.axis import MATCH_AXIS
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.lattice_kernels import reciprocal_metric
from xsearch.simulate.reflections import Reflections
from xsearch.simulate.texture import AXES_OF, cosines_sq

Array = NDArray[np.float64]

NOTHING_FITS = LeBailFit(1.0, 1.0, 1.0, MOST_NORMALISED_SQ, 0.0, (0.0,) * len(CORRELATION.scales))
"""Of a crystal without a line in the measured range."""


def le_bail(
    reflections: Reflections, pattern: NetPattern, amplitudes: Array, settings: LeBailSettings = LE_BAIL
) -> LeBailFit:
    """Fit the lines of a crystal to a pattern, with free intensities and with the calculated ones.

    Args:
        reflections: of the crystal.
        pattern: the net pattern.
        amplitudes: (7,) or (starts, 7) strain modes and zero shift to start from, such as a profile correlation finds;
            later ones are tried where earlier ones do not lead to the pattern's lines.
        settings: of both fits.
    """
    fitted = fitted_lines(reflections, pattern, amplitudes, settings)
    if fitted is None:
        return NOTHING_FITS
    counts, free, calculated = pattern.excess, fitted.free, fitted.calculated
    variance = pattern.variance(counts + pattern.background)
    moved = fitted.lines.design.shape[1] + 2
    return LeBailFit(
        cell=_misfit(counts, free, settings),
        crystal=_misfit(free, calculated, settings),
        whole=_misfit(counts, calculated, settings),
        points=_misfit_of_points(fitted, pattern, variance, settings),
        log_march=fitted.log_march,
        march_axis=fitted.march_axis,
        correlations=_correlations(fitted, pattern),
        amplitudes=tuple(fitted.lines.amplitudes(fitted.theta).tolist()),
        residuals=Residuals.of(counts, free, variance, len(fitted.lines.areas) + moved),
        residuals_calculated=Residuals.of(counts, calculated, variance, moved + 3),
    )


@dataclass(frozen=True, slots=True, eq=False)
class FittedLines:
    """The lines of a crystal fitted to a pattern.

    Attributes:
        lines: (k,) those in its range.
        theta: strain modes and zero shift that they have now.
        two_theta_deg, fwhm_deg: (k,) where they stand and how wide they are.
        areas: (k,) calculated, with scale, thermal motion and preferred orientation.
        log_march: natural logarithm of the March parameter; 0 without preferred orientation.
        march_axis: indices of the planes that are oriented.
        free, calculated: (n,) their sums at the points of the pattern, with free and with calculated intensities.
    """

    lines: StrainedLines
    theta: Array
    two_theta_deg: Array
    fwhm_deg: Array
    areas: Array
    log_march: float
    march_axis: tuple[int, int, int]
    free: Array
    calculated: Array


def fitted_lines(
    reflections: Reflections, pattern: NetPattern, amplitudes: Array, settings: LeBailSettings = LE_BAIL
) -> FittedLines | None:
    """The lines of a crystal as `le_bail` fits them, from the best start; None where none is in range."""
    every, points = StrainedLines.of(reflections, pattern), _Points.of(pattern, settings)
    best: _FreeFit | None = None
    for start in np.atleast_2d(amplitudes):
        found = _free_fit(every, every.parameters(start), points, settings)
        if found is not None and (best is None or found.cell < best.cell):
            best = found
        if best is not None and best.cell < settings.good_cell:
            break
    if best is None:
        return None
    order = np.argsort(best.lines.moved(best.theta), kind="stable")
    lines, fwhm = best.lines.take(order), best.fwhm_deg[order]
    positions = lines.two_theta_deg(best.theta)
    areas, log_march, axis = _calculated_fit(lines, reflections, positions, fwhm, points, best.sums, settings)
    free, calculated = np.empty(len(pattern.excess)), np.empty(len(pattern.excess))
    start_deg, step_deg = float(pattern.two_theta_deg[0]), pattern.step_deg
    add_profile(positions, fwhm, best.areas[order], start_deg, step_deg, shape_table(), free)
    add_profile(positions, fwhm, areas, start_deg, step_deg, shape_table(), calculated)
    return FittedLines(lines, best.theta, positions, fwhm, areas, log_march, axis, free, calculated)


def free_profile(
    fits: Sequence[FittedLines], pattern: NetPattern, passes: int, settings: LeBailSettings = LE_BAIL
) -> Array:
    """(n,) the sum of the lines of several crystals with free intensities, where they stand and as wide as they are."""
    positions = np.concatenate([one.two_theta_deg for one in fits])
    order = np.argsort(positions, kind="stable")
    fwhm = np.concatenate([one.fwhm_deg for one in fits])[order]
    areas = np.concatenate([one.areas + settings.even_share * one.areas.max() for one in fits])[order]
    sums = np.empty(len(pattern.excess))
    free_areas(
        positions[order], fwhm, areas, pattern.excess, settings.weight_floor, passes, float(pattern.two_theta_deg[0]),
        pattern.step_deg, shape_table(), sums,
    )  # fmt: skip
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """The points that lines are fitted to: `merged` points of the net pattern to one.

    Attributes:
        counts: (points,) net.
        start_deg, step_deg: of their angles.
        fwhm_deg: typical width of the pattern's lines.
    """

    counts: Array
    start_deg: float
    step_deg: float
    fwhm_deg: float

    @classmethod
    def of(cls, pattern: NetPattern, settings: LeBailSettings) -> _Points:
        each = settings.merged
        counts = pattern.excess[: len(pattern.excess) // each * each].reshape(-1, each).mean(axis=1)
        first, step = float(pattern.two_theta_deg[0]), pattern.step_deg
        return cls(counts, first + (each - 1) / 2 * step, each * step, pattern.fwhm_deg)

    @property
    def end_deg(self) -> float:
        """The angle of the last point."""
        return self.start_deg + (len(self.counts) - 1) * self.step_deg


@dataclass(frozen=True, slots=True, eq=False)
class _FreeFit:
    """Lines fitted with free intensities from one start: where they stand, their areas, sums and misfit."""

    lines: StrainedLines
    theta: Array
    fwhm_deg: Array
    areas: Array
    sums: Array
    cell: float


def _free_fit(every: StrainedLines, start_theta: Array, points: _Points, settings: LeBailSettings) -> _FreeFit | None:
    """The lines within the range, fitted with free intensities from one start; None where none is there."""
    angles = every.two_theta_deg(start_theta)
    seen = np.flatnonzero((every.areas > 0) & (angles > points.start_deg) & (angles < points.end_deg))
    if not len(seen):
        return None
    lines = every.take(seen[np.argsort(angles[seen], kind="stable")])
    theta, counts = start_theta.copy(), points.counts
    positions = lines.two_theta_deg(theta)
    tangents = np.tan(np.radians(positions / 2))
    growth = tangents - np.median(tangents)
    width = np.array([np.log(max(points.fwhm_deg, settings.narrowest_deg)), 0.0])
    others = (settings.zero_sigma_deg, settings.width_sigma, settings.growth_sigma)
    sigma = np.array([*[settings.strain_sigma] * (len(theta) - 1), *others])
    limit = np.array([*[settings.largest_strain_step] * (len(theta) - 1), *others])
    changed = np.zeros(len(theta) + 2)
    areas = (lines.areas / lines.areas.max() + settings.even_share) * counts.max() * points.fwhm_deg
    sums = np.zeros(len(counts))
    fwhm = _widths(width, growth, settings)
    grid = (points.start_deg, points.step_deg, shape_table())
    for turn in range(settings.rounds):
        passes = settings.passes if turn else settings.first_passes
        free_areas(positions, fwhm, areas, counts, settings.weight_floor, passes, *grid, sums)
        moves = -lines.design * (2 * np.degrees(np.tan(np.radians(positions / 2))))[:, None]
        change = position_step(
            positions, fwhm, areas, moves, growth, counts, sums, settings.weight_floor, settings.stiffness / sigma**2,
            changed, *grid,
        )  # fmt: skip
        change = np.clip(change, -limit, limit)
        changed += change
        theta += change[:-2]
        width += change[-2:]
        positions, fwhm = lines.two_theta_deg(theta), _widths(width, growth, settings)
    free_areas(positions, fwhm, areas, counts, settings.weight_floor, settings.last_passes, *grid, sums)
    return _FreeFit(lines, theta, fwhm, areas, sums, _misfit(counts, sums, settings))


def _widths(width: Array, growth: Array, settings: LeBailSettings) -> Array:
    return np.clip(np.exp(width[0] + width[1] * growth), settings.narrowest_deg, settings.widest_deg)


def _calculated_fit(
    lines: StrainedLines,
    reflections: Reflections,
    positions: Array,
    fwhm: Array,
    points: _Points,
    free: Array,
    settings: LeBailSettings,
) -> tuple[Array, float, tuple[int, int, int]]:
    """(n,) calculated areas with scale, B and orientation fitted, the logarithm of March's parameter, and its axis."""
    counts = points.counts
    weights = 1 / (0.5 * (np.maximum(free, 0) + np.maximum(counts, 0)) + settings.weight_floor)
    s_squared = (np.exp(lines.ln_q) / (4 * np.pi)) ** 2
    metric, system = reciprocal_metric(reflections.cell), reflections.system
    families = [cosines_sq(lines.hkl, metric, system, axis) for axis in AXES_OF[system]]
    counted = np.array([family.shape[1] for family in families])
    squares = np.zeros((len(families), len(positions), int(counted.max())))
    for one, family in zip(squares, families, strict=True):
        one[:, : family.shape[1]] = family
    _, _, log_march, axis, areas = fit_intensities(
        lines.areas / lines.areas.max(),
        2 * (s_squared - s_squared.mean()),
        squares,
        counted,
        np.array(settings.tried_log_march),
        *line_products(positions, fwhm, counts, weights, points.start_deg, points.step_deg, shape_table()),
        settings.stiffness / settings.b_sigma_A2**2,
        settings.march_stiffness,
        settings.calculated_steps,
        settings.largest_calculated_step,
    )
    return areas, float(log_march), AXES_OF[system][axis]


def _misfit_of_points(fitted: FittedLines, pattern: NetPattern, variance: Array, settings: LeBailSettings) -> float:
    """Mean square of what calculated intensities leave, in its expected size: counts, grains, shapes and places."""
    y, step = fitted.calculated, pattern.step_deg
    squares = np.empty(len(y))
    add_squares(
        fitted.two_theta_deg,
        fitted.fwhm_deg,
        fitted.areas,
        float(pattern.two_theta_deg[0]),
        step,
        shape_table(),
        squares,
    )
    expected = variance + settings.grains**2 * squares + (settings.shape_error * y) ** 2 + settings.least_error**2
    expected = expected + (settings.place_error_deg / step * np.gradient(y)) ** 2
    return misfit(pattern.excess - y, expected)


def _correlations(fitted: FittedLines, pattern: NetPattern) -> tuple[float, ...]:
    """Of the profile with preferred orientation on the scales of the match."""
    first, last = pattern.window(MATCH_AXIS)
    found = []
    for scale, profile in zip(
        CORRELATION.scales,
        profiles(fitted.lines.moved(fitted.theta), fitted.areas, pattern, CORRELATION.scales),
        strict=True,
    ):
        measured = pattern.profile(MATCH_AXIS, scale)[first:last]
        one = MATCH_AXIS.compress(np.maximum(measured, 0) / measured.max())
        other = MATCH_AXIS.compress(profile[first:last] / max(float(profile[first:last].max()), 1e-30))
        found.append(_pearson(one, other))
    return tuple(found)


def _pearson(one: Array, other: Array) -> float:
    one, other = one - one.mean(), other - other.mean()
    return float(one @ other / max(float(np.sqrt((one @ one) * (other @ other))), 1e-30))


def _misfit(one: Array, other: Array, settings: LeBailSettings) -> float:
    """Weighted square of the difference of two sums over that of their mean, at least `least_misfit`."""
    mean = 0.5 * (np.maximum(one, 0) + np.maximum(other, 0))
    weight = 1 / (mean + settings.weight_floor)
    return max(float(weight @ (one - other) ** 2 / (weight @ mean**2)), settings.least_misfit)
