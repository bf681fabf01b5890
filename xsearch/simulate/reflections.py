"""The powder reflections of a crystal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS


@dataclass(frozen=True, slots=True, eq=False)
class Reflections:
    """Reflections of one crystal, free of any wavelength: the Lorentz-polarisation factor is not in them.

    Equivalent reflections are merged into one line that carries their number. Indices refer to the conventional
    cell of the space group, so that a strain allowed by the crystal system moves every line by its `hkl` alone.

    Attributes:
        hkl: (n, 3) int16, one representative a line, in the conventional cell.
        structure_factor_sq: (n,) float32, |F|² of the conventional cell summed over the equivalents, electrons².
        multiplicity: (n,) int16, how many equivalents were merged.
        cell: (6,) float64, a b c in Å and α β γ in degrees of the conventional cell.
        crystal_system: `cubic`, `hexagonal`, `trigonal`, `tetragonal`, `orthorhombic`, `monoclinic`, `triclinic`;
            trigonal crystals are in the hexagonal setting.
    Lines stand in order of falling d.
    """

    hkl: NDArray[np.int16]
    structure_factor_sq: NDArray[np.float32]
    multiplicity: NDArray[np.int16]
    cell: NDArray[np.float64]
    crystal_system: str

    @property
    def system(self) -> int:
        """Code of the crystal system, its place in `CRYSTAL_SYSTEMS`."""
        return CRYSTAL_SYSTEMS.index(self.crystal_system)

    def __len__(self) -> int:
        return len(self.structure_factor_sq)
