"""Margins between phases, and what the score does with the signs of a right answer."""

import numpy as np
import pytest

from xsearch.search.verdict import LARGEST_MARGIN, SIGNS, margins, probability, verdict

TOTAL = np.array([5.0, 9.0, 4.0, 8.5, 1.0])
GROUPS = [[1, 0], [3], [2], [4]]
ORDINARY = {
    "strain": -0.2,
    "shape": -0.1,
    "prior": 2.5,
    "measured_cell": 0.0,
    "unexplained_squared": 0.01,
    "margin": 3.0,
    "margin_to_third": 6.0,
    "ln_lines": 3.5,
}


def test_margins_are_to_the_best_other_phase() -> None:
    assert margins(TOTAL, GROUPS).tolist() == [5 - 8.5, 0.5, 4 - 9, 8.5 - 9, 1 - 9]


def test_margins_are_to_the_third_best_other_phase() -> None:
    assert margins(TOTAL, GROUPS, 3).tolist() == [5 - 1, 9 - 1, 4 - 1, 8.5 - 1, 1 - 4]


def test_without_a_rival_the_margin_is_the_largest() -> None:
    assert margins(np.array([2.0, 3.0]), [[1, 0]]).tolist() == [LARGEST_MARGIN] * 2


@pytest.mark.parametrize(
    ("sign", "worse"),
    [
        ("strain", -4.0),
        ("shape", -2.0),
        ("prior", 0.0),
        ("unexplained_squared", 0.36),
        ("margin", 0.1),
        ("ln_lines", 1.5),
    ],
)
def test_every_sign_of_a_wrong_answer_lowers_the_score(sign: str, worse: float) -> None:
    assert set(ORDINARY) == set(SIGNS)
    assert 0 < probability({**ORDINARY, sign: worse}) < probability(ORDINARY) < 1


def test_low_scores_are_refused() -> None:
    assert [verdict([score]) for score in (0.9, 0.3, 0.01)] == ["match", "tentative", "no confident match"]
    assert verdict([]) == "no confident match"
