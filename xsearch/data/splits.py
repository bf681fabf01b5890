"""Rows of an index for training and for tests: split by formula, and at random."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyarrow import compute, parquet

from xsearch.errors import SpectrumError
from xsearch.indexes import Index, sql
from xsearch.indexes.columns import UNKNOWN_SYSTEM

HELD_OUT_EVERY = 10
"""One formula group in so many is held out."""

HELD_OUT_ROWS = 0.03
"""Share of further rows, drawn at random, that are held out whatever their formula: the published protocol's test."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows of an index: to train on, of formulas held out, and held out at random among trained formulas."""

    train: NDArray[np.int64]
    formulas: NDArray[np.int64]
    random: NDArray[np.int64]


def split_rows(index: Index, left_out: frozenset[str] = frozenset()) -> Split:
    """Split an index's rows; formulas `left_out` are in no part."""
    columns = index.columns
    usable = (columns.crystal_system != UNKNOWN_SYSTEM) & (columns.space_group > 0)
    usable &= np.diff(index.reflection_arrays.offsets) > 0
    hidden = np.zeros(len(index), bool)
    hidden[[row for (row,) in index.sql(sql.ROWS_OF_FORMULAS, [sorted(left_out)]).fetchall()]] = True
    formulas = columns.formula_group % HELD_OUT_EVERY == 0
    drawn = np.random.default_rng(0).random(len(index)) < HELD_OUT_ROWS
    return Split(
        train=np.flatnonzero(usable & ~formulas & ~hidden & ~drawn),
        formulas=np.flatnonzero(usable & formulas & ~hidden),
        random=np.flatnonzero(usable & ~formulas & ~hidden & drawn),
    )


def halves(index: Index, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows held out in two halves by formula: to fit what weighs the network with other evidence, and to judge by."""
    to_fit = (index.columns.formula_group[rows] // HELD_OUT_EVERY) % 2 == 1
    return rows[to_fit], rows[~to_fit]


def listed_rows(index: Index, path: str | Path) -> NDArray[np.int64]:
    """Rows of an index whose material_id a Parquet table lists.

    Raises:
        SpectrumError: where there is no such table or column, or it lists no entry of the index.
    """
    file = Path(path)
    if not file.exists():
        raise SpectrumError(f"{file}: no such file; a Parquet table with the column material_id is expected.")
    if "material_id" not in parquet.read_schema(file).names:
        raise SpectrumError(f"{file.name}: the column material_id is missing.")
    listed = parquet.read_table(file, columns=["material_id"]).column("material_id")
    rows = np.flatnonzero(compute.is_in(index.catalog.column("material_id"), value_set=listed.combine_chunks()))
    if len(rows) == 0:
        raise SpectrumError(f"{file.name}: lists no entry of index {index.name!r}.")
    return rows
