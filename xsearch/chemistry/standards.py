"""Powders and metals that are often in a pattern beside the sample: certified standards, and what holders are made of.

Cells are facts of the certificates of NIST's Standard Reference Materials (SRM), which state them for 22.5 °C; those of
SRM 674b are given for information. Coordinates are those of the structures' usual descriptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.expand import fill_cell, parse_operations
from xsearch.errors import QueryError

Site = tuple[str, float, float, float, float]
"""Element, fractional coordinates, occupancy."""


@dataclass(frozen=True, slots=True)
class Standard:
    """A crystal with a known cell.

    Attributes:
        name: by which it is given, such as `Si640`.
        compound: in words.
        formula: reduced.
        space_group: Hermann-Mauguin symbol.
        a_A, c_A: of the conventional cell; c is that of hexagonal and tetragonal cells.
        sites: the asymmetric unit.
        source: of the cell.
        temperature_C: at which it holds.
    """

    name: str
    compound: str
    formula: str
    space_group: str
    a_A: float
    c_A: float | None
    sites: tuple[Site, ...]
    source: str
    temperature_C: float

    @property
    def crystal(self) -> Crystal:
        """The conventional cell with all its atoms."""
        return _crystal(self)


_SILICON: tuple[Site, ...] = (("Si", 0.125, 0.125, 0.125, 1.0),)
_LAB6: tuple[Site, ...] = (("La", 0.0, 0.0, 0.0, 1.0), ("B", 0.1991, 0.5, 0.5, 1.0))
_CORUNDUM: tuple[Site, ...] = (("Al", 0.0, 0.0, 0.35216, 1.0), ("O", 0.30624, 0.0, 0.25, 1.0))
_CHROMIA: tuple[Site, ...] = (("Cr", 0.0, 0.0, 0.3475, 1.0), ("O", 0.3058, 0.0, 0.25, 1.0))
_CERIA: tuple[Site, ...] = (("Ce", 0.0, 0.0, 0.0, 1.0), ("O", 0.25, 0.25, 0.25, 1.0))
_ZINCITE: tuple[Site, ...] = (("Zn", 1 / 3, 2 / 3, 0.0, 1.0), ("O", 1 / 3, 2 / 3, 0.3821, 1.0))
_RUTILE: tuple[Site, ...] = (("Ti", 0.0, 0.0, 0.0, 1.0), ("O", 0.3048, 0.3048, 0.0, 1.0))
_YTTRIA: tuple[Site, ...] = (
    ("Y", 0.25, 0.25, 0.25, 1.0),
    ("Y", 0.9673, 0.0, 0.25, 1.0),
    ("O", 0.3907, 0.152, 0.3804, 1.0),
)


def _silicon(lot: str, a_A: float) -> Standard:
    return Standard(f"Si640{lot}", "silicon", "Si", "F d -3 m:2", a_A, None, _SILICON, f"NIST SRM 640{lot}", 22.5)


def _lab6(lot: str, a_A: float) -> Standard:
    return Standard(
        f"LaB6_660{lot}", "lanthanum hexaboride", "LaB6", "P m -3 m", a_A, None, _LAB6, f"NIST SRM 660{lot}", 22.5
    )


STANDARDS: tuple[Standard, ...] = (
    *(
        _silicon(lot, a_A)
        for lot, a_A in (
            ("g", 5.431109), ("f", 5.431144), ("e", 5.431179), ("d", 5.43123), ("c", 5.4311946),
        )
    ),
    *(_lab6(lot, a_A) for lot, a_A in (("c", 4.156826), ("b", 4.15689), ("a", 4.1569162))),
    Standard(
        "corundum_676a", "corundum", "Al2O3", "R -3 c:H", 4.759091, 12.991779, _CORUNDUM, "NIST SRM 676a", 22.5
    ),
    Standard("CeO2_674b", "ceria", "CeO2", "F m -3 m", 5.411651, None, _CERIA, "NIST SRM 674b", 22.5),
    Standard("ZnO_674b", "zincite", "ZnO", "P 63 m c", 3.249897, 5.20653, _ZINCITE, "NIST SRM 674b", 22.5),
    Standard("Cr2O3_674b", "eskolaite", "Cr2O3", "R -3 c:H", 4.958979, 13.59592, _CHROMIA, "NIST SRM 674b", 22.5),
    Standard("TiO2_674b", "rutile", "TiO2", "P 42/m n m", 4.593927, 2.958875, _RUTILE, "NIST SRM 674b", 22.5),
    Standard(
        "Y2O3", "yttria", "Y2O3", "I a -3", 10.604, None, _YTTRIA, "NBS Monograph 25, section 3 (1964), 28", 25.0
    ),
)  # fmt: skip
"""By which the angle scale is fixed. Of one material the newest lot comes first."""

PEARSON = "Pearson's Handbook of Lattice Spacings"

HOLDERS: tuple[Standard, ...] = (
    Standard("Al", "aluminium", "Al", "F m -3 m", 4.0495, None, (("Al", 0, 0, 0, 1.0),), PEARSON, 25.0),
    Standard("Cu", "copper", "Cu", "F m -3 m", 3.6149, None, (("Cu", 0, 0, 0, 1.0),), PEARSON, 25.0),
    Standard(
        "brass", "brass", "Zn3Cu7", "F m -3 m", 3.684, None, (("Cu", 0, 0, 0, 0.7), ("Zn", 0, 0, 0, 0.3)), PEARSON, 25.0
    ),
    Standard("Fe", "ferritic steel", "Fe", "I m -3 m", 2.8665, None, (("Fe", 0, 0, 0, 1.0),), PEARSON, 25.0),
    Standard(
        "steel", "austenitic steel", "Cr2Fe7Ni", "F m -3 m", 3.594, None,
        (("Fe", 0, 0, 0, 0.7), ("Cr", 0, 0, 0, 0.2), ("Ni", 0, 0, 0, 0.1)), PEARSON, 25.0,
    ),
    Standard("Si", "silicon", "Si", "F d -3 m:2", 5.4311, None, _SILICON, "NIST SRM 640g", 22.5),
)  # fmt: skip
"""What holders, substrates and their screws are made of."""


def find_standard(name: str) -> Standard:
    """A standard by its name, without regard to case and to the lot's letter: `Si640`, `LaB6_660b`, `Y2O3`.

    Raises:
        QueryError: where there is none of that name; the message lists them.
    """
    wanted = _squeezed(name)
    for one in STANDARDS:
        if wanted in (_squeezed(one.name), _squeezed(one.name).rstrip("abcdefg")):
            return one
    listed = ", ".join(one.name for one in STANDARDS)
    raise QueryError(f"Unknown standard {name!r}; one of {listed} is expected (without a letter, the newest lot).")


def _squeezed(name: str) -> str:
    return name.strip().lower().replace("_", "").replace(" ", "").replace("-", "")


@cache
def _crystal(standard: Standard) -> Crystal:
    import gemmi

    group = gemmi.find_spacegroup_by_name(standard.space_group)
    hexagonal = group.crystal_system_str() in ("hexagonal", "trigonal")
    elements, x, y, z, occupancies = zip(*standard.sites, strict=True)
    crystal, _ = fill_cell(
        lattice_from_parameters(
            standard.a_A, standard.a_A, standard.c_A or standard.a_A, 90.0, 90.0, 120.0 if hexagonal else 90.0
        ),
        np.column_stack([x, y, z]).astype(np.float64),
        elements,
        np.array(occupancies),
        *parse_operations([operation.triplet() for operation in group.operations()]),
    )
    return crystal
