"""The fit of the score, on cases whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from xsearch.search import SearchIndex
from xsearch.search.verdict import FEATURES, FITTED_FEATURES
from xsearch.training.score import Case, computed_cases, fit, out_of_fold, predict

UNEXPLAINED = FITTED_FEATURES.index("unexplained_squared")


def cases(count: int, seed: int, formulas: int = 40) -> list[Case]:
    """Right with a probability that falls with what is unexplained; the other features are noise."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(count, len(FITTED_FEATURES)))
    right = random.random(count) < 1 / (1 + np.exp(2 * features[:, UNEXPLAINED] - 0.5))
    return [
        Case(f"X{place % formulas}", "blind", False, tuple(row), bool(one))
        for place, (row, one) in enumerate(zip(features.tolist(), right, strict=True))
    ]


def test_the_law_that_made_the_cases_comes_back() -> None:
    model = fit(cases(4000, 0))
    assert model.intercept == pytest.approx(0.5, abs=0.15)
    assert model.weights[UNEXPLAINED] == pytest.approx(-2, abs=0.25)
    others = np.delete(model.weights, UNEXPLAINED)
    assert np.abs(others[: len(FITTED_FEATURES) - 1]).max() < 0.15
    assert np.abs(others[len(FITTED_FEATURES) - 1 :]).max() < 0.4  # products are small numbers: less sure


def test_less_is_known_of_hits_whose_lines_were_not_fitted() -> None:
    some = cases(400, 2)
    blind = [
        replace(one, features=(*one.features[: len(FEATURES)], *[9.9] * (len(FITTED_FEATURES) - len(FEATURES))))
        for one in some
    ]
    plain = fit(some, FEATURES, ())
    assert plain.features == FEATURES
    assert np.array_equal(predict(plain, some), predict(plain, blind))


def test_no_formula_is_judged_by_a_model_that_saw_it() -> None:
    noise = cases(400, 1, formulas=400)
    twins = [Case(one.formula, "blind", False, one.features, not one.right) for one in noise]
    seen = predict(fit(noise), noise)
    unseen = out_of_fold(noise)
    alone = out_of_fold([*noise, *twins])[: len(noise)]
    right = np.array([one.right for one in noise])
    assert seen[right].mean() > unseen[right].mean()
    assert np.abs(alone - 0.5).max() < 0.15  # each formula right once and wrong once: nothing to learn


def test_computed_entries_are_found_where_they_are_and_never_where_they_were_taken_out(
    prototypes: SearchIndex,
) -> None:
    without = {"NaCl", "Cu"}
    made = list(computed_cases(prototypes, without, 5, seed=0))
    again = list(computed_cases(prototypes, without, 1, seed=0))
    assert 0 < len(again) < len(made)
    assert made[: len(again)] == again, "the same seed draws the same, however many"
    assert len(made) >= 14  # blind and with elements, with the answer and without; one of few elements may leave none
    assert not {one.formula for one in made} & without
    assert not any(len(one.features) != len(FITTED_FEATURES) for one in made)
    assert np.mean([one.right for one in made if not one.left_out]) > 0.6
    assert not any(one.right for one in made if one.left_out)
