"""Names and crystal systems of the space groups."""

import re
from bisect import bisect_left
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import CrystalError, QueryError
from xsearch.options import CrystalSystem, parse_choice

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


def groups_of(system: str | None, space_group: int | None) -> frozenset[int] | None:
    """Numbers of the space groups that a crystal system and a space group leave; None where both leave all.

    Raises:
        QueryError: where the system does not exist, or the space group belongs to another one.
    """
    if system is None:
        return None if space_group is None else frozenset({space_group})
    code = CRYSTAL_SYSTEMS.index(parse_choice(CrystalSystem, system, "crystal system"))
    of_system = frozenset(np.flatnonzero(code == SYSTEM_OF_GROUP).tolist())
    if space_group is None:
        return of_system
    if space_group not in of_system:
        raise QueryError(f"Space group {space_group} is {crystal_system(space_group)}, not {system}; give one of them.")
    return frozenset({space_group})


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


def primitive_share(number: int) -> float:
    """Volume of the primitive cell over that of the conventional one, rhombohedral lattices on hexagonal axes."""
    return {"P": 1.0, "F": 1 / 4, "R": 1 / 3}.get(space_group_symbol(number)[0], 1 / 2)


def space_group_number(text: int | str) -> int:
    """The number of a space group from its number or symbol, such as `227`, `Fd-3m`, `P4_2/mnm` or `P 42/m n m`.

    Raises:
        QueryError: where there is none.
    """
    import gemmi

    word = str(text).strip()
    if word.isdecimal():
        number = int(word)
        if 1 <= number <= LAST_GROUPS[-1]:
            return number
    modern = {symbol: number for number, symbol in MODERN.items()}
    squeezed = re.sub(r"[\s_]", "", word)
    found = None if word.isdecimal() else gemmi.find_spacegroup_by_name(squeezed)
    if found is None and squeezed not in modern:
        raise QueryError(f"Unknown space group {word!r}; a number from 1 to 230 or a symbol such as Fd-3m is expected.")
    return modern[squeezed] if found is None else int(found.number)
