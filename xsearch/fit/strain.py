"""Strains that a crystal system allows, and how they move powder lines.

A small strain e of the crystal changes ln q of a reflection with direction n by -n·e·n. The strain is written as a sum
of modes that keep the crystal system: one of them is isotropic, the others change shape only. A zero shift of the
goniometer is one mode more. All is linear in the amplitudes, so that a fit is a few small matrices.
"""

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS

MAX_MODES = 7
ZERO_SHIFT = 6
"""Place of the zero shift among the amplitudes; strain modes take 0 to 5."""

STRAIN_MODES = {
    "cubic": 1,
    "hexagonal": 2,
    "trigonal": 2,
    "tetragonal": 2,
    "orthorhombic": 3,
    "monoclinic": 4,
    "triclinic": 6,
}
MODES_BY_CODE = np.array([STRAIN_MODES[system] for system in CRYSTAL_SYSTEMS], np.int64)
"""Number of strain modes by the code of `Columns.crystal_system`."""


def strain_tensor(amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) strain of the first six amplitudes: x along a, z normal to a and b."""
    iso, axial, planar, xz, xy, yz = amplitudes[:6]
    return np.array(
        [
            [iso - axial / 3 + planar / 2, xy / 2, xz / 2],
            [xy / 2, iso - axial / 3 - planar / 2, yz / 2],
            [xz / 2, yz / 2, iso + 2 * axial / 3],
        ]
    )
