"""The lines of a hit as far as its pattern reaches."""

from __future__ import annotations

import numpy as np

from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError
from xsearch.results.hit import Hit
from xsearch.results.structures import SAME_CELL
from xsearch.simulate import Reflections
from xsearch.simulate.powder import simulate_reflections, spacings
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
    try:
        symmetry = find_symmetry(hit.matched_entry.crystal, hit.matched_entry.symprec_A)
        if not np.allclose(symmetry.cell, stored.cell, rtol=SAME_CELL):
            return stored
        return simulate_reflections([symmetry], d_min_A=wanted_A)[0]
    except CrystalError:
        return stored
