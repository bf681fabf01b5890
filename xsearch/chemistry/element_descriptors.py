"""The elements as SpecFusionNet describes them: five numbers, the atomic number, and a kind.

As in Wang et al., Chem. Sci. (2026), https://doi.org/10.1039/d6sc00651e.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import SYMBOLS

DESCRIPTORS = ("electronegativity", "radius", "first ionisation", "second ionisation", "third ionisation")
"""The numbers that describe an element, in order."""

KINDS = ("transition metal", "lanthanoid or actinoid", "other metal", "metalloid", "nonmetal")
TRANSITION_METAL = 0

TRANSITION_METALS = frozenset("Sc Ti V Cr Mn Fe Co Ni Cu Zn Y Zr Nb Mo Tc Ru Rh Pd Ag Cd".split())
"""The 3d and 4d rows; those of the 5d row count as other metals, as published."""


@cache
def element_descriptors() -> NDArray[np.float32]:
    """(98, 5) of each element by atomic number, with zero mean and unit spread: Pauling electronegativity, atomic
    radius and the first three ionisation energies, as tabulated in pymatgen; zero where there is none."""
    from pymatgen.core.periodic_table import Element

    rows = []
    for symbol in SYMBOLS:
        element = Element(symbol)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # noble gases without an electronegativity
            electronegativity = element.X
        energies = [np.nan if one is None else float(one) for one in element.ionization_energies[:3]]
        radius = element.atomic_radius
        size = np.nan if radius is None else float(radius)
        rows.append([electronegativity, size, *energies, *[np.nan] * (3 - len(energies))])
    table = np.array(rows, np.float64)
    return np.nan_to_num((table - np.nanmean(table, axis=0)) / np.nanstd(table, axis=0)).astype(np.float32)


@cache
def element_kinds() -> NDArray[np.int64]:
    """(98,) place in `KINDS` of each element by atomic number."""
    from pymatgen.core.periodic_table import Element

    found = []
    for symbol in SYMBOLS:
        element = Element(symbol)
        if symbol in TRANSITION_METALS:
            found.append(TRANSITION_METAL)
        elif element.is_lanthanoid or element.is_actinoid:
            found.append(1)
        elif element.is_metal:
            found.append(2)
        else:
            found.append(3 if element.is_metalloid else 4)
    return np.array(found)
