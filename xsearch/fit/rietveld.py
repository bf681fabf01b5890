"""Rietveld refinement: a crystal refined against the points of a pattern, and how probable it makes them.

Cell, zero shift, displacement of the sample, widths, line shape, thermal motion, texture and then the atoms themselves,
as far as their symmetry lets them move, and occupancies where that is wished, are brought to where the pattern is most
probable (Gauss-Newton). Each has an expected size, so that the evidence for candidates with more freedom compares with
that for those with less (Laplace's approximation; MacKay, Neural Comput. 4 (1992) 415); that of displacements is
learned with them, since some templates are right to a hundredth of an ångström and others to half of one.
Intensities of lines scatter with the grains, lines of something else may be there, and counts are uncertain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import Symmetry
from xsearch.fit.atom_displacements import MovableLines
from xsearch.fit.points import PatternPoints
from xsearch.fit.residuals import Residuals, misfit
from xsearch.fit.rietveld_kernels import draw, draw_changes, draw_slopes
from xsearch.fit.settings import B_EXPECTED_A2, RIETVELD, RietveldSettings
from xsearch.fit.site_occupancies import OccupancyFreedom, RefinedOccupancies
from xsearch.fit.strain import strained
from xsearch.fit.strain_fit import StrainFit, cell_directions
from xsearch.simulate.conditions import AXES
from xsearch.simulate.lattice_kernels import direction_cosines, reciprocal_metric
from xsearch.simulate.line_kernels import LARGEST_SINE, lorentz_polarisation
from xsearch.simulate.powder import inverse_spacings
from xsearch.simulate.reflections import Reflections

Array = NDArray[np.float64]

LEAST_SINE = float(np.sin(np.radians(0.5)))
"""Smallest sin θ that is calculated with, 1° 2θ: the Lorentz factor diverges towards the direct beam."""

NUDGE = 0.02
"""Step of the numerical slopes of lines, in expected changes."""


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """The refinement of one crystal.

    Attributes:
        log_evidence: natural logarithm of the probability density of the points, a line's width of them counted as one.
        misfit: mean square of the residuals in their expected size, that by grains, shapes and places included; 1 where
            nothing is wrong, 25 at most.
        residuals: by counting alone, as of any Rietveld refinement.
        moved_A: root mean square displacement of the atoms; 0 where they were not moved.
        cell: (6,) conventional, a b c in Å and angles in degrees, after the refinement.
        crystal: primitive, in that cell, its atoms where they were moved to and its sites as full as they were found.
        occupancies: what was refined of them; None where nothing was.
    """

    log_evidence: float
    misfit: float
    residuals: Residuals
    moved_A: float
    cell: Array
    crystal: Crystal
    occupancies: RefinedOccupancies | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """A point of the refinement: where, how good, and what the pattern looks like from there."""

    at: Array
    square: Array
    likely: float
    drawn: Array
    scale: float
    residual: Array
    weight: Array
    misfit: float

    def probable(self, tight: Array) -> float:
        """Logarithm of the probability of points and coordinates together; tight: (free,) 1 / expected squares."""
        return self.likely - 0.5 * float(self.at @ (tight * self.at))


@dataclass(frozen=True, slots=True, eq=False)
class _Climbed:
    """Where steps led: the logarithm of the evidence there, and (free,) standard deviations of all coordinates."""

    state: _State
    evidence: float
    spread: Array


def refine(
    reflections: Reflections,
    symmetry: Symmetry,
    fit: StrainFit,
    counts: PatternPoints,
    settings: RietveldSettings = RIETVELD,
    freedom: OccupancyFreedom | None = None,
) -> Refined:
    """Refine one crystal, stored or inferred.

    Args:
        reflections: of the crystal. symmetry: of the same.
        fit: of its strain, where the refinement starts.
        counts: the points of the pattern.
        settings: expected sizes of what is refined, errors, and steps.
        freedom: of the occupancies of `symmetry.primitive`; without it they stay. Thermal motion is one factor of all
            atoms, expected within `b_step_A2`, so that it cannot stand for what an occupancy does to single lines.
    """
    model = _Model(reflections, fit, counts, settings)
    state = model.state(np.zeros(model.free), model.square, settings.grains[0])
    crystal = symmetry.primitive
    if not len(model.square):
        return Refined(state.likely, state.misfit, model.residuals(state), 0.0, fit.cell, strained(symmetry, fit.cell))
    lines = _movable(model, symmetry, freedom)
    climbed = _climb(
        model, state, settings.grains[0], settings.turns if lines is None else settings.turns_before_atoms, None
    )
    moved_A, full, found = np.zeros((len(crystal), 3)), crystal.occupancies, None
    if lines is not None:
        start = model.state(np.append(climbed.state.at, np.zeros(lines.size)), model.square, settings.grains[1])
        climbed = _climb(model, start, settings.grains[1], settings.turns_with_atoms, lines)
        along = climbed.state.at[model.free :]
        moved_A, full = lines.displacements_A(along), lines.occupancies(along)
        found = _occupancies(lines, along, climbed)
    state = climbed.state
    cell = model.cell(state.at)
    atoms = crystal.frac_coords + moved_A @ np.linalg.inv(crystal.lattice_A)
    moved = Crystal(crystal.lattice_A, atoms, crystal.elements, full)
    size_A = float(np.sqrt((moved_A**2).sum() / len(crystal)))
    strained_crystal = strained(replace(symmetry, primitive=moved), cell)
    return Refined(climbed.evidence, state.misfit, model.residuals(state), size_A, cell, strained_crystal, found)


def _movable(model: _Model, symmetry: Symmetry, freedom: OccupancyFreedom | None) -> MovableLines | None:
    """The model's lines as functions of the atoms' places and occupancies.

    None where there are too many atoms or disordered ones, and no occupancy is refined either.
    """
    settings = model.settings
    large = len(symmetry.primitive) > settings.most_atoms
    if freedom is None and (large or not symmetry.primitive.is_ordered):
        return None
    most = None if freedom is None else 0 if large else settings.most_moves
    lines = MovableLines(symmetry, model.hkl, model.square, settings.atom_sigma_A, freedom, most)
    return lines if lines.moves.shape[1] <= settings.most_moves else None


def _occupancies(lines: MovableLines, along: Array, climbed: _Climbed) -> RefinedOccupancies | None:
    """What was found of the occupancies; errors that the model does not expect make them less certain."""
    if lines.freedom is None:
        return None
    columns = lines.freedom.size
    error = lines.freedom.sigma * climbed.spread[-columns:] * np.sqrt(max(climbed.state.misfit, 1.0))
    return RefinedOccupancies(lines.freedom.change(along[-columns:]), error)


class _Model:
    """The pattern of a crystal as a function of everything that is refined but the atoms."""

    def __init__(
        self, reflections: Reflections, fit: StrainFit, counts: PatternPoints, settings: RietveldSettings
    ) -> None:
        self.settings = settings
        hkl = reflections.hkl.astype(np.float64)
        inverse_d = inverse_spacings(hkl, fit.cell)
        sine = np.maximum(counts.wavelength_A * inverse_d / 2, LEAST_SINE)
        angle_deg = 2 * np.degrees(np.arcsin(np.minimum(sine, LARGEST_SINE)))
        reached = (sine < LARGEST_SINE) & (angle_deg > counts.two_theta_deg[0] - settings.margin_deg)
        reached &= angle_deg < counts.two_theta_deg[-1] + settings.margin_deg
        strength = reflections.structure_factor_sq * lorentz_polarisation(sine, counts.polarisation)
        strength = np.where(reached, strength * np.exp(-B_EXPECTED_A2 / 2 * inverse_d**2), 0.0)
        chosen = np.argsort(-strength, kind="stable")[: settings.most_lines]
        chosen = chosen[strength[chosen] > settings.faintest * strength.max(initial=0.0)]
        self.hkl = hkl[chosen]
        self.square: Array = reflections.structure_factor_sq[chosen].astype(np.float64)
        self._counts, self._fit = counts, fit
        self._directions = cell_directions(reflections.system) * settings.cell_share
        self._cells = len(self._directions)
        metric = reciprocal_metric(fit.cell)
        cosines = [direction_cosines(self.hkl, metric, np.array(axis)) for axis in AXES]
        # slope of March and Dollase's factor by the logarithm of its parameter, where there is no texture
        self._texture = -1.5 * settings.texture * (3 * np.stack(cosines, axis=1) ** 2 - 1)
        self._total = max(float(np.maximum(counts.excess, 0).sum()), 1e-12)
        self.free = self._cells + 8 + len(AXES)

    def cell(self, at: Array) -> Array:
        """(..., 6) conventional cells at (..., free) points."""
        change = at[..., : self._cells] @ self._directions
        return np.concatenate([self._fit.cell[:3] * np.exp(change[..., :3]), self._fit.cell[3:] + change[..., 3:]], -1)

    def lines(self, at: Array) -> tuple[Array, Array, Array, Array]:
        """Lines at (p, free) points, Kα2's after Kα1's.

        Returns:
            (p, k) angles and (p, k) widths in degrees, (p,) Lorentzian shares, (p, k) intensities for |F|² = 1.
        """
        settings = self.settings
        counts, fit = self._counts, self._fit
        zero, off, width, size, strain, shape, thermal, second = at[:, self._cells : self._cells + 8].T[:, :, None]
        inverse_d = np.stack([inverse_spacings(self.hkl, cell) for cell in self.cell(at)])
        sine = np.clip(counts.wavelength_A * inverse_d / 2, LEAST_SINE, LARGEST_SINE)
        theta, cosine = np.arcsin(sine), np.sqrt(1 - sine * sine)
        angle_deg = 2 * np.degrees(theta) + fit.zero_shift_deg + settings.shift_deg * (zero + off * cosine)
        growth = settings.size_deg * np.exp(settings.size_step * size) / cosine
        growth += settings.microstrain_deg * np.exp(settings.microstrain_step * strain) * (sine / cosine)
        fwhm_deg = np.hypot(max(fit.fwhm_deg, counts.width_deg / 2) * np.exp(settings.width_step * width), growth)
        textured = at[:, self._cells + 8 : self.free] @ self._texture.T
        unit = lorentz_polarisation(sine, counts.polarisation) * np.exp(
            np.clip(textured, -settings.most_texture, settings.most_texture)
            - (fit.b_iso_A2 + settings.b_step_A2 * thermal) * inverse_d**2 / 2
        )
        if counts.second_A:
            share = 0.5 / (1 + np.exp(-2 * second))
            apart = np.arcsin(np.minimum(counts.second_A / counts.wavelength_A * sine, LARGEST_SINE)) - theta
            angle_deg = np.concatenate([angle_deg, angle_deg + 2 * np.degrees(apart)], 1)
            fwhm_deg = np.concatenate([fwhm_deg, fwhm_deg], 1)
            unit = np.concatenate([unit, share * unit], 1) / (1 + share)
        return angle_deg, fwhm_deg, 1 / (1 + np.exp(-shape[:, 0])), unit

    def pattern(self, at: Array, square: Array) -> tuple[Array, Array]:
        """(n,) pattern of lines with some |F|², and (n,) sum of the lines' squares."""
        counts = self._counts
        (angle_deg,), (fwhm_deg,), (lorentzian,), (unit,) = self.lines(at[None])
        out, squares = np.empty(len(counts.excess)), np.empty(len(counts.excess))
        area = unit * np.tile(square, len(unit) // max(len(square), 1))
        draw(angle_deg, area, fwhm_deg, lorentzian, counts.two_theta_deg[0], counts.step_deg, out, squares)
        return out, squares

    def state(self, at: Array, square: Array, grains: float) -> _State:
        """How probable the pattern is from one point, with the scale and the background that suit it best."""
        settings = self.settings
        counts = self._counts
        drawn, squares = self.pattern(at, square)
        scale, ground = self._total / max(float(drawn.sum()), 1e-12), np.zeros(len(drawn))
        for turn in range(3):
            y = scale * drawn
            variance = (
                counts.variance
                + (grains * scale) ** 2 * squares
                + (settings.shape_error * y) ** 2
                + settings.least_error**2
            )
            variance += (settings.place_error_deg / counts.step_deg * np.gradient(y)) ** 2
            residual = counts.excess - y - ground
            log, of_crystal = _log_density(residual, variance, settings)
            if turn < 2:
                scale, ground = self._scaled(drawn, of_crystal / variance)
        likely = counts.independent * float(log.sum())
        return _State(
            at,
            square,
            likely,
            drawn,
            scale,
            residual,
            counts.independent * of_crystal / variance,
            misfit(residual, variance),
        )

    def residuals(self, state: _State) -> Residuals:
        """Residuals at a point, by counting alone; scale and background functions are free besides."""
        counts = self._counts
        free = len(state.at) + 1 + counts.background_functions.shape[1]
        return Residuals.of(counts.excess, counts.excess - state.residual, counts.variance, free)

    def slopes(self, state: _State, lines: MovableLines | None) -> Array:
        """(n, free) change of the scaled pattern by each coordinate, its sum kept where intensities change."""
        counts, drawn = self._counts, state.drawn
        total = max(float(drawn.sum()), 1e-12)
        columns = np.empty((len(drawn), len(state.at)))
        points = np.vstack([state.at[: self.free], state.at[: self.free] + NUDGE * np.eye(self.free)])
        angle_deg, fwhm_deg, lorentzian, unit = self.lines(points)
        doubled = unit.shape[1] // max(len(state.square), 1)
        area = unit * np.tile(state.square, doubled)
        changes = [
            np.ascontiguousarray((now[1:] - now[0]).T / NUDGE) for now in (angle_deg, fwhm_deg, lorentzian, area)
        ]
        axis = counts.two_theta_deg[0], counts.step_deg
        columns[:, : self.free] = draw_changes(
            angle_deg[0], area[0], fwhm_deg[0], lorentzian[0], *changes, *axis, len(drawn)
        )
        if lines is not None:
            areas = np.tile(lines.slopes(state.at[self.free :]), (doubled, 1)) * unit[0][:, None]
            columns[:, self.free :] = draw_slopes(angle_deg[0], areas, fwhm_deg[0], lorentzian[0], *axis, len(drawn))
        columns -= np.outer(drawn, columns.sum(axis=0) / total)
        return np.asarray(state.scale * columns)

    def _scaled(self, drawn: Array, weight: Array) -> tuple[float, Array]:
        """The scale and the slow background that leave least, by weighted least squares."""
        settings = self.settings
        functions, excess = self._counts.background_functions, self._counts.excess
        factor = self._total / max(float(drawn.sum()), 1e-12)
        columns = np.column_stack([factor * drawn, functions])
        normal = columns.T @ (columns * weight[:, None])
        normal += np.diag(np.append(1e-9, np.full(functions.shape[1], settings.background_sigma**-2)))
        found = np.linalg.solve(normal, columns.T @ (weight * excess))
        return factor * max(float(found[0]), settings.least_scale), functions @ found[1:]


def _climb(model: _Model, state: _State, grains: float, turns: int, lines: MovableLines | None) -> _Climbed:
    """The best point that Gauss-Newton steps reach, and the logarithm of the evidence there.

    It is the integral over all coordinates (Laplace's approximation) at the likeliest size of displacements.
    """
    settings = model.settings
    atoms = slice(model.free, model.free + (0 if lines is None else lines.moves.shape[1]))
    size, tight, freedom, spread = settings.first_size, np.ones(len(state.at)), 0.0, np.ones(len(state.at))
    tight[atoms] = size**-2
    for _ in range(turns):
        slopes = model.slopes(state, lines)
        curvature = slopes.T @ (slopes * state.weight[:, None]) + np.diag(tight)
        freedom = float(np.linalg.slogdet(curvature)[1]) - float(np.log(tight).sum())
        step = np.linalg.solve(curvature, slopes.T @ (state.weight * state.residual) - tight * state.at)
        step = np.clip(step, -settings.largest_step, settings.largest_step)
        before = state
        for part in settings.shorter:
            at = before.at + part * step
            new = model.state(at, model.square if lines is None else lines.square(at[model.free :]), grains)
            if new.probable(tight) > before.probable(tight):
                state = new
                break
        gain = state.probable(tight) - before.probable(tight)
        if lines is not None:
            variance = np.linalg.inv(curvature).diagonal()
            spread = np.sqrt(np.maximum(variance, 0.0))
            learned = _learned_size(state.at[atoms], (tight * variance)[atoms], settings)
            gain, size = gain + abs(np.log(learned / size)), learned
            tight[atoms] = size**-2
        if state is before or gain < settings.least_gain:
            break
    held = settings.held * (np.log(size) + 0.5 / size**2 - 0.5) if lines is not None else 0.0
    return _Climbed(state, state.probable(tight) - 0.5 * freedom - held, spread)


def _learned_size(displacements: Array, unseen: Array, settings: RietveldSettings) -> float:
    """Size of displacements that makes those found most probable, in units of the typical one.

    Args:
        displacements: (m,) in the same units.
        unseen: (m,) share of each one's expected variance that is left once the pattern is known.
    """
    seen = len(displacements) - float(unseen.sum())
    return min(
        float(np.sqrt((displacements @ displacements + settings.held) / (seen + settings.held))), settings.largest_size
    )


def _log_density(residual: Array, variance: Array, settings: RietveldSettings) -> tuple[Array, Array]:
    """(n,) logarithm of each residual's density, and (n,) probability that it is none of something else."""
    of_crystal = np.log(1 - settings.foreign) - 0.5 * residual**2 / variance - 0.5 * np.log(2 * np.pi * variance)
    other = np.log(settings.foreign / (2 * settings.foreign_height)) - np.abs(residual) / settings.foreign_height
    log = np.logaddexp(of_crystal, other)
    return log, np.exp(of_crystal - log)
