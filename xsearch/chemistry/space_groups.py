"""Names of the space groups."""

import re
from functools import cache

MODERN = {39: "Aem2", 41: "Aea2", 64: "Cmce", 67: "Cmme", 68: "Ccce"}
"""Groups with a double glide plane, as the International Tables write them since 1992."""


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
