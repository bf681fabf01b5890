"""Entries found by the cell that indexes a pattern."""

import numpy as np

from tests.prototypes import Measure
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.search.cell_recall import CellSearch
from xsearch.search.settings import CellRecallSettings


def test_the_cell_of_a_sharp_pattern_finds_its_entry_whatever_the_intensities(
    prototypes: SearchIndex, measured: Measure
) -> None:
    index, every = prototypes.index, np.arange(len(prototypes))
    search, found = CellSearch(index), 0
    rows = range(0, 288, 24)
    for row in rows:
        places = search.nearest(net_pattern(measured(row, strain=-0.008)), every)
        assert (np.diff(places) > 0).all()
        found += row in places
        few = every[::2]
        assert set(few[search.nearest(net_pattern(measured(row, strain=-0.008)), few)]) <= set(few)
    assert found >= 0.5 * len(rows)


def test_entries_of_other_lattices_are_not_found(prototypes: SearchIndex, measured: Measure) -> None:
    strict = CellRecallSettings(farthest=1e-6)
    every = np.arange(len(prototypes))
    assert len(CellSearch(prototypes.index).nearest(net_pattern(measured(12, strain=-0.008)), every, strict)) == 0
