"""Compounds whose structure is known and is to be inferred, in an order that does not depend on the file's."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute, parquet

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.formula import reduced_formula
from xsearch.errors import SpectrumError

NEEDED = ("material_id", "a", "b", "c", "alpha", "beta", "gamma", "species", "frac_coords", "crystal_system")
ELEMENT_COUNTS = (2, 3, 4, 5)
"""Numbers of elements of the compounds that inference is measured on."""


@dataclass(frozen=True, slots=True, eq=False)
class Compound:
    """A compound whose structure is to be inferred.

    Attributes:
        material_id: its name.
        formula: reduced.
        crystal: the true one.
        crystal_system: as the file says.
    """

    material_id: str
    formula: str
    crystal: Crystal
    crystal_system: str

    @property
    def elements(self) -> set[str]:
        """Its elements."""
        return set(self.crystal.elements)

    @property
    def seed(self) -> int:
        """Of its simulated measurement: the checksum of its name."""
        return zlib.crc32(self.material_id.encode())


def read_compounds(
    path: str | Path,
    limit: int | None = None,
    *,
    reported: bool = False,
    material_ids: Collection[str] | None = None,
) -> list[Compound]:
    """Compounds of 2 to 5 elements from a table of structures, in an order that does not depend on the file's.

    With a limit, as many of each number of elements as there are, one formula at most once.

    Args:
        path: a Parquet file with the columns of `NEEDED`.
        limit: how many.
        reported: only those that an experiment reported (`theoretical` is false).
        material_ids: only these; all if None.

    Raises:
        SpectrumError: where columns are missing or nothing is left.
    """
    file = Path(path)
    if not file.exists():
        raise SpectrumError(f"{file}: no such file; a Parquet table of structures is expected.")
    needed = [*NEEDED, "theoretical"] if reported else list(NEEDED)
    if missing := [name for name in needed if name not in parquet.read_schema(file).names]:
        raise SpectrumError(f"{file.name}: the columns {', '.join(missing)} are missing.")
    # rows stay in Arrow's compact form until they are chosen
    table = parquet.read_table(file, columns=needed)
    if reported:
        table = table.filter(compute.equal(table["theoretical"], False))
    if material_ids is not None:
        table = table.filter(compute.is_in(table["material_id"], pa.array(sorted(material_ids), pa.string())))
    counts = np.array([len(set(species)) for species in table["species"].to_pylist()], np.int64)
    order = np.argsort([zlib.crc32(str(name).encode()) for name in table["material_id"].to_pylist()], kind="stable")
    share = None if limit is None else -(-limit // len(ELEMENT_COUNTS))
    chosen: list[Compound] = []
    for n in ELEMENT_COUNTS:
        seen: set[str] = set()
        for place in order[counts[order] == n].tolist():
            if share is not None and len(seen) >= share:
                break
            compound = _compound(table.slice(place, 1).to_pylist()[0])
            if compound.formula not in seen:
                seen.add(compound.formula)
                chosen.append(compound)
    if not chosen:
        raise SpectrumError(f"{file.name}: holds no compound of 2 to 5 elements that is wanted.")
    return chosen if limit is None else _interleaved(chosen)[:limit]


def unrelated_elements(compounds: Sequence[Compound], place: int) -> set[str] | None:
    """The elements of the next compound that shares none with this one; None where there is no such compound."""
    mine = compounds[place].elements
    others = (other.elements for other in (*compounds[place + 1 :], *compounds[:place]))
    return next((other for other in others if not mine & other), None)


def _compound(row: Mapping[str, Any]) -> Compound:
    crystal = Crystal.ordered(
        lattice_from_parameters(*(float(row[name]) for name in ("a", "b", "c", "alpha", "beta", "gamma"))),
        np.asarray(row["frac_coords"], np.float64).reshape(-1, 3),
        [str(s) for s in row["species"]],
    )
    return Compound(str(row["material_id"]), reduced_formula(crystal.composition), crystal, str(row["crystal_system"]))


def _interleaved(compounds: list[Compound]) -> list[Compound]:
    groups = [[c for c in compounds if len(c.elements) == n] for n in ELEMENT_COUNTS]
    longest = max(len(group) for group in groups)
    return [group[i] for i in range(longest) for group in groups if i < len(group)]
