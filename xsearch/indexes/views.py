"""Rows of an index as inputs of the powder network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes.index import Index
from xsearch.preprocess.augmented import CLEANING, inputs_of_rows
from xsearch.preprocess.background_kernels import Cleaning
from xsearch.simulate.conditions import MEAN_STRAIN, draw_many, ideal


def measured_views(
    index: Index,
    rows: NDArray[np.int64],
    conditions: NDArray[np.void],
    seeds: NDArray[np.int64],
    taken_off: Cleaning = CLEANING,
) -> NDArray[np.float32]:
    """(n, 2, bins) of rows under (n,) conditions, with (n,) seeds of grains and counts; see `inputs_of_rows`."""
    offsets, hkl, squares, _ = index.reflection_arrays
    columns = index.columns
    return inputs_of_rows(
        rows, offsets, hkl, squares, columns.cell, columns.crystal_system, conditions, seeds, taken_off
    )


def augmented_views(
    index: Index, rows: NDArray[np.int64], random: np.random.Generator, taken_off: Cleaning = CLEANING
) -> NDArray[np.float32]:
    """(n, 2, bins) of rows under drawn conditions of laboratories, strained about what is expected of each cell."""
    conditions = draw_many(len(rows), random)
    conditions["mean_strain"] += index.columns.expected_strain[rows] - MEAN_STRAIN
    return measured_views(index, rows, conditions, random.integers(2**31, size=len(rows)), taken_off)


def clean_views(index: Index, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, 2, bins) of rows in one good measurement, their cells as expected: what an index keeps the vectors of."""
    return measured_views(
        index, rows, ideal(len(rows), index.columns.expected_strain[rows]), np.zeros(len(rows), np.int64)
    )
