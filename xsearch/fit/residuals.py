"""How far a calculated pattern stays from a measured one, in the numbers of the powder CIF dictionary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.points import PatternPoints
from xsearch.fit.rietveld_kernels import draw
from xsearch.simulate.powder import line_positions
from xsearch.simulate.profile_curve import LORENTZIAN
from xsearch.simulate.reflections import Reflections

Array = NDArray[np.float64]

MOST_NORMALISED_SQ = 25.0
"""Squared normalised residuals enter the misfit with this at most, so that one foreign line does not decide it."""


def misfit(residual: Array, variance: Array) -> float:
    """Mean square of residuals (n,) in their expected size; 1 where nothing is wrong, `MOST_NORMALISED_SQ` at most."""
    return float(np.minimum(residual**2 / variance, MOST_NORMALISED_SQ).mean())


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals of a profile, of intensities above the background.

    See R. A. Young, The Rietveld Method (1993), table 1.3, and pdCIF `_pd_proc_ls_prof_R_factor`,
    `_pd_proc_ls_prof_wR_factor` and `_refine_ls_goodness_of_fit_all` (the square root of χ²).

    Attributes:
        r: sum of |observed - calculated| over the sum of |observed|, 0 to 1 and more.
        r_wp: root of the sum of w (observed - calculated)² over that of w observed², w being 1 / variance.
        chi_squared: sum of w (observed - calculated)² for each point beyond the free parameters.
    """

    r: float
    r_wp: float
    chi_squared: float

    @classmethod
    def of(cls, observed: Array, calculated: Array, variance: Array, free: int) -> Residuals:
        """Of (n,) intensities with their variances, for so many free parameters."""
        apart = observed - calculated
        misfit, square = float((apart**2 / variance).sum()), float((observed**2 / variance).sum())
        return cls(
            r=float(np.abs(apart).sum() / max(float(np.abs(observed).sum()), 1e-12)),
            r_wp=float(np.sqrt(misfit / max(square, 1e-12))),
            chi_squared=misfit / max(len(observed) - free, 1),
        )


def residuals_of_cell(
    points: PatternPoints,
    reflections: Reflections,
    cell: Array,
    *,
    zero_shift_deg: float,
    fwhm_deg: float,
    b_iso_A2: float = 0.0,
    free: int = 1,
) -> Residuals:
    """Residuals of a crystal as a correlation or a strain fit leaves it, with nothing refined but the scale.

    Args:
        points: of the pattern.
        reflections: of the crystal.
        cell: (6,) conventional.
        zero_shift_deg: added to the calculated 2θ.
        fwhm_deg: of the lines, half Gaussian and half Lorentzian.
        b_iso_A2: overall displacement factor.
        free: parameters that were fitted, the scale among them.
    """
    angles, intensity, _ = line_positions(reflections, points.wavelength_A, cell, points.polarisation)
    intensity *= np.exp(-2 * b_iso_A2 * (np.sin(np.radians(angles / 2)) / points.wavelength_A) ** 2)
    calculated, squares = np.empty(len(points.excess)), np.empty(len(points.excess))
    widths = np.full(len(angles), max(fwhm_deg, points.width_deg / 2))
    draw(
        angles + zero_shift_deg, intensity, widths, LORENTZIAN, points.two_theta_deg[0], points.step_deg,
        calculated, squares,
    )  # fmt: skip
    weighted = calculated / points.variance
    square = float(weighted @ calculated)
    scale = max(float(weighted @ points.excess) / square, 0.0) if square > 0 else 0.0
    return Residuals.of(points.excess, scale * calculated, points.variance, free)
