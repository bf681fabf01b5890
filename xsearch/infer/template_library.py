"""The templates of an index: every entry as slots that other elements can take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import parse_formula
from xsearch.chemistry.substitution import substitution_table
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import QueryError
from xsearch.indexes import sql
from xsearch.infer.prototypes import Prototype, prototypes

if TYPE_CHECKING:
    import pyarrow as pa

    from xsearch.indexes import Index

NO_ROW = -1
"""Row of a template that stands in no index."""

MOST_ELEMENTS = 6
"""Elements of a template at most: slots of the tables."""

FetchCrystals = Callable[[Sequence[int]], list[Crystal]]
"""Gives the crystals of a list of rows."""


@dataclass(frozen=True, slots=True, eq=False)
class TemplateLibrary:
    """Every entry of an index as a template with elements on its slots.

    A slot is what one element occupies in the reduced formula. Slots stand in order of their coefficient, then of
    atomic number; those beyond the last are 0.

    Attributes:
        rows: (m,) int64, of the index; `NO_ROW` for shipped structure types.
        material_ids: (m,) entry names.
        formula: (m,) int32, number of the reduced formula in `formula_numbers`.
        formula_numbers: reduced formula to its number.
        formula_names: reduced formulas in the order of their numbers.
        atomic_numbers: (m, 6) uint8, element of each slot.
        coefficients: (m, 6) int32, atoms of each slot in the reduced formula.
        n_elements: (m,) int8.
        template: (m,) int32, row in `keys`.
        keys: one a template: anonymous formula, space group and Wyckoff letters.
        n_formulas: (templates,) different formulas in each template.
        space_group: (m,) int16, 0 where unknown.
        n_sites: (m,) int32, in the cell that `fetch` gives.
        volume_per_atom_A3: (m,) float64.
        energy_above_hull_eV: (m,) float64 per atom, nan where unknown.
        substitution: (95+, 95+) float64, log lift of element pairs, by atomic number.
        fetch: gives the crystals of a list of rows.
    """

    rows: NDArray[np.int64]
    material_ids: NDArray[np.object_]
    formula: NDArray[np.int32]
    formula_numbers: dict[str, int]
    formula_names: tuple[str, ...]
    atomic_numbers: NDArray[np.uint8]
    coefficients: NDArray[np.int32]
    n_elements: NDArray[np.int8]
    template: NDArray[np.int32]
    keys: tuple[str, ...]
    n_formulas: NDArray[np.int64]
    space_group: NDArray[np.int16]
    n_sites: NDArray[np.int32]
    volume_per_atom_A3: NDArray[np.float64]
    energy_above_hull_eV: NDArray[np.float64]
    substitution: NDArray[np.float64]
    fetch: FetchCrystals

    def __len__(self) -> int:
        return len(self.material_ids)

    def rows_of(self, formulas: Iterable[str]) -> NDArray[np.bool_]:
        """(m,) whether an entry has one of the reduced formulas."""
        numbers = [self.formula_numbers[f] for f in formulas if f in self.formula_numbers]
        return np.isin(self.formula, numbers)

    def members(self, excluded: Iterable[str] = ()) -> NDArray[np.int64]:
        """(templates,) number of different formulas in each template, those of the excluded formulas not counted."""
        left_out = np.unique(np.stack([self.template, self.formula])[:, self.rows_of(excluded)], axis=1)
        return self.n_formulas - np.bincount(left_out[0], minlength=len(self.keys))


@lru_cache(maxsize=1)
def library_of(index: Index, shipped: bool = True) -> TemplateLibrary:
    """The templates of an index, read from its catalog, and shipped types beside; those of the last index are kept.

    Disordered entries and measured cells linked to another entry are left out: the first cannot be substituted
    element by element, the second repeat the entry that they belong to.

    Args:
        index: the index.
        shipped: whether structure types that come with xsearch, and that the index lacks, are templates too.

    Raises:
        QueryError: where nothing is left.
    """
    table = index.sql(sql.TEMPLATES).fetchnumpy()
    rows = np.asarray(table["row_id"], np.int64)
    store = _CrystalStore(index.catalog)
    hull = np.ma.filled(np.ma.asarray(table["energy_above_hull_eV"], np.float64), np.nan)
    keys = [str(key) for key in table["template"]]
    beside = _types_beside(frozenset(keys)) if shipped else ()
    crystals = [one.crystal for one in beside]

    def fetch(wanted: Sequence[int]) -> list[Crystal]:
        return [
            store.crystal(int(rows[place])) if place < len(rows) else crystals[place - len(rows)] for place in wanted
        ]

    return make_library(
        rows=np.concatenate([rows, np.full(len(beside), NO_ROW)]),
        material_ids=[*(str(name) for name in table["material_id"]), *(one.entry_id for one in beside)],
        formulas=[*(str(formula) for formula in table["reduced_formula"]), *(one.formula for one in beside)],
        templates=[*keys, *(one.template for one in beside)],
        space_groups=[*np.asarray(table["space_group"], np.int16).tolist(), *(one.space_group for one in beside)],
        n_sites=[*np.asarray(table["n_sites"], np.int32).tolist(), *map(len, crystals)],
        volumes_A3=[*store.volumes_A3[rows].tolist(), *(one.volume_A3 for one in crystals)],
        energies_above_hull_eV=[*hull.tolist(), *[np.nan] * len(beside)],
        fetch=fetch,
    )


def _types_beside(keys: frozenset[str]) -> tuple[Prototype, ...]:
    """Shipped structure types whose key is none of these."""
    return tuple(one for one in prototypes() if one.template not in keys)


class _CrystalStore:
    """The cells of a catalog as flat arrays, so that thousands of scattered ones are taken in milliseconds."""

    def __init__(self, catalog: pa.Table) -> None:
        lattices, _ = _flat(catalog, "lattice_A")
        self.lattices_A = lattices.reshape(-1, 3, 3)
        self.coordinates, self.coordinate_starts = _flat(catalog, "frac_coords")
        self.numbers, self.starts = _flat(catalog, "atomic_numbers")

    @property
    def volumes_A3(self) -> NDArray[np.float64]:
        """(rows,) of the cells."""
        return np.abs(np.linalg.det(self.lattices_A))

    def crystal(self, row: int) -> Crystal:
        """The crystal of one row, every site fully occupied."""
        first, last = self.starts[row], self.starts[row + 1]
        begin, end = self.coordinate_starts[row], self.coordinate_starts[row + 1]
        elements = tuple(SYMBOLS[z - 1] for z in self.numbers[first:last].tolist())
        return Crystal.ordered(self.lattices_A[row], self.coordinates[begin:end].reshape(-1, 3), elements)


def _flat(catalog: pa.Table, name: str) -> tuple[NDArray, NDArray[np.int64]]:
    """The values of a list column end to end, and where each row's begin."""
    column = catalog.column(name)
    values = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    lengths = [np.diff(chunk.offsets.to_numpy()) for chunk in column.chunks]
    return np.concatenate(values), np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)


def make_library(
    *,
    material_ids: Sequence[str],
    formulas: Sequence[str],
    templates: Sequence[str | None],
    space_groups: Sequence[int],
    n_sites: Sequence[int],
    volumes_A3: Sequence[float],
    energies_above_hull_eV: Sequence[float],
    fetch: FetchCrystals,
    rows: NDArray[np.int64] | None = None,
) -> TemplateLibrary:
    """A library from the columns of an index.

    Args:
        material_ids, formulas, space_groups, n_sites, volumes_A3, energies_above_hull_eV: one value an entry;
            formulas are reduced ones of fully occupied crystals.
        templates: key of each entry's prototype; entries without one stand alone.
        fetch: gives the crystals of a list of rows.
        rows: (m,) of the index; as the entries stand by default.

    Raises:
        QueryError: where there are no entries.
    """
    if not len(material_ids):
        raise QueryError("The index holds no entries to take templates from; build it first.")
    numbers = np.zeros((len(formulas), MOST_ELEMENTS), np.uint8)
    coefficients = np.zeros((len(formulas), MOST_ELEMENTS), np.int32)
    count = np.zeros(len(formulas), np.int8)
    for row, text in enumerate(formulas):
        slots = sorted(parse_formula(text).items(), key=lambda item: (item[1], ATOMIC_NUMBERS[item[0]]))
        count[row] = len(slots)
        for i, (element, coefficient) in enumerate(slots[:MOST_ELEMENTS]):
            numbers[row, i], coefficients[row, i] = ATOMIC_NUMBERS[element], round(coefficient)
    named = [key or f"alone:{name}" for key, name in zip(templates, material_ids, strict=True)]
    keys, template = np.unique(np.array(named, dtype=object).astype(str), return_inverse=True)
    names, place = np.unique(np.array(formulas, dtype=str), return_inverse=True)
    formula = place.astype(np.int32)
    formula_numbers = {str(name): number for number, name in enumerate(names)}
    pairs = np.unique(template.astype(np.int64) * len(formula_numbers) + formula)
    sites = np.asarray(n_sites, np.int32)
    return TemplateLibrary(
        rows=np.arange(len(material_ids)) if rows is None else rows,
        material_ids=np.array(material_ids, dtype=object),
        formula=formula,
        formula_numbers=formula_numbers,
        formula_names=tuple(formula_numbers),
        atomic_numbers=numbers,
        coefficients=coefficients,
        n_elements=count,
        template=template.astype(np.int32),
        keys=tuple(keys.tolist()),
        n_formulas=np.bincount(pairs // len(formula_numbers), minlength=len(keys)),
        space_group=np.asarray(space_groups, np.int16),
        n_sites=sites,
        volume_per_atom_A3=np.asarray(volumes_A3, np.float64) / sites,
        energy_above_hull_eV=np.asarray(energies_above_hull_eV, np.float64),
        substitution=substitution_table(),
        fetch=fetch,
    )
