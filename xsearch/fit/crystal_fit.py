"""A crystal fitted to a pattern, stored or inferred, by the same two levels: strain fit, then Rietveld refinement."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.chemistry.symmetry import Symmetry
from xsearch.fit.prepared_pattern import PreparedPattern
from xsearch.fit.rietveld import Refined, refine
from xsearch.fit.strain_fit import StrainFit, fit_strain
from xsearch.simulate.powder import simulate_reflections

D_MIN_A = 1.08
"""Smallest spacing that is simulated for a fit: Cu Kα reaches it at 91° 2θ."""


@dataclass(frozen=True, slots=True, eq=False)
class CrystalFit:
    """How well a crystal fits a pattern.

    Attributes:
        strain_fit: where the refinement started.
        refined: the Rietveld refinement; its log-evidence compares any two crystals.
    """

    strain_fit: StrainFit
    refined: Refined


def smallest_spacing_A(wavelength_A: float) -> float:
    """Smallest spacing to simulate for a fit, a little above what the wavelength reaches."""
    return max(D_MIN_A, 0.51 * wavelength_A)


def fit_crystal(symmetry: Symmetry, pattern: PreparedPattern, strain: float = 0.0) -> CrystalFit | None:
    """Fit a crystal to a pattern; None where it has no line in range.

    Args:
        symmetry: of the crystal.
        pattern: prepared.
        strain: ln(length / given length) to start from, such as a profile correlation finds.

    Raises:
        SpectrumError: where the pattern covers too short a range.
    """
    reflections = simulate_reflections([symmetry], d_min_A=smallest_spacing_A(pattern.net.wavelength_A))[0]
    if not len(reflections):
        return None
    fit = fit_strain(reflections, pattern.log_q, strain)
    return CrystalFit(fit, refine(reflections, symmetry, fit, pattern.points))
