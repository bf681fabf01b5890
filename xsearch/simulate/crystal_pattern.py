"""The calculated powder pattern of one crystal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xsearch.chemistry.cif import read_cif
from xsearch.chemistry.formula import formula_unit, reduced_formula
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import QueryError
from xsearch.simulate.powder import line_positions, simulate_reflections, spacings
from xsearch.simulate.profile_curve import pattern_curve
from xsearch.simulate.reflections import Reflections
from xsearch.spectra import PowderPattern
from xsearch.spectra.mend import MAX_POINTS, MIN_POINTS
from xsearch.spectra.radiation import parse_wavelength

if TYPE_CHECKING:
    from xsearch.chemistry import Crystal


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedPattern:
    """A crystal's powder pattern by kinematic theory.

    Attributes:
        name: what to call the crystal.
        formula: reduced.
        space_group: number found by the symmetry search.
        reflections: of the crystal.
        pattern: the profile, its strongest point at 100.
        fwhm_deg: full width at half maximum of the lines in degrees 2θ.
    """

    name: str
    formula: str
    space_group: int
    reflections: Reflections
    pattern: PowderPattern
    fwhm_deg: float

    def lines(self) -> list[dict[str, Any]]:
        """The lines in range in order of angle: hkl, multiplicity, d in Å, 2θ in degrees, intensity (strongest 100)."""
        x = self.pattern.two_theta_deg
        two_theta_deg, intensity, which = line_positions(self.reflections, self.pattern.wavelength_A)
        inside = np.flatnonzero((two_theta_deg >= x[0]) & (two_theta_deg <= x[-1]))
        inside = inside[np.argsort(two_theta_deg[inside], kind="stable")]
        d_A = spacings(self.reflections.hkl, self.reflections.cell)[which]
        strongest = intensity[inside].max() if len(inside) else 1.0
        return [
            {
                "hkl": self.reflections.hkl[which[i]].tolist(),
                "multiplicity": int(self.reflections.multiplicity[which[i]]),
                "d_A": float(d_A[i]),
                "two_theta_deg": float(two_theta_deg[i]),
                "intensity": float(100 * intensity[i] / strongest),
            }
            for i in inside
        ]


def simulate_pattern(
    crystal: Crystal,
    wavelength: str | float = "CuKa",
    *,
    two_theta_deg: tuple[float, float] = (5.0, 90.0),
    step_deg: float = 0.01,
    fwhm_deg: float = 0.1,
    name: str = "",
) -> SimulatedPattern:
    """The powder pattern of a crystal.

    Args:
        crystal: of any setting; its symmetry is found here.
        wavelength: in Å, or a name such as `CuKa`.
        two_theta_deg: first and last angle.
        step_deg: between points.
        fwhm_deg: width of the lines.
        name: what to call it.

    Raises:
        QueryError: for a range, step or width that makes no pattern.
        WavelengthError: for a wavelength that means nothing.
        CrystalError: where no symmetry can be found.
    """
    wavelength_A = parse_wavelength(wavelength)
    first, last = two_theta_deg
    if not (0 < first < last < 180 and step_deg > 0 and fwhm_deg > 0):
        raise QueryError(
            f"Angles from {first:g} to {last:g}° in steps of {step_deg:g}° with lines {fwhm_deg:g}° wide make no "
            "pattern; 0 < first < last < 180 and a positive step and width are expected."
        )
    points = round((last - first) / step_deg) + 1
    if not MIN_POINTS <= points <= MAX_POINTS:
        raise QueryError(f"{points:,} points; between {MIN_POINTS} and {MAX_POINTS:,} are expected. Change the step.")
    symmetry = find_symmetry(crystal)
    d_min_A = wavelength_A / (2 * np.sin(np.radians(last / 2)))
    reflections = simulate_reflections([symmetry], d_min_A=d_min_A)[0]
    x = np.linspace(first, last, points)
    y = pattern_curve(reflections, reflections.cell, x, wavelength_A, fwhm_deg)
    if not y.max() > 0:
        raise QueryError(
            f"{name or 'The crystal'} has no reflection between {first:g} and {last:g}° at {wavelength_A:g} Å."
        )
    formula = reduced_formula(formula_unit(crystal))
    pattern = PowderPattern(x, 100 * y / y.max(), wavelength_A, source=name or formula)
    return SimulatedPattern(name or formula, formula, symmetry.number, reflections, pattern, fwhm_deg)


def simulate_cif(path: str | Path, wavelength: str | float = "CuKa", **how: Any) -> SimulatedPattern:
    """The powder pattern of the first crystal in a CIF file; `how` as for `simulate_pattern`."""
    path = Path(path)
    found = read_cif(path.read_text(encoding="utf-8", errors="replace"), path.name)[0]
    return simulate_pattern(found.crystal, wavelength, name=found.name or path.stem, **how)
