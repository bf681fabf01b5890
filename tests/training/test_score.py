"""The fit of the score, on cases whose answer is known."""

import numpy as np
import pytest

from xsearch.search.verdict import SIGNS
from xsearch.training.score import Case, fit, out_of_fold, predict

UNEXPLAINED = SIGNS.index("unexplained_squared")


def cases(count: int, seed: int, formulas: int = 40) -> list[Case]:
    """Right with a probability that falls with what is unexplained; the other signs are noise."""
    random = np.random.default_rng(seed)
    signs = random.normal(size=(count, len(SIGNS)))
    right = random.random(count) < 1 / (1 + np.exp(2 * signs[:, UNEXPLAINED] - 0.5))
    return [
        Case(f"X{place % formulas}", "blind", False, True, tuple(row), bool(one))
        for place, (row, one) in enumerate(zip(signs.tolist(), right, strict=True))
    ]


def test_the_law_that_made_the_cases_comes_back() -> None:
    intercept, weights = fit(cases(4000, 0))
    assert intercept == pytest.approx(0.5, abs=0.15)
    assert weights[UNEXPLAINED] == pytest.approx(-2, abs=0.25)
    assert np.abs(np.delete(weights, UNEXPLAINED)).max() < 0.15


def test_no_formula_is_judged_by_a_model_that_saw_it() -> None:
    noise = cases(400, 1, formulas=400)
    twins = [Case(one.formula, "blind", False, True, one.signs, not one.right) for one in noise]
    seen = predict(fit(noise), noise)
    unseen = out_of_fold(noise, [])
    alone = out_of_fold([*noise, *twins], [])[: len(noise)]
    right = np.array([one.right for one in noise])
    assert seen[right].mean() > unseen[right].mean()
    assert np.abs(alone - 0.5).max() < 0.15  # each formula right once and wrong once: nothing to learn
