"""Mass and density of crystals."""

from __future__ import annotations

from functools import cache

from xsearch.chemistry.crystal import Crystal

G_CM3 = 1.66053907
"""Of one atomic mass unit in 1 Å³ (CODATA 2018)."""


@cache
def atomic_mass_u(element: str) -> float:
    """Standard atomic weight of an element, as tabulated in pymatgen."""
    from pymatgen.core import Element

    return float(Element(element).atomic_mass)


def cell_mass_u(crystal: Crystal) -> float:
    """Mass of a cell's atoms in atomic mass units."""
    return sum(count * atomic_mass_u(element) for element, count in crystal.composition.items())


def density_g_cm3(crystal: Crystal) -> float:
    """Mass of a cell's atoms over its volume, in g/cm³."""
    return G_CM3 * cell_mass_u(crystal) / crystal.volume_A3
