"""Rietveld refinement: a crystal refined against the points of a pattern, and how probable it makes them.

Cell, zero shift, displacement of the sample, widths, line shape, thermal motion, texture and then the atoms themselves,
as far as their symmetry lets them move, are brought to where the pattern is most probable (Gauss-Newton). Each has an
expected size, so that the evidence for candidates with more freedom compares with that for those with less (Laplace's
approximation; MacKay, Neural Comput. 4 (1992) 415); that of the atoms' displacements is learned with them, since some
templates are right to a hundredth of an ångström and others to half of one. Intensities of lines scatter with the
grains, lines of something else may be there, and counts are uncertain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import Symmetry
from xsearch.fit.atom_displacements import MovableLines
from xsearch.fit.points import PatternPoints
from xsearch.fit.residuals import Residuals
from xsearch.fit.rietveld_kernels import draw, draw_slopes
from xsearch.fit.strain import strained
from xsearch.fit.strain_fit import B_EXPECTED_A2, StrainFit, cell_directions
from xsearch.simulate.conditions import AXES
from xsearch.simulate.lattice_kernels import direction_cosines, reciprocal_metric
from xsearch.simulate.line_kernels import LARGEST_SINE, lorentz_polarisation
from xsearch.simulate.powder import inverse_spacings
from xsearch.simulate.reflections import Reflections

Array = NDArray[np.float64]

MOST_LINES = 250
FAINTEST = 3e-4
LEAST_SINE = float(np.sin(np.radians(0.5)))
"""Smallest sin θ that is calculated with, 1° 2θ: the Lorentz factor diverges towards the direct beam."""

MARGIN_DEG = 1.5
"""Lines so far beyond the ends of the pattern still reach into it."""

CELL_SHARE = 0.25
"""Expected change of the cell after the strain fit, in the expected changes of that fit: half a per cent."""

SHIFT_deg = 0.05
B_STEP_A2 = 0.5
WIDTH_STEP, SIZE_deg, SIZE_STEP, STRAIN_deg, STRAIN_STEP = 0.4, 0.03, 1.0, 0.1, 0.8
"""Expected logarithmic changes of the width and of its growth with 1 / cos θ and tan θ, and expected sizes of these."""

TEXTURE = 0.2
"""Expected logarithm of the March parameter along each of `AXES`."""

MOST_TEXTURE = 2.0
ATOM_SIGMA_A = 0.07
"""Typical displacement from the template's positions along each allowed one. How large it is for one template is
learned from the pattern (MacKay's re-estimation of a prior's width), in units of this:"""

FIRST_SIZE, LARGEST_SIZE = 2.0, 6.0
"""where the search starts, wide so that atoms come far enough to be seen, and where it ends;"""

HELD = 2.0
"""and how many displacements of the typical size count beside those that are seen."""

GRAINS = (0.2, 0.12)
"""Relative scatter of intensities, before and after the atoms may move: where they stand is part of the first."""

SHAPE_ERROR, PLACE_ERROR_deg, LEAST_ERROR = 0.03, 0.01, 1e-3
"""Relative error of the profile, error of a line's place, and share of the highest point that is never told apart."""

FOREIGN, FOREIGN_HEIGHT = 0.02, 0.05
"""Share of the points that are something else's, and how high it stands (both signs: a background may be wrong)."""

HUMP = 0.01
"""Expected error of the background, as a share of the highest point."""

TURNS, TURNS_BEFORE_ATOMS, TURNS_WITH_ATOMS = 12, 3, 16
"""Steps at most; those before the atoms may move only bring the lines to where they belong."""

LARGEST_STEP = 1.5
SHORTER = (1.0, 0.4, 0.15)
LEAST_GAIN = 0.3
NUDGE = 0.02
MOST_MOVES = 100
MOST_ATOMS = 80
"""Crystals with more atoms or freedom keep their atoms where they are."""

LEAST_SCALE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """What the refinement says of one crystal.

    Attributes:
        log_evidence: natural logarithm of the probability density of the points, a line's width of them counted as one.
        misfit: mean square of the residuals in their expected size, that by grains, shapes and places included; 1 where
            nothing is wrong, 25 at most.
        residuals: by counting alone, as of any Rietveld refinement.
        moved_A: root mean square displacement of the atoms; 0 where they were not moved.
        cell: (6,) conventional, a b c in Å and angles in degrees, after the refinement.
        crystal: primitive, in that cell, its atoms where they were moved to.
    """

    log_evidence: float
    misfit: float
    residuals: Residuals
    moved_A: float
    cell: Array
    crystal: Crystal


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


def refine(reflections: Reflections, symmetry: Symmetry, fit: StrainFit, counts: PatternPoints) -> Refined:
    """Refine one crystal, stored or inferred.

    Args:
        reflections: of the crystal. symmetry: of the same.
        fit: of its strain, where the refinement starts.
        counts: the points of the pattern.
    """
    model = _Model(reflections, fit, counts)
    state = model.state(np.zeros(model.free), model.square, GRAINS[0])
    crystal = symmetry.primitive
    if not len(model.square):
        return Refined(state.likely, state.misfit, model.residuals(state), 0.0, fit.cell, strained(symmetry, fit.cell))
    lines = _movable(model, symmetry)
    state, evidence = _climb(model, state, GRAINS[0], TURNS if lines is None else TURNS_BEFORE_ATOMS, None)
    moved_A = np.zeros((len(crystal), 3))
    if lines is not None:
        state = model.state(np.append(state.at, np.zeros(lines.moves.shape[1])), model.square, GRAINS[1])
        state, evidence = _climb(model, state, GRAINS[1], TURNS_WITH_ATOMS, lines)
        moved_A = (lines.moves @ state.at[model.free :]).reshape(-1, 3)
    cell = model.cell(state.at)
    atoms = crystal.frac_coords + moved_A @ np.linalg.inv(crystal.lattice_A)
    moved = Crystal(crystal.lattice_A, atoms, crystal.elements, crystal.occupancies)
    size_A = float(np.sqrt((moved_A**2).sum() / len(crystal)))
    strained_crystal = strained(replace(symmetry, primitive=moved), cell)
    return Refined(evidence, state.misfit, model.residuals(state), size_A, cell, strained_crystal)


def _movable(model: _Model, symmetry: Symmetry) -> MovableLines | None:
    """The model's lines as functions of the atoms' places; None where there are too many or disordered atoms."""
    if len(symmetry.primitive) > MOST_ATOMS or not symmetry.primitive.is_ordered:
        return None
    lines = MovableLines(symmetry, model.hkl, model.square, ATOM_SIGMA_A)
    return lines if lines.moves.shape[1] <= MOST_MOVES else None


class _Model:
    """The pattern of a crystal as a function of everything that is refined but the atoms."""

    def __init__(self, reflections: Reflections, fit: StrainFit, counts: PatternPoints) -> None:
        hkl = reflections.hkl.astype(np.float64)
        inverse_d = inverse_spacings(hkl, fit.cell)
        sine = np.maximum(counts.wavelength_A * inverse_d / 2, LEAST_SINE)
        angle_deg = 2 * np.degrees(np.arcsin(np.minimum(sine, LARGEST_SINE)))
        near = (sine < LARGEST_SINE) & (angle_deg > counts.two_theta_deg[0] - MARGIN_DEG)
        near &= angle_deg < counts.two_theta_deg[-1] + MARGIN_DEG
        strength = reflections.structure_factor_sq * lorentz_polarisation(sine, counts.polarisation)
        strength = np.where(near, strength * np.exp(-B_EXPECTED_A2 / 2 * inverse_d**2), 0.0)
        chosen = np.argsort(-strength, kind="stable")[:MOST_LINES]
        chosen = chosen[strength[chosen] > FAINTEST * strength.max(initial=0.0)]
        self.hkl = hkl[chosen]
        self.square: Array = reflections.structure_factor_sq[chosen].astype(np.float64)
        self._counts, self._fit = counts, fit
        self._directions = cell_directions(reflections.system) * CELL_SHARE
        self._cells = len(self._directions)
        metric = reciprocal_metric(fit.cell)
        cosines = [direction_cosines(self.hkl, metric, np.array(axis)) for axis in AXES]
        # slope of March and Dollase's factor by the logarithm of its parameter, where there is no texture
        self._texture = -1.5 * TEXTURE * (3 * np.stack(cosines, axis=1) ** 2 - 1)
        self._total = max(float(np.maximum(counts.excess, 0).sum()), 1e-12)
        self.free = self._cells + 8 + len(AXES)

    def cell(self, at: Array) -> Array:
        """(6,) conventional cell at a point."""
        change = at[: self._cells] @ self._directions
        return np.concatenate([self._fit.cell[:3] * np.exp(change[:3]), self._fit.cell[3:] + change[3:]])

    def lines(self, at: Array) -> tuple[Array, Array, float, Array]:
        """Angles and widths of all lines, Kα2's after Kα1's, the Lorentzian share, and intensities for |F|² = 1."""
        counts, fit = self._counts, self._fit
        zero, off, width, size, strain, shape, thermal, second = at[self._cells : self._cells + 8]
        inverse_d = inverse_spacings(self.hkl, self.cell(at))
        sine = np.clip(counts.wavelength_A * inverse_d / 2, LEAST_SINE, LARGEST_SINE)
        theta = np.arcsin(sine)
        angle_deg = 2 * np.degrees(theta) + fit.zero_shift_deg + SHIFT_deg * (zero + off * np.cos(theta))
        growth = SIZE_deg * np.exp(SIZE_STEP * size) / np.cos(theta)
        growth += STRAIN_deg * np.exp(STRAIN_STEP * strain) * np.tan(theta)
        fwhm_deg = np.hypot(max(fit.fwhm_deg, counts.width_deg / 2) * np.exp(WIDTH_STEP * width), growth)
        bent = self._texture @ at[self._cells + 8 : self.free]
        unit = lorentz_polarisation(sine, counts.polarisation) * np.exp(
            np.clip(bent, -MOST_TEXTURE, MOST_TEXTURE) - (fit.b_iso_A2 + B_STEP_A2 * thermal) * inverse_d**2 / 2
        )
        if counts.second_A:
            share = 0.5 / (1 + np.exp(-2 * second))
            apart = np.arcsin(np.minimum(counts.second_A / counts.wavelength_A * sine, LARGEST_SINE)) - theta
            angle_deg = np.concatenate([angle_deg, angle_deg + 2 * np.degrees(apart)])
            fwhm_deg = np.concatenate([fwhm_deg, fwhm_deg])
            unit = np.concatenate([unit, share * unit]) / (1 + share)
        return angle_deg, fwhm_deg, float(1 / (1 + np.exp(-shape))), unit

    def pattern(self, at: Array, square: Array) -> tuple[Array, Array]:
        """(n,) pattern of lines with some |F|², and (n,) sum of the lines' squares."""
        counts = self._counts
        angle_deg, fwhm_deg, lorentzian, unit = self.lines(at)
        out, squares = np.empty(len(counts.excess)), np.empty(len(counts.excess))
        area = unit * np.tile(square, len(unit) // max(len(square), 1))
        draw(angle_deg, area, fwhm_deg, lorentzian, counts.two_theta_deg[0], counts.step_deg, out, squares)
        return out, squares

    def state(self, at: Array, square: Array, grains: float) -> _State:
        """How probable the pattern is from one point, with the scale and the background that suit it best."""
        counts = self._counts
        drawn, squares = self.pattern(at, square)
        scale, ground = self._total / max(float(drawn.sum()), 1e-12), np.zeros(len(drawn))
        for turn in range(3):
            y = scale * drawn
            variance = counts.variance + (grains * scale) ** 2 * squares + (SHAPE_ERROR * y) ** 2 + LEAST_ERROR**2
            variance += (PLACE_ERROR_deg / counts.step_deg * np.gradient(y)) ** 2
            residual = counts.excess - y - ground
            log, own = _log_density(residual, variance)
            if turn < 2:
                scale, ground = self._scaled(drawn, own / variance)
        likely = counts.independent * float(log.sum())
        misfit = float(np.minimum(residual**2 / variance, 25.0).mean())
        return _State(at, square, likely, drawn, scale, residual, counts.independent * own / variance, misfit)

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
        for j in range(self.free):
            near = state.at.copy()
            near[j] += NUDGE
            columns[:, j] = (self.pattern(near, state.square)[0] - drawn) / NUDGE
        if lines is not None:
            angle_deg, fwhm_deg, lorentzian, unit = self.lines(state.at)
            by_square = lines.slopes(state.at[self.free :])
            areas = np.tile(by_square, (len(unit) // len(by_square), 1)) * unit[:, None]
            drawn_slopes = np.empty((len(drawn), areas.shape[1]))
            draw_slopes(angle_deg, areas, fwhm_deg, lorentzian, counts.two_theta_deg[0], counts.step_deg, drawn_slopes)
            columns[:, self.free :] = drawn_slopes
        columns -= np.outer(drawn, columns.sum(axis=0) / total)
        return np.asarray(state.scale * columns)

    def _scaled(self, drawn: Array, weight: Array) -> tuple[float, Array]:
        """The scale and the slow background that leave least, by weighted least squares."""
        functions, excess = self._counts.background_functions, self._counts.excess
        factor = self._total / max(float(drawn.sum()), 1e-12)
        columns = np.column_stack([factor * drawn, functions])
        normal = columns.T @ (columns * weight[:, None])
        normal += np.diag(np.append(1e-9, np.full(functions.shape[1], HUMP**-2)))
        found = np.linalg.solve(normal, columns.T @ (weight * excess))
        return factor * max(float(found[0]), LEAST_SCALE), functions @ found[1:]


def _climb(model: _Model, state: _State, grains: float, turns: int, lines: MovableLines | None) -> tuple[_State, float]:
    """The best point that Gauss-Newton steps reach, and the logarithm of the evidence there.

    It is the integral over all coordinates (Laplace's approximation) at the likeliest size of displacements.
    """
    atoms = slice(model.free, len(state.at))
    size, tight, freedom = FIRST_SIZE, np.ones(len(state.at)), 0.0
    tight[atoms] = size**-2
    for _ in range(turns):
        slopes = model.slopes(state, lines)
        curvature = slopes.T @ (slopes * state.weight[:, None]) + np.diag(tight)
        freedom = float(np.linalg.slogdet(curvature)[1]) - float(np.log(tight).sum())
        step = np.linalg.solve(curvature, slopes.T @ (state.weight * state.residual) - tight * state.at)
        step = np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        before = state
        for part in SHORTER:
            at = before.at + part * step
            new = model.state(at, model.square if lines is None else lines.square(at[atoms]), grains)
            if new.probable(tight) > before.probable(tight):
                state = new
                break
        gain = state.probable(tight) - before.probable(tight)
        if lines is not None:
            learned = _learned_size(state.at[atoms], (tight * np.linalg.inv(curvature).diagonal())[atoms])
            gain, size = gain + abs(np.log(learned / size)), learned
            tight[atoms] = size**-2
        if state is before or gain < LEAST_GAIN:
            break
    held = HELD * (np.log(size) + 0.5 / size**2 - 0.5) if lines is not None else 0.0
    return state, state.probable(tight) - 0.5 * freedom - held


def _learned_size(displacements: Array, unseen: Array) -> float:
    """Size of displacements that makes those found most probable, in units of the typical one.

    Args:
        displacements: (m,) in the same units.
        unseen: (m,) share of each one's expected variance that is left once the pattern is known.
    """
    seen = len(displacements) - float(unseen.sum())
    return min(float(np.sqrt((displacements @ displacements + HELD) / (seen + HELD))), LARGEST_SIZE)


def _log_density(residual: Array, variance: Array) -> tuple[Array, Array]:
    """(n,) logarithm of each residual's density, and (n,) probability that it is none of something else."""
    own = np.log(1 - FOREIGN) - 0.5 * residual**2 / variance - 0.5 * np.log(2 * np.pi * variance)
    other = np.log(FOREIGN / (2 * FOREIGN_HEIGHT)) - np.abs(residual) / FOREIGN_HEIGHT
    log = np.logaddexp(own, other)
    return log, np.exp(own - log)
