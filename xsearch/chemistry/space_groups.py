"""Names and crystal systems of the space groups."""

import re
from bisect import bisect_left
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import CrystalError

CRYSTAL_SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic")
TRICLINIC, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL, TRIGONAL, HEXAGONAL, CUBIC = range(len(CRYSTAL_SYSTEMS))
"""The code of a crystal system is its place in `CRYSTAL_SYSTEMS`, here and in every table and compiled loop."""

LAST_GROUPS = (2, 15, 74, 142, 167, 194, 230)
"""Number of the last space group of each."""

SYSTEM_OF_GROUP: NDArray[np.int64] = np.array(
    [len(CRYSTAL_SYSTEMS), *np.searchsorted(LAST_GROUPS, np.arange(1, LAST_GROUPS[-1] + 1))]
)
"""(231,) place in `CRYSTAL_SYSTEMS` of the system of each space group by its number, one past the last for 0, which
stands for an unknown group."""

MODERN = {39: "Aem2", 41: "Aea2", 64: "Cmce", 67: "Cmme", 68: "Ccce"}
"""Groups with a double glide plane, as the International Tables write them since 1992."""


def crystal_system(space_group: int) -> str:
    """The crystal system of a space group number."""
    if not 1 <= space_group <= LAST_GROUPS[-1]:
        raise CrystalError(f"Space group {space_group} does not exist; 1 to 230 are expected.")
    return CRYSTAL_SYSTEMS[bisect_left(LAST_GROUPS, space_group)]


@cache
def space_group_symbol(number: int) -> str:
    """The short Hermann-Mauguin symbol of a space group, with screw axes as `4_2`, such as `P4_2/mnm` for 136."""
    import gemmi

    if number in MODERN:
        return MODERN[number]
    found = gemmi.find_spacegroup_by_number(number) if number > 0 else None
    if found is None:
        raise ValueError(f"Space group {number} does not exist; 1 to 230 are expected.")
    centring, *axes = found.hm.split()
    if 3 <= number <= 15:  # monoclinic: only the unique axis is named
        axes = [axis for axis in axes if axis != "1"]
    return centring + "".join(re.sub(r"^([2346])([1-5])", r"\1_\2", axis) for axis in axes)
