"""How a crystal fits a powder pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Cell = tuple[float, float, float, float, float, float]
"""a b c in Å, α β γ in degrees."""


@dataclass(frozen=True, slots=True)
class PatternFit:
    """A crystal fitted to a powder pattern.

    Attributes:
        strain: mean linear strain ln(measured / stored length) of the cell.
        cell: the conventional cell strained to the pattern.
        zero_shift_deg: added to the calculated 2θ, in degrees.
        unexplained: share of the measured net intensity that the crystal leaves, 0 to 1.
        fwhm_deg: typical full width at half maximum of the pattern's lines, in degrees 2θ.
        expected_strain: mean linear strain that was expected of the stored cell.
        shape_change: size of the strain beyond its isotropic part.
        n_lines: lines of the crystal in the measured range that are strong enough to be seen.
        correlations: width in ln q to the profile correlation at that width.
        residuals: of closer fits, where they were made.
    """

    strain: float
    cell: Cell
    zero_shift_deg: float
    unexplained: float
    fwhm_deg: float
    expected_strain: float = 0.0
    shape_change: float = 0.0
    n_lines: int = 0
    correlations: Mapping[float, float] = field(default_factory=dict)
    residuals: Residuals | None = None


@dataclass(frozen=True, slots=True)
class Residuals:
    """Weighted squared residuals of whole-pattern fits, as shares of what was fitted.

    Attributes:
        le_bail: of the pattern, with free intensities: whether the cell gives the lines.
        intensities: of the free intensities, with the calculated ones: whether the crystal gives them.
        calculated: of the pattern, with the calculated intensities.
    """

    le_bail: float
    intensities: float
    calculated: float
