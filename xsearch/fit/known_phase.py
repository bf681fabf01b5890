"""A phase that is certainly there, fitted to a pattern that holds more: its cell, texture and scale, and what is left.

The rest of the pattern is unknown, so that a fit by least squares would be pulled towards its lines. Here the phase's
lines are looked for near where they must be; the cell and the angle scale follow from the places of those that are
found. The scale is a low quantile of measured over calculated heights: other phases only add to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.fit.line_shape import LineShape, best_shape, drawn, highest
from xsearch.fit.pattern_fit import Cell
from xsearch.fit.settings import KNOWN_PHASE, KnownPhaseSettings
from xsearch.fit.strain import ZERO_SHIFT, cell_under
from xsearch.fit.strained_lines import StrainedLines
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.lattice_kernels import reciprocal_metric
from xsearch.simulate.line_kernels import LARGEST_SINE
from xsearch.simulate.reflections import Reflections
from xsearch.simulate.texture import AXES_OF, cosines_sq, march_dollase

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class KnownPhaseFit:
    """A known phase in a pattern.

    Attributes:
        amplitudes: (7,) strain modes and the zero shift in degrees.
        cell: the conventional cell.
        zero_shift_deg, displacement_deg: of the angle scale: added to 2θ, and in proportion to cos θ.
        places_error_deg: root mean square distance of its lines from where they are calculated.
        texture: standard deviation of the logarithm of the intensity factor by preferred orientation.
        two_theta_deg: (k,) angles of its stronger lines.
        calculated: (n,) its profile at the points of the net pattern.
        kept: (n,) share of the pattern that is not its.
        intensity: its share of the net intensity, 0 to 1.
        seen: share of its calculated intensity whose lines are there; a phase that is there has nearly all.
    """

    amplitudes: Array
    cell: Cell
    zero_shift_deg: float
    displacement_deg: float
    places_error_deg: float
    texture: float
    two_theta_deg: Array
    calculated: Array
    kept: Array
    intensity: float
    seen: float


def fit_known_phase(
    reflections: Reflections,
    pattern: NetPattern,
    expected_strain: float = 0.0,
    strain_sigma: float = KNOWN_PHASE.strain_sigma,
    displaced: bool = False,
    settings: KnownPhaseSettings = KNOWN_PHASE,
) -> KnownPhaseFit | None:
    """Fit a phase that is there; None where it has no line in range.

    Args:
        reflections: of the phase.
        pattern: the net pattern.
        expected_strain: ln(measured / given length).
        strain_sigma: its uncertainty; 0 for a certified cell.
        displaced: whether a displacement of the sample is fitted beside the zero shift.
        settings: of the fit.
    """
    lines = _strong_lines(reflections, pattern, settings)
    if lines is None:
        return None
    smooth, noise = pattern.averaged(settings.averaged_widths * pattern.fwhm_deg)
    places = _Places(lines, reflections, pattern, smooth, expected_strain, strain_sigma, displaced, settings)
    trials = [_trial(places, start, noise) for start in places.starts()]
    best = min(trials, key=lambda one: one.loss)
    angles, heights, nearby, profile = best.angles, best.heights, best.nearby, best.profile
    visible = heights > 2 * settings.seen_noise * best.noise
    there = nearby > np.maximum(settings.seen_share * heights, settings.seen_noise * best.noise)
    seen = float(heights[there & visible].sum() / heights[visible].sum()) if visible.any() else 0.0
    factor = np.maximum(nearby, 0.0) / np.maximum(heights, 1e-12)
    covered = factor > settings.most_factor  # by a line of another phase, which keeps what is not calculated
    adjusted = profile(best.areas * np.where(covered, 1 / settings.forgiven, factor))
    level = np.maximum(smooth, 1e-9 * max(float(smooth.max()), 1e-12))
    wide = scipy.ndimage.maximum_filter1d(adjusted, 2 * (places.reach // 2) + 1)
    kept = 1 - np.clip(settings.forgiven * wide / level, 0.0, 1.0)
    amplitudes = places.lines.amplitudes(best.at[: places.modes + 1])
    return KnownPhaseFit(
        amplitudes=amplitudes,
        cell=cell_under(reflections.cell, amplitudes),
        zero_shift_deg=float(amplitudes[ZERO_SHIFT]),
        displacement_deg=float(best.at[-1]) if displaced else 0.0,
        places_error_deg=best.error_deg,
        texture=best.texture,
        two_theta_deg=angles[heights > settings.faintest_judged * heights.max()],
        calculated=profile(best.areas),
        kept=kept,
        intensity=float((pattern.net * (1 - kept)).sum() / max(pattern.net.sum(), 1e-12)),
        seen=seen,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A fit from one start: `areas` (k,) of the lines scaled and textured, and at the lines `heights` calculated."""

    at: Array
    error_deg: float
    loss: float
    angles: Array
    areas: Array
    texture: float
    heights: Array
    nearby: Array
    noise: Array
    profile: Callable[[Array], Array]


def _trial(places: _Places, start: Array, noise: Array) -> _Trial:
    """The lines brought to the maxima nearest to a start, and the scale and texture there."""
    pattern, lines, settings = places.pattern, places.lines, places.settings
    shape = best_shape(pattern, places.angles(start), lines.areas, settings)
    at, error_deg = places.refined(start, shape)
    angles = places.angles(at)
    shape = best_shape(pattern, angles, lines.areas, settings)
    sigma_steps = places.sigma_steps

    def profile(areas: Array) -> Array:
        return drawn(pattern, angles, areas, shape, sigma_steps)

    last = len(places.smooth) - 1
    index = np.clip(np.rint((angles - pattern.two_theta_deg[0]) / pattern.step_deg).astype(int), 0, last)
    nearby = scipy.ndimage.maximum_filter1d(places.smooth, 2 * places.reach + 1)[index]
    texture, scale, loss = _texture_and_scale(places, profile(lines.areas)[index], nearby, noise[index])
    areas = scale * lines.areas * texture
    loss += settings.strain_cost * float((((at - places.expected) / places.sigma) ** 2).sum())
    heights = profile(areas)[index]
    return _Trial(
        at, error_deg, loss, angles, areas, float(np.log(texture).std()), heights, nearby, noise[index], profile
    )


def _texture_and_scale(places: _Places, heights: Array, nearby: Array, noise: Array) -> tuple[Array, float, float]:
    """(k,) factors by preferred orientation, and the scale, that suit the lines' heights best; and how badly.

    Args:
        places: of the phase's lines.
        heights: (k,) calculated for a scale of one, without texture.
        nearby, noise: (k,) measured, and how uncertain that is.
    """
    settings = places.settings
    usable = heights > settings.faintest_judged * heights.max()
    weight = heights[usable] / heights[usable].sum()
    ratio = np.log(np.maximum(nearby, noise)[usable] / heights[usable])
    best = (np.inf, np.ones(len(heights)), 1.0)
    for texture, log_march in _textures(places.lines, places.reflections, settings):
        away = ratio - np.log(texture[usable])
        scale = _quantile(away, weight, settings.scale_quantile)
        away = away - scale
        # what is above may be another phase's; what is below cannot be
        loss = np.minimum(np.where(away > 0, settings.above_cost, 1.0) * np.abs(away), settings.most_away)
        total = float(weight @ loss) + settings.texture_cost * log_march**2
        if total < best[0]:
            best = (total, texture, float(np.exp(scale)))
    return best[1], best[2], best[0]


def _textures(
    lines: StrainedLines, reflections: Reflections, settings: KnownPhaseSettings
) -> Iterator[tuple[Array, float]]:
    """(k,) factors by each preferred orientation that is tried, and the logarithm of its March parameter."""
    yield np.ones(len(lines.areas)), 0.0
    metric = reciprocal_metric(reflections.cell)
    for axis in AXES_OF[reflections.system]:
        squares = cosines_sq(lines.hkl, metric, reflections.system, axis)
        for log_march in settings.log_marches:
            yield march_dollase(squares, float(np.exp(log_march))).mean(axis=1), log_march


def _strong_lines(reflections: Reflections, pattern: NetPattern, settings: KnownPhaseSettings) -> StrainedLines | None:
    """The stronger lines in range."""
    every = StrainedLines.of(reflections, pattern)
    angles = every.two_theta_deg(np.zeros(every.design.shape[1]))
    seen = (every.areas > 0) & (angles > pattern.two_theta_deg[0]) & (angles < pattern.two_theta_deg[-1])
    if not seen.any():
        return None
    seen &= every.areas > settings.faintest * every.areas[seen].max()
    return every.take(seen)


class _Places:
    """The places of lines as functions of strain, zero shift and displacement, and where they are found."""

    def __init__(
        self,
        lines: StrainedLines,
        reflections: Reflections,
        pattern: NetPattern,
        smooth: Array,
        expected_strain: float,
        strain_sigma: float,
        displaced: bool,
        settings: KnownPhaseSettings,
    ) -> None:
        self.lines, self.reflections, self.pattern, self.smooth = lines, reflections, pattern, smooth
        self.settings, self.displaced = settings, displaced
        self.modes = lines.design.shape[1] - 1
        sigma = np.full(self.modes, max(strain_sigma, 1e-9))
        sigma[1:] = min(sigma[0], settings.shape_sigma)
        self.sigma = np.concatenate([sigma, [settings.zero_sigma_deg], [settings.displacement_sigma_deg] * displaced])
        self.expected = np.zeros(len(self.sigma))
        self.expected[0] = expected_strain
        self.reach = int(max(settings.near_widths * pattern.fwhm_deg, settings.near_deg) / pattern.step_deg) + 1
        width_deg = max(settings.averaged_widths * pattern.fwhm_deg, pattern.smoothing_deg)
        self.sigma_steps = width_deg / pattern.step_deg

    def angles(self, at: Array) -> Array:
        """(k,) where the lines are calculated, degrees."""
        ln_q = self.lines.ln_q - self.lines.design[:, : self.modes] @ at[: self.modes]
        sine = np.minimum(np.exp(ln_q) * self.lines.wavelength_A / (4 * np.pi), LARGEST_SINE)
        theta = np.arcsin(sine)
        off = at[-1] * np.cos(theta) if self.displaced else 0.0
        return np.asarray(2 * np.degrees(theta) + at[self.modes] + off)

    def starts(self) -> list[Array]:
        """Points to start from: as expected, and where a scan finds most of the lines."""
        return [self.expected, self._scanned()]

    def refined(self, start: Array, shape: LineShape) -> tuple[Array, float]:
        """The most probable point near a start, and how far its lines are from where they are found."""
        at, error_deg = start, 0.0
        for turn in range(self.settings.turns):
            at, error_deg = self._step(at, shape, self.reach * (1 if turn else 2))
        return at, error_deg

    def _scanned(self) -> Array:
        """The best of a grid of strains and zero shifts: where most of the lines find intensity."""
        settings, x = self.settings, self.pattern.two_theta_deg
        weight = np.sqrt(self.lines.areas)
        root = np.sqrt(np.maximum(self.smooth, 0.0))
        best, found = -np.inf, self.expected.copy()
        for strain in self.sigma[0] * np.array(settings.scan_strains):
            for zero in settings.zero_sigma_deg * np.array(settings.scan_zeros):
                at = self.expected.copy()
                at[0] += strain
                at[self.modes] = zero
                value = float(weight @ np.interp(self.angles(at), x, root)) / weight.sum()
                value -= settings.scan_cost * root.max() * float((((at - self.expected) / self.sigma) ** 2).sum())
                if value > best:
                    best, found = value, at
        return found

    def _step(self, at: Array, shape: LineShape, reach: int) -> tuple[Array, float]:
        """One robust least-squares step towards the maxima nearest to the lines, measured ones and calculated ones."""
        settings = self.settings
        calculated = self.angles(at)
        profile = drawn(self.pattern, calculated, self.lines.areas, shape, self.sigma_steps)
        step_deg, first_deg = self.pattern.step_deg, float(self.pattern.two_theta_deg[0])
        places, away = [], []
        for line, angle in enumerate(calculated):
            centre = round((angle - first_deg) / step_deg)
            measured, expected = highest(self.smooth, centre, reach), highest(profile, centre, reach)
            if measured is not None and expected is not None:
                places.append(line)
                away.append((measured - expected) * step_deg)
        if not places:
            return at, 0.0
        chosen, miss = np.array(places), np.array(away)
        weight = self.lines.areas[chosen] / self.lines.areas[chosen].max()
        theta = np.radians(calculated[chosen] / 2)
        columns = [
            *(-np.degrees(2 * np.tan(theta))[:, None] * self.lines.design[chosen][:, : self.modes]).T,
            np.ones(len(chosen)),
        ]
        if self.displaced:
            columns.append(np.cos(theta))
        design = np.column_stack(columns)
        change = np.zeros(len(at))
        error_deg = settings.place_error_deg
        for _ in range(settings.robust_turns):
            left_over = miss - design @ change
            robust = weight / (1 + (left_over / settings.place_error_deg) ** 2)
            normal = design.T @ (design * robust[:, None]) / error_deg**2 + np.diag(self.sigma**-2)
            right_side = design.T @ (robust * miss) / error_deg**2 - (at - self.expected) / self.sigma**2
            change = np.linalg.solve(normal, right_side)
        robust = weight / (1 + ((miss - design @ change) / settings.place_error_deg) ** 2)
        spread = float(np.sqrt((robust @ (miss - design @ change) ** 2) / robust.sum()))
        return at + change, spread


def _quantile(values: Array, weight: Array, share: float) -> float:
    """The value below which a share of the weight lies."""
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weight[order])
    return float(values[order][min(int(np.searchsorted(summed, share * summed[-1])), len(values) - 1)])
