"""A crystal as flat arrays: what the simulator reads and the indexes store."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import CrystalError

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True, slots=True, eq=False)
class Crystal:
    """A unit cell and its atoms. A site shared by several elements is several entries at one position.

    Attributes:
        lattice_A: (3, 3) float64, rows are the cell vectors in Å.
        frac_coords: (n, 3) float64.
        elements: n element symbols; deuterium and tritium are hydrogen here.
        occupancies: (n,) float64 in (0, 1].
    """

    lattice_A: NDArray[np.float64]
    frac_coords: NDArray[np.float64]
    elements: tuple[str, ...]
    occupancies: NDArray[np.float64]

    def __post_init__(self) -> None:
        lattice = np.ascontiguousarray(self.lattice_A, dtype=np.float64)
        coords = np.ascontiguousarray(self.frac_coords, dtype=np.float64).reshape(-1, 3)
        occupancies = np.ascontiguousarray(self.occupancies, dtype=np.float64)
        elements = tuple(str(e) for e in self.elements)
        if lattice.shape != (3, 3) or not np.isfinite(lattice).all():
            raise CrystalError(f"The cell must be three finite vectors, got an array of shape {lattice.shape}.")
        if abs(np.linalg.det(lattice)) < 1.0:
            raise CrystalError(
                f"The cell's volume is {abs(np.linalg.det(lattice)):.3g} Å³; a crystal needs at least 1 Å³."
            )
        if not elements:
            raise CrystalError("The cell holds no atoms.")
        if not len(elements) == len(coords) == len(occupancies):
            raise CrystalError(
                f"{len(elements)} elements, {len(coords)} positions and {len(occupancies)} occupancies do not agree."
            )
        if unknown := sorted({e for e in elements if e not in ATOMIC_NUMBERS}):
            raise CrystalError(f"Unknown element{'s' if len(unknown) > 1 else ''} {', '.join(unknown)}.")
        if not np.isfinite(coords).all():
            raise CrystalError("A position is not a finite number.")
        if not ((occupancies > 0) & (occupancies <= 1 + 1e-6)).all():
            raise CrystalError("Occupancies must lie above 0 and not above 1.")
        object.__setattr__(self, "lattice_A", lattice)
        object.__setattr__(self, "frac_coords", coords)
        object.__setattr__(self, "occupancies", np.minimum(occupancies, 1.0))
        object.__setattr__(self, "elements", elements)

    def __len__(self) -> int:
        return len(self.elements)

    @classmethod
    def ordered(
        cls, lattice_A: NDArray[np.floating], frac_coords: NDArray[np.floating], elements: list[str] | tuple[str, ...]
    ) -> Crystal:
        """A crystal in which every site is fully occupied by one element."""
        return cls(
            np.asarray(lattice_A, np.float64),
            np.asarray(frac_coords, np.float64),
            tuple(elements),
            np.ones(len(elements)),
        )

    def with_elements(self, elements: tuple[str, ...], scale: float = 1.0) -> Crystal:
        """Known elements on the same sites, in a cell of `scale` times the lengths; nothing is checked once more."""
        other = copy(self)
        object.__setattr__(other, "elements", elements)
        object.__setattr__(other, "lattice_A", self.lattice_A * scale)
        return other

    @classmethod
    def from_structure(cls, structure: Structure) -> Crystal:
        """From a pymatgen Structure; oxidation states are dropped."""
        coords, elements, occupancies = [], [], []
        for site in structure:
            for species, occupancy in site.species.items():
                symbol = getattr(species, "symbol", str(species))
                coords.append(site.frac_coords)
                elements.append("H" if symbol in ("D", "T") else symbol)
                occupancies.append(float(occupancy))
        return cls(structure.lattice.matrix, np.array(coords), tuple(elements), np.array(occupancies))

    def to_structure(self) -> Structure:
        """As a pymatgen Structure; entries that share a position become one mixed site."""
        from pymatgen.core import Lattice, Structure

        sites: dict[tuple[float, float, float], dict[str, float]] = {}
        for position, element, occupancy in zip(self.frac_coords, self.elements, self.occupancies, strict=True):
            key = tuple(np.round(position, 6).tolist())
            mix = sites.setdefault(key, {})
            mix[element] = min(1.0, mix.get(element, 0.0) + float(occupancy))
        for mix in sites.values():  # refined occupancies of one site often add up to 1.002
            if (total := sum(mix.values())) > 1:
                mix.update({element: occupancy / total for element, occupancy in mix.items()})
        return Structure(Lattice(self.lattice_A), list(sites.values()), np.array(list(sites)))

    @property
    def is_ordered(self) -> bool:
        """Whether every site is fully occupied by one element."""
        return bool((self.occupancies > 1 - 1e-6).all())

    @property
    def volume_A3(self) -> float:
        """The cell's volume in Å³."""
        return float(abs(np.linalg.det(self.lattice_A)))

    @property
    def composition(self) -> dict[str, float]:
        """Atoms of each element in the cell, weighted by occupancy."""
        counts: dict[str, float] = {}
        for element, occupancy in zip(self.elements, self.occupancies, strict=True):
            counts[element] = counts.get(element, 0.0) + float(occupancy)
        return counts


def cell_parameters(lattice_A: NDArray[np.float64]) -> tuple[float, float, float, float, float, float]:
    """a, b, c in Å and α, β, γ in degrees of a (3, 3) lattice."""
    lengths = np.linalg.norm(lattice_A, axis=1)
    cosines = [lattice_A[i] @ lattice_A[j] / (lengths[i] * lengths[j]) for i, j in ((1, 2), (0, 2), (0, 1))]
    angles = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    return (*lengths.tolist(), *angles.tolist())


def cell_heights(lattice_A: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) distances in Å between opposite faces of the cell, one along each axis."""
    a, b, c = lattice_A
    faces = np.linalg.norm([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    return np.asarray(abs(np.linalg.det(lattice_A)) / faces)


def lattice_from_parameters(
    a: float, b: float, c: float, alpha: float, beta: float, gamma: float
) -> NDArray[np.float64]:
    """(3, 3) lattice with a along x and b in the xy plane, from lengths in Å and angles in degrees."""
    ca, cb, cg = np.cos(np.radians([alpha, beta, gamma]))
    sg = np.sin(np.radians(gamma))
    if min(a, b, c) <= 0 or sg <= 1e-6:
        raise CrystalError(f"The cell parameters {a:g} {b:g} {c:g} {alpha:g} {beta:g} {gamma:g} do not make a cell.")
    cy = (ca - cb * cg) / sg
    height = 1 - cb * cb - cy * cy
    if height <= 1e-9:
        raise CrystalError(f"The angles {alpha:g} {beta:g} {gamma:g} do not make a cell.")
    return np.array([[a, 0, 0], [b * cg, b * sg, 0], [c * cb, c * cy, c * np.sqrt(height)]])
