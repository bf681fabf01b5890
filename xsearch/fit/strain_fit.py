"""The strain fit: the cell of a crystal, a zero shift and line widths, fitted to a pattern by its correlation.

Unlike the strain of `xsearch.fit.correlation`, which is linear and small and serves thousands of stored crystals, this
one may be large, as a predicted cell needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.log_q_pattern import N_BINS, LogQPattern, smoothed, tap_table
from xsearch.fit.points import PatternPoints
from xsearch.fit.residuals import Residuals, residuals_of_cell
from xsearch.fit.settings import B_EXPECTED_A2, STRAIN_FIT, StrainFitSettings
from xsearch.fit.strain_descent_kernels import correlation_at, descend, state_of
from xsearch.fit.strain_fit_kernels import deposit, positions, scan
from xsearch.simulate.line_kernels import lorentz_polarisation
from xsearch.simulate.powder import spacings
from xsearch.simulate.reflections import Reflections
from xsearch.simulate.strain import ALLOWED_STRAINS

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class StrainFit:
    """How well a crystal fits a pattern with the best cell.

    Attributes:
        correlation: Pearson's r at each smoothing of the pattern.
        cell: (6,) a b c in Å and angles in degrees.
        strain: mean ln(length / given length).
        shape: root mean square difference of the axes' strains from their mean.
        turn_deg: largest change of an angle.
        zero_shift_deg: added to the calculated 2θ.
        fwhm_deg: of the lines.
        b_iso_A2: overall displacement factor.
        unexplained: share of the pattern's net intensity farther than a line width from any line, 0 to 1.
        missing: share of the calculated intensity where the pattern has next to nothing, 0 to 1.
        free: number of cell parameters that the crystal system leaves free.
        lines: lines within the pattern that are not faint.
    """

    correlation: tuple[float, ...]
    cell: Array
    strain: float
    shape: float
    turn_deg: float
    zero_shift_deg: float
    fwhm_deg: float
    b_iso_A2: float
    unexplained: float
    missing: float
    free: int
    lines: int

    def residuals(self, points: PatternPoints, reflections: Reflections) -> Residuals:
        """Residuals of the pattern, with the scale fitted besides; a zero shift, a width and B are free as well."""
        return residuals_of_cell(
            points, reflections, self.cell, zero_shift_deg=self.zero_shift_deg, fwhm_deg=self.fwhm_deg,
            b_iso_A2=self.b_iso_A2, free=self.free + 4,
        )  # fmt: skip


def cell_directions(system: int, settings: StrainFitSettings = STRAIN_FIT) -> Array:
    """(p, 6) changes of ln a, ln b, ln c and of the angles in degrees, one standard deviation each.

    All lengths together, and where the crystal system leaves more than that free, each of `ALLOWED_STRAINS`.
    """
    allowed = ALLOWED_STRAINS[system]
    size = np.array([1.0, 1, 1, 0, 0, 0])
    directions = size[None] if len(allowed) == 1 else np.vstack([size, allowed])
    return directions * np.repeat([settings.length_sigma, settings.angle_sigma_deg], 3)


def fit_strain(
    reflections: Reflections, target: LogQPattern, scale: float, settings: StrainFitSettings = STRAIN_FIT
) -> StrainFit:
    """Strain one crystal's cell to the pattern.

    Over ever narrower smoothing, `misfit_weight` times the logarithm of the misfit and half the squared changes of
    cell, zero shift and thermal motion, in their standard deviations, are brought to their least (BFGS, analytic
    slopes).

    Args:
        reflections: of the crystal in its predicted cell.
        target: the pattern.
        scale: ln(length / predicted) to start from, from the screening.
        settings: of the fit.
    """
    smoothings = target.settings.smoothings
    d_A = spacings(reflections.hkl, reflections.cell)
    strength = reflections.structure_factor_sq * np.exp(-B_EXPECTED_A2 / 2 / d_A**2)
    strength = strength * lorentz_polarisation(target.wavelength_A / 2 / d_A, target.polarisation)
    order = np.argsort(-strength, kind="stable")[: settings.most_lines]
    order = order[strength[order] > settings.faintest * strength.max()]
    hkl, intensity = reflections.hkl[order].astype(np.float64), strength[order].astype(np.float64)
    s_sq = 0.25 / d_A[order] ** 2
    directions = cell_directions(reflections.system, settings)
    taps, reaches = tap_table()
    first = np.array([*reflections.cell, 0.0, target.fwhm_deg])
    start = first.copy()
    start[:3] *= np.exp(scale)
    frame = (target.low, target.high, target.total)
    best = scan(
        hkl[: settings.scan_lines], intensity[: settings.scan_lines], start, reflections.system, target.rows[0], taps,
        reaches, *frame, target.cuts[0], smoothings[0], target.wavelength_A,
        np.array([settings.length_sigma, settings.scan_penalty]),
        np.linspace(-settings.scan_reach, settings.scan_reach, settings.scan_steps), np.array(settings.scan_shapes),
        first,
    )  # fmt: skip
    changes = _changes(np.log(best[:3] / first[:3]), directions, settings)
    slopes = np.empty(len(changes))

    def problem(place: int) -> tuple[Any, ...]:
        return (
            hkl, intensity, s_sq, first, directions, target.rows[place], taps, reaches, *frame, target.cuts[place],
            smoothings[place], target.wavelength_A, settings.zero_sigma_deg, settings.b_sigma_A2,
        )  # fmt: skip

    def correlation(x: Array, place: int) -> float:
        return float(correlation_at(x, *problem(place), slopes))

    for place in range(len(smoothings)):
        if place == 1:
            widths = np.clip(np.array(settings.fwhm_factors) * target.fwhm_deg, 0.03, 1.5)
            tried = []
            for width in widths:
                first[7] = width
                tried.append(correlation(changes, 2))
            first[7] = widths[int(np.argmax(tried))]
        changes = descend(
            changes, problem(place), settings.misfit_weight, settings.least_misfit, settings.farthest,
            settings.most_steps, settings.most_line_steps, settings.misfit_tolerance, settings.slope_tolerance,
        )  # fmt: skip
    state = _state(first, directions, changes, settings)
    values = tuple(correlation(changes, place) for place in range(len(smoothings)))
    strains = np.log(state[:3] / reflections.cell[:3])
    log_q, sigma, out = np.empty(len(hkl)), np.empty(len(hkl)), np.zeros(N_BINS)
    positions(hkl, state, target.wavelength_A, smoothings[-1], log_q, sigma)
    deposit(log_q, intensity, sigma, taps, reaches, target.low, target.high, out)
    unexplained, missing = _shares(out, target)
    return StrainFit(
        correlation=values,
        cell=state[:6].copy(),
        strain=float(strains.mean()),
        shape=float(np.sqrt(((strains - strains.mean()) ** 2).mean())),
        turn_deg=float(np.abs(state[3:6] - first[3:6]).max()),
        zero_shift_deg=float(state[6]),
        fwhm_deg=float(state[7]),
        b_iso_A2=float(B_EXPECTED_A2 + settings.b_sigma_A2 * changes[-1]),
        unexplained=unexplained,
        missing=missing,
        free=len(ALLOWED_STRAINS[reflections.system]),
        lines=int((intensity > 0.01 * intensity.max()).sum()),
    )


def _changes(strains: Array, directions: Array, settings: StrainFitSettings) -> Array:
    """Strains of a, b and c as changes along `cell_directions`; angles, zero shift and thermal motion stay."""
    changes = np.zeros(len(directions) + 2)
    changes[0] = strains.mean() / settings.length_sigma
    for place, direction in enumerate(directions[1:], start=1):
        if direction[:3].any():
            changes[place] = (strains[int(np.argmax(direction))] - strains.mean()) / settings.length_sigma
    return changes


def _state(first: Array, directions: Array, changes: Array, settings: StrainFitSettings = STRAIN_FIT) -> Array:
    """Cell, zero shift and width after changes in standard deviations."""
    state = np.empty(8)
    state_of(first, directions, changes, settings.zero_sigma_deg, state)
    return state


def _shares(drawn: Array, target: LogQPattern) -> tuple[float, float]:
    """Intensity of the pattern away from every line, and of lines where the pattern is empty."""
    inside = slice(target.low, target.high)
    model = drawn[inside] / max(float(drawn[inside].sum()), 1e-12)
    measured = smoothed(target.bins, target.settings.smoothings[-1])[inside]
    measured = np.where(measured > target.cuts[-1][inside], measured, 0.0)
    measured = measured / max(float(measured.sum()), 1e-12)
    return float(measured[model < 0.1 * measured].sum()), float(model[measured < 0.1 * model].sum())
