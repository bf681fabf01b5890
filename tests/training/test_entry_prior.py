"""The prior of entries, fitted to choices whose law is known."""

import numpy as np
import pytest

from xsearch.training.entry_prior import Choice, fit, folds_of, loss


def choices(count: int, cost_per_eV: float) -> list[Choice]:
    chance = np.random.default_rng(0)
    found = []
    for number in range(count):
        hull = chance.uniform(0, 0.2, 6)
        likely = np.exp(-cost_per_eV * hull)
        first = chance.choice(6, p=likely / likely.sum())
        order = [first, *(place for place in range(6) if place != first)]
        found.append(Choice(f"E{number // 2}", np.column_stack([hull[order], np.zeros(6)]), 1.0))
    return found


def test_the_cost_that_made_the_choices_comes_back() -> None:
    assert fit(choices(3000, 10.0))[0] == pytest.approx(10.0, abs=1.5)


def test_choices_of_the_same_elements_are_in_one_fold() -> None:
    fold = folds_of(choices(200, 5.0))
    assert (fold[::2] == fold[1::2]).all()
    assert len(set(fold)) == 5


def test_the_gradient_is_that_of_the_loss() -> None:
    made, at = choices(20, 5.0), np.array([4.0, 1.0])
    value, slope = loss(at, made)
    assert slope[0] == pytest.approx((loss(np.array([at[0] + 1e-6, at[1]]), made)[0] - value) / 1e-6, rel=1e-3)
