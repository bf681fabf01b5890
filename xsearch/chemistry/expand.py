"""From the atoms of an asymmetric unit to those of the whole cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.errors import CrystalError

SNAP_A = 0.12
"""Distance of an atom from its image, Å, below which it sits on the symmetry element: 0.33 was written for 1/3."""

SPLIT_A = 0.03
"""The same for atoms whose occupancy says that both images are real halves of a split position."""

LEAST_OCCUPANCY = 1e-3
"""Sites emptier than this are left out."""

TOO_CLOSE_A = 0.5
"""Two atoms nearer than this cannot both be there."""

_TERM = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)?(?:/(\d+))?\*?([xyz])?")


@lru_cache(maxsize=4096)
def parse_operation(text: str) -> tuple[tuple[tuple[float, ...], ...], tuple[float, ...]]:
    """The rotation and translation of an operation such as `1/2+x,-y,z-0.25`.

    Raises:
        CrystalError: where the text is no symmetry operation.
    """
    rows, shifts = [], []
    parts = text.lower().replace(" ", "").strip("'\"").split(",")
    for part in parts:
        row, shift, place = [0.0, 0.0, 0.0], 0.0, 0
        while place < len(part):
            found = _TERM.match(part, place)
            if not found or found.end() == place or not (found[2] or found[4]):
                raise CrystalError(f"{text!r} is not a symmetry operation.")
            place = found.end()
            sign = -1.0 if found[1] == "-" else 1.0
            value = (float(found[2]) if found[2] else 1.0) / (float(found[3]) if found[3] else 1.0)
            if found[4]:
                row["xyz".index(found[4])] += sign * value
            else:
                shift += sign * value
        rows.append(tuple(row))
        shifts.append(_exact(shift))
    if len(parts) != 3 or abs(abs(float(np.linalg.det(rows))) - 1) > 1e-6:
        raise CrystalError(f"{text!r} is not a symmetry operation.")
    return tuple(rows), tuple(shifts)


def parse_operations(texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotations (m, 3, 3) and translations (m, 3) of a list of operations."""
    parsed = [parse_operation(text) for text in texts]
    return np.array([rotation for rotation, _ in parsed]), np.array([shift for _, shift in parsed])


def fill_cell(
    lattice_A: NDArray[np.float64],
    coords: NDArray[np.float64],
    elements: Sequence[str],
    occupancies: NDArray[np.float64],
    rotations: NDArray[np.float64],
    translations: NDArray[np.float64],
) -> tuple[Crystal, NDArray[np.intp]]:
    """Every atom of the cell from those of the asymmetric unit.

    Atoms next to a symmetry element are moved onto it first, by taking the mean of the images that fall together;
    so rounded coordinates do not turn one atom into several.

    Args:
        lattice_A: (3, 3).
        coords: (n, 3) fractional.
        elements: n symbols.
        occupancies: (n,).
        rotations, translations: (m, 3, 3) and (m, 3), all operations of the group, centring included.

    Returns:
        The crystal, and for each of its atoms the number of the atom it comes from.

    Raises:
        CrystalError: where atoms overlap, or the cell or the atoms make no crystal.
    """
    there = np.flatnonzero(occupancies >= LEAST_OCCUPANCY)
    if not len(there):
        raise CrystalError("The cell holds no atoms.")
    coords, occupancies = coords[there], occupancies[there]
    images = np.einsum("mij,nj->nmi", rotations, coords) + translations  # (n, m, 3)
    away = images - coords[:, None, :]
    away -= np.rint(away)
    distance = np.linalg.norm(away @ lattice_A, axis=2)
    together = distance < SNAP_A
    # where the occupancy leaves room for all of them, the images are the parts of a split atom
    split = together.sum(axis=1) * occupancies <= 1 + 1e-3
    together[split] = distance[split] < SPLIT_A
    snapped = coords + (away * together[:, :, None]).sum(axis=1) / np.maximum(together.sum(axis=1), 1)[:, None]
    everywhere = (np.einsum("mij,nj->nmi", rotations, snapped) + translations) % 1.0
    positions: list[NDArray[np.float64]] = []
    origins: list[NDArray[np.intp]] = []
    for number, orbit in enumerate(everywhere):
        first = np.sort(np.unique(_place_key(orbit), return_index=True)[1])
        positions.append(orbit[first])
        origins.append(np.full(len(first), number))
    kept = np.concatenate(origins)
    origin = there[kept]
    crystal = Crystal(lattice_A, np.concatenate(positions), tuple(elements[i] for i in origin), occupancies[kept])
    refuse_overlaps(crystal)
    return crystal, origin


def refuse_overlaps(crystal: Crystal) -> None:
    """Refuse atoms that cannot be there together.

    Raises:
        CrystalError: where two atoms are nearer than `TOO_CLOSE_A` and their occupancies add up to more than one.
    """
    n = len(crystal)
    if n > 5000:
        raise CrystalError(f"The cell holds {n:,} atoms; at most 5,000 are handled.")
    for start in range(0, n, 256):
        block = crystal.frac_coords[start : start + 256, None, :] - crystal.frac_coords[None, :, :]
        block -= np.rint(block)
        squares = ((block @ crystal.lattice_A) ** 2).sum(axis=2)
        near = squares < TOO_CLOSE_A**2
        for i, j in np.argwhere(near & (np.arange(start, start + len(near))[:, None] < np.arange(n))):
            total = crystal.occupancies[start + i] + crystal.occupancies[j]
            if total > 1.05:
                raise CrystalError(
                    f"Atoms overlap: {crystal.elements[start + i]} and {crystal.elements[j]} are "
                    f"{np.sqrt(squares[i, j]):.2f} Å apart with occupancies that add up to {total:.2f}."
                )


def _exact(shift: float) -> float:
    """Translations are multiples of 1/24; 0.3333 is meant to be 1/3."""
    near = round(shift * 24) / 24
    return near if abs(near - shift) < 2e-3 else shift


def _place_key(positions: NDArray[np.float64]) -> NDArray[np.int64]:
    """One whole number a place; the odd offset keeps tabulated decimals away from the edges of the bins."""
    bins = np.floor((positions + 1.370912345e-6) % 1.0 * 1e5).astype(np.int64)
    return (bins[:, 0] * 100_000 + bins[:, 1]) * 100_000 + bins[:, 2]
