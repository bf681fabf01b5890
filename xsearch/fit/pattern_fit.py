"""How a crystal fits a powder pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xsearch.fit.residuals import Residuals

Cell = tuple[float, float, float, float, float, float]
"""a b c in Å, α β γ in degrees."""


@dataclass(frozen=True, slots=True)
class LeBailFit:
    """Weighted misfits as shares of the pattern's weighted square.

    Attributes:
        cell: of the pattern with free intensities: whether the cell has the lines.
        crystal: of the calculated intensities with the free ones: whether the crystal gives them.
        whole: of the calculated intensities with the pattern.
        points: mean square of what the calculated intensities leave, in its expected size; 1 where nothing is wrong.
        log_march: natural logarithm of the March parameter of preferred orientation, 0 without.
        march_axis: indices of the planes that it orients.
        correlations: of the profile with that orientation, on the scales of the match.
        amplitudes: strain modes and zero shift where the lines settled, as of `xsearch.fit.strain`.
        residuals: of the pattern with free intensities.
        residuals_calculated: of the pattern with the calculated ones.
    """

    cell: float
    crystal: float
    whole: float
    points: float
    log_march: float
    correlations: tuple[float, ...]
    amplitudes: tuple[float, ...] = (0.0,) * 7
    march_axis: tuple[int, int, int] = (0, 0, 1)
    residuals: Residuals | None = None
    residuals_calculated: Residuals | None = None


@dataclass(frozen=True, slots=True)
class PatternFit:
    """A crystal fitted to a powder pattern.

    Attributes:
        strain: mean linear strain ln(measured / stored length) of the cell.
        cell: the conventional cell strained to the pattern.
        zero_shift_deg: added to the calculated 2θ, in degrees.
        unexplained: share of the measured net intensity that the crystal leaves, 0 to 1.
        fwhm_deg: typical full width at half maximum of the pattern's lines, in degrees 2θ.
        expected_strain: mean linear strain that was expected of the stored cell, where one was.
        shape_change: size of the strain beyond its isotropic part, where it was fitted by strain modes.
        n_lines: lines of the crystal in the measured range that are strong enough to be seen.
        correlations: width in ln q to the profile correlation at that width.
        le_bail: of the lines, where they were fitted.
    """

    strain: float
    cell: Cell
    zero_shift_deg: float
    unexplained: float
    fwhm_deg: float
    expected_strain: float | None = None
    shape_change: float | None = None
    n_lines: int = 0
    correlations: Mapping[float, float] = field(default_factory=dict)
    le_bail: LeBailFit | None = None
