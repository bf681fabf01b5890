"""Probabilities of the symmetry."""

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.options import Prior
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.search.isotypes import isotypes, symmetry_of_isotypes
from xsearch.search.selection import Selection
from xsearch.search.symmetry import product, symmetry, symmetry_posterior


def test_rows_weigh_by_their_evidence(prototypes: SearchIndex) -> None:
    columns = prototypes.index.columns
    cubic = int(np.flatnonzero(columns.crystal_system == CRYSTAL_SYSTEMS.index("cubic"))[0])
    trigonal = int(np.flatnonzero(columns.crystal_system == CRYSTAL_SYSTEMS.index("trigonal"))[0])
    systems, groups = symmetry_posterior(columns, np.array([cubic, trigonal]), np.array([5.0, 5.0 - np.log(3)]))
    assert systems[CRYSTAL_SYSTEMS.index("cubic")] == pytest.approx(0.75)
    assert groups[columns.space_group[trigonal] - 1] == pytest.approx(0.25)
    likely = symmetry(systems, groups)
    assert (likely.crystal_system, likely.space_group) == ("cubic", columns.space_group[cubic])
    assert sum(likely.crystal_systems.values()) == pytest.approx(1)


def test_without_rows_nothing_is_preferred(prototypes: SearchIndex) -> None:
    systems, groups = symmetry_posterior(prototypes.index.columns, np.zeros(0, np.int64), np.zeros(0))
    assert systems == pytest.approx(np.full(7, 1 / 7))
    assert groups == pytest.approx(np.full(230, 1 / 230))


def test_the_network_can_turn_a_doubtful_answer_but_not_a_clear_one() -> None:
    logits = np.array([0.0, 1.5, 0, 0, 0, 0, 0])
    doubtful, clear = np.array([0.55, 0.45, 0, 0, 0, 0, 0]), np.array([0.99, 0.01, 0, 0, 0, 0, 0])
    assert product(doubtful, logits).argmax() == 1
    assert product(clear, logits).argmax() == 0
    assert product(clear, logits).sum() == pytest.approx(1)


def test_compounds_of_one_type_and_other_size_are_found(prototypes: SearchIndex, measured: Measure) -> None:
    index = prototypes.index
    row = index.row_of(next(m.material_id for m in index.materials(range(len(index))) if m.formula == "NaCl"))
    rows = np.setdiff1d(np.arange(len(index)), [row])
    pattern = net_pattern(measured(row, strain=0.07))
    others = Selection(index, rows, prototypes.profiles(rows), Prior.KNOWN, threads=1)
    found, _ = isotypes(others, pattern)
    likely = symmetry(*symmetry_of_isotypes(others, pattern))
    assert row not in found
    assert likely.crystal_system == "cubic"
    assert sum(likely.crystal_systems.values()) == pytest.approx(1)


def test_an_answer_has_its_symmetry(prototypes: SearchIndex, measured: Measure) -> None:
    right = total = 0
    for row in range(3, 243, 24):
        material = prototypes.index.material(row)
        result = prototypes.search(measured(row, strain=0.003))
        assert result.symmetry is not None
        right += result.symmetry.crystal_system == material.crystal_system
        total += 1
    assert right >= 0.8 * total
