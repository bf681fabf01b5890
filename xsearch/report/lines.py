"""The lines of a hit as far as its pattern reaches."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.hit import Hit
from xsearch.chemistry.strained_crystal import stored_setting
from xsearch.errors import CrystalError
from xsearch.fit.pattern_fit import PatternFit
from xsearch.simulate import Reflections
from xsearch.simulate.powder import line_positions, simulate_reflections, spacings
from xsearch.spectra import PowderPattern

SMALLEST_D_A = 0.4
"""Below this no powder line is resolved; a pattern that reaches further is drawn without."""

BEYOND = 0.97
"""Lines are wanted a little beyond the pattern's end: strain may bring them in."""


def reflections_in_range(hit: Hit, pattern: PowderPattern) -> Reflections:
    """The reflections of the cell that matched, to the end of the pattern.

    An index stores lines to a smallest spacing, and a short wavelength sees further. Then they are calculated again,
    unless the crystal's setting is not found as it was stored.
    """
    end_A = pattern.wavelength_A / (2 * np.sin(np.radians(pattern.two_theta_deg[-1] / 2)))
    wanted_A = max(SMALLEST_D_A, BEYOND * float(end_A))
    stored = hit.reflections
    if len(stored) == 0 or float(spacings(stored.hkl[-1:], stored.cell)[0]) <= wanted_A:
        return stored
    matched = hit.matched_entry
    symmetry = stored_setting(matched.crystal, matched.symprec_A, stored.cell)
    if symmetry is None:
        return stored
    with suppress(CrystalError):
        return simulate_reflections([symmetry], d_min_A=wanted_A)[0]
    return stored


def lines_in_range(
    fit: PatternFit, reflections: Reflections, pattern: PowderPattern, faintest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """The lines of the strained cell in a pattern's range, where the instrument sees them.

    Args:
        fit: of the crystal to the pattern.
        reflections: of the crystal.
        pattern: what was measured.
        faintest: share of the strongest line in range below which lines are left out.

    Returns:
        (m,) angles in degrees, zero shift included; (m,) intensities relative to the strongest; (m,) places of the
        reflections.
    """
    two_theta_deg, intensity, which = line_positions(reflections, pattern.wavelength_A, np.array(fit.cell))
    seen_deg = two_theta_deg + fit.zero_shift_deg
    inside = (seen_deg >= pattern.two_theta_deg[0]) & (seen_deg <= pattern.two_theta_deg[-1])
    relative = intensity / intensity[inside].max(initial=np.finfo(float).tiny)
    keep = inside & (relative >= faintest)
    return seen_deg[keep], relative[keep], which[keep]
