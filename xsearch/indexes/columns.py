"""The few numbers of every row that recall and ranking read for the whole library at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UNKNOWN_SYSTEM = 255
"""Code of a crystal system that is not known."""

COLUMN_DTYPE = np.dtype(
    [
        ("cell", "<f8", (6,)),
        ("crystal_system", "u1"),
        ("space_group", "<i2"),
        ("formula_group", "<i4"),
        ("energy_above_hull_eV", "<f4"),
        ("expected_strain", "<f4"),
        ("is_theoretical", "i1"),
        ("is_measured", "i1"),
        ("cell_of", "<i4"),
        ("duplicate_of", "<i4"),
        ("n_elements", "u1"),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """One contiguous array a quantity, one element a row of the index.

    Attributes:
        cell: (n, 6) float64, a b c in Å and α β γ in degrees of the cell that the reflections' indices refer to.
        crystal_system: (n,) uint8, place in `CRYSTAL_SYSTEMS`, 255 where unknown.
        space_group: (n,) int16, 0 where unknown.
        formula_group: (n,) int32, rows of one reduced formula share a number.
        energy_above_hull_eV: (n,) float32 per atom, NaN where missing.
        expected_strain: (n,) float32, from the cell to a measured one, 0 where nothing is known.
        is_theoretical: (n,) int8, -1 unknown, 0 no, 1 yes.
        is_measured: (n,) int8, -1 unknown, 0 no, 1 yes.
        cell_of: (n,) int32, the row whose phase this measured cell is of, -1 none.
        duplicate_of: (n,) int32, the row that holds the same phase, -1 none.
        n_elements: (n,) uint8.
    """

    cell: NDArray[np.float64]
    crystal_system: NDArray[np.uint8]
    space_group: NDArray[np.int16]
    formula_group: NDArray[np.int32]
    energy_above_hull_eV: NDArray[np.float32]
    expected_strain: NDArray[np.float32]
    is_theoretical: NDArray[np.int8]
    is_measured: NDArray[np.int8]
    cell_of: NDArray[np.int32]
    duplicate_of: NDArray[np.int32]
    n_elements: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.space_group)

    @classmethod
    def from_records(cls, records: NDArray[np.void]) -> Columns:
        """Split a structured array of `COLUMN_DTYPE`."""
        return cls(**{name: np.ascontiguousarray(records[name]) for name in COLUMN_DTYPE.names or ()})

    @classmethod
    def load(cls, path: Path) -> Columns:
        """Read the columns' file of an index version."""
        return cls.from_records(np.load(path, allow_pickle=False))
