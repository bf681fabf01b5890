"""Margins between phases, and what the score does with the features of a right answer."""

import numpy as np
import pytest

from xsearch.search.probability import ScoreModel
from xsearch.search.settings import VERDICT
from xsearch.search.verdict import FEATURES, FITTED_FEATURES, margins, models, probability, verdict

TOTAL = np.array([5.0, 9.0, 4.0, 8.5, 1.0])
GROUPS = [[1, 0], [3], [2], [4]]
ORDINARY = {
    "strain": -0.2,
    "shape_change": 0.003,
    "prior": 2.5,
    "measured_cell": 0.0,
    "unexplained_squared": 0.01,
    "margin": 3.0,
    "margin_to_third": 6.0,
    "ln_lines": 3.5,
}
FITTED = {
    **ORDINARY,
    "ln_cell_misfit": -3.0,
    "ln_crystal_misfit": -3.5,
    "ln_points_misfit": 0.7,
    "texture": 0.05,
    "closeness": 4.0,
}


def test_margins_are_to_the_best_other_phase() -> None:
    assert margins(TOTAL, GROUPS).tolist() == [5 - 8.5, 0.5, 4 - 9, 8.5 - 9, 1 - 9]


def test_margins_are_to_the_third_best_other_phase() -> None:
    assert margins(TOTAL, GROUPS, 3).tolist() == [5 - 1, 9 - 1, 4 - 1, 8.5 - 1, 1 - 4]


def test_without_a_rival_the_margin_is_the_largest() -> None:
    assert margins(np.array([2.0, 3.0]), [[1, 0]]).tolist() == [VERDICT.largest_margin] * 2


@pytest.mark.parametrize(
    ("feature", "worse"),
    [
        ("strain", -4.0),
        ("unexplained_squared", 0.36),
        ("margin", 0.1),
        ("ln_lines", 1.5),
    ],
)
def test_every_sign_of_a_wrong_answer_lowers_the_score(feature: str, worse: float) -> None:
    assert set(ORDINARY) == set(FEATURES)
    assert 0 < probability({**ORDINARY, feature: worse}) < probability(ORDINARY) < 1


@pytest.mark.parametrize(
    ("feature", "worse"),
    [
        ("strain", -4.0),
        ("prior", 0.0),
        ("margin_to_third", 0.5),
        ("ln_crystal_misfit", 0.5),
    ],
)
def test_fitted_lines_are_signs_too(feature: str, worse: float) -> None:
    assert set(FITTED) == set(FITTED_FEATURES)
    assert 0 < probability({**FITTED, feature: worse}) < probability(FITTED) < 1


def test_a_perfect_fit_scores_better_than_a_poor_one_whatever_the_rest() -> None:
    fits = (
        {"ln_cell_misfit": -2.8, "ln_crystal_misfit": -3.4, "unexplained_squared": 0.004},
        {"ln_cell_misfit": -0.4, "ln_crystal_misfit": -0.6, "unexplained_squared": 0.08},
    )
    for prior in (0.0, 1.25, 2.5):
        for lines in (2.0, 3.5, 5.0):
            for margin in (1.0, 6.0, 14.0):
                rest = {"prior": prior, "ln_lines": lines, "margin": margin, "margin_to_third": margin + 1}
                perfect, poor = (probability({**FITTED, **rest, **fit}) for fit in fits)
                assert perfect > 1.1 * poor or perfect > 0.9


def test_a_margin_speaks_for_every_compound_and_most_for_known_ones() -> None:
    odds = []  # logarithms: probabilities cannot rise much where they are high already
    for prior in (0.0, 1.25, 2.5):
        near, far = (
            probability({**FITTED, "prior": prior, "margin": m, "margin_to_third": m + 1}) for m in (1.0, 12.0)
        )
        odds.append(np.log(far / (1 - far)) - np.log(near / (1 - near)))
    assert 0 < odds[0] < odds[1] < odds[2]


def test_a_stored_model_scores_as_the_one_that_was_stored() -> None:
    for model in models().values():
        values = model.centre + 2 * np.random.default_rng(0).normal(size=(20, len(model.features))) * model.spread
        again = ScoreModel.from_dict(model.to_dict())
        assert np.allclose(again.probability(values), model.probability(values))


def test_products_of_signs_are_saturated() -> None:
    model = ScoreModel(("a", "b"), (("a", "b"),), np.zeros(2), np.ones(2), 0.0, np.array([0.0, 0.0, 2.0]))
    near, far, opposed = model.probability(np.array([[1.0, 1.0], [1e6, 1e6], [-1e6, 1e6]]))
    assert 0.5 < near < far
    assert far == pytest.approx(1 / (1 + np.exp(-2)))
    assert opposed == pytest.approx(1 - far)


def test_low_scores_are_refused() -> None:
    assert [verdict([score]) for score in (0.9, 0.3, 0.01)] == ["match", "tentative", "no confident match"]
    assert verdict([]) == "no confident match"


def test_a_match_of_edges_needs_rivals() -> None:
    assert verdict([0.9], rivals=VERDICT.least_rivals) == "match"
    assert verdict([0.9], rivals=VERDICT.least_rivals - 1) == "tentative"
    assert verdict([0.1], rivals=10) == "no confident match"
    assert verdict([0.9]) == "match"
