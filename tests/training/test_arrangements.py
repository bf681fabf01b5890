"""Weights of known arrangements."""

import numpy as np
import pytest

from tests.models.test_arrangements import known, shares
from xsearch.training.arrangements import Ranked, fit, of_known, rightness

__all__ = ["known"]


def test_weights_that_made_the_data_are_found_again() -> None:
    chance = np.random.default_rng(0)
    true = np.array([1.5, -1.0, 0.0])
    kinds = np.array([shares(n4=1.0), shares(n6=1.0), shares(n4=0.5, n6=0.5), shares(n8=1.0)])
    ranked = []
    for number in range(1500):
        features = chance.normal(size=(4, 3))
        powers = np.exp(features @ true)
        ranked.append(Ranked(str(number), features, kinds, kinds[chance.choice(4, p=powers / powers.sum())]))
    found = fit(ranked, ridge=0.0)
    assert found == pytest.approx(true, abs=0.2)
    assert rightness(ranked, found) > rightness(ranked, np.array([0.0, 0.0, 1.0])) + 0.2


def test_known_compounds_are_ranked_without_themselves(known) -> None:
    ranked = of_known(known, np.arange(len(known.z)))
    assert {one.formula for one in ranked} == set(known.formulas)
    assert all(len(one.cn) == len(one.features) for one in ranked)
    gallium = next(one for one in ranked if one.formula == "Ga2O3" and one.truth[3] == 0.5)
    assert not gallium.right.any(), "only Al2O3 and La2O3 remain"
