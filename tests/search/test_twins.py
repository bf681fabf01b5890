"""Twins: which phases a pattern cannot tell apart, and which one stands for them."""

from types import SimpleNamespace
from typing import cast

import numpy as np

from tests.prototypes import Measure
from xsearch.indexes.columns import Columns
from xsearch.search import SearchIndex
from xsearch.search.twins import plainest_first, twins_of_first

GROUPS = [[0], [1, 2], [3], [4]]
FITTED = (0, 1, 3)
EVIDENCE = np.array([10.0, 9.2, 3.0, 10.9, 5.0])


def columns(elements: list[int], theoretical: list[int]) -> Columns:
    count = len(elements)
    return cast(
        Columns,
        SimpleNamespace(
            n_elements=np.array(elements, np.uint8),
            is_theoretical=np.array(theoretical, np.int8),
            is_measured=np.zeros(count, np.int8),
        ),
    )


def test_twins_are_phases_whose_bayes_factor_is_below_three() -> None:
    assert twins_of_first(EVIDENCE, GROUPS) == [0, 1, 2]
    assert twins_of_first(EVIDENCE, [[4], [0]]) == [0]
    assert twins_of_first(EVIDENCE, []) == []


def test_the_plainest_twin_stands_for_the_group_if_it_is_as_well_reported() -> None:
    rows = np.arange(5)
    reported = plainest_first(columns([5, 4, 2, 2, 2], [0] * 5), rows, EVIDENCE, FITTED, GROUPS)
    assert reported == [[3], [0], [1, 2], [4]]
    assert plainest_first(columns([5, 4, 2, 2, 2], [0, 0, 0, 1, 0]), rows, EVIDENCE, FITTED, GROUPS) == GROUPS
    assert plainest_first(columns([3, 3, 2, 2, 2], [0] * 5), rows, EVIDENCE, FITTED, GROUPS) == GROUPS
    assert plainest_first(columns([5, 4, 2, 2, 2], [0] * 5), rows, EVIDENCE, (0, 1), GROUPS) == GROUPS
    assert plainest_first(columns([1, 2, 2, 2, 2], [0] * 5), rows, EVIDENCE, FITTED, GROUPS) == GROUPS


def test_a_search_says_with_which_probability_its_first_group_is_right(
    prototypes: SearchIndex, measured: Measure
) -> None:
    result = prototypes.search(measured(30), top=5)
    twins = result.twins
    assert twins is not None
    assert twins.ranks[0] == 1
    assert len(twins.ranks) <= twins.size
    assert result.hits[0].score <= twins.score <= 1
    assert twins.margin >= 0 or twins.size == 1
    assert prototypes.search(measured(30), top=5, fold=False).twins is None
