"""The fit of what agreements of edges are worth, on searches whose law is known."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.test_edge_score import copper  # noqa: F401  (a fixture)
from xsearch.search import SearchIndex
from xsearch.training.edge_evidence import Compared, Stack, collect, fit, log_likelihood
from xsearch.xas.matching import XanesMatches
from xsearch.xas.settings import DEFAULTS

PENALTY = DEFAULTS.matching.shift_penalty


def searches(count: int, shift_cost: float = 0.5, seed: int = 0) -> list[Compared]:
    """The right one of six is nearer, and its shift is a Gaussian of the variance that the cost implies."""
    chance = np.random.default_rng(seed)
    found = []
    for number in range(count):
        deviation = chance.normal(0, 3.0, 6)
        deviation[0] = chance.normal(0, 1 / np.sqrt(2 * shift_cost))
        distance = np.exp(chance.normal(-2.5, 0.6, 6))
        distance[0] = np.exp(chance.normal(-3.2, 0.6))
        correlation = 1 - distance
        matches = XanesMatches(correlation - PENALTY * deviation**2, correlation, deviation, np.zeros(6))
        names = np.array([f"X{number}", *"ABCD"], object)
        # the last spectrum is a reference of the first formula
        found.append(
            Compared(
                f"X{number % 40}",
                matches,
                np.array([*["simulated"] * 5, "measured"], object),
                np.array([0, 1, 2, 3, 4, -1]),
                np.array([*names, names[1]], object),
                names,
                np.arange(5) == 0,
            )
        )
    return found


def test_a_stack_of_searches_loses_what_each_loses_by_itself() -> None:
    cases = searches(30)
    for settings in (DEFAULTS.evidence, replace(DEFAULTS.evidence, polymorph_weight=1.0, failure=0.02)):
        alone = [-log_likelihood(case, settings) for case in cases]
        assert Stack.of(cases).nats(settings) == pytest.approx(alone, abs=1e-9)


def test_the_cost_of_a_shift_that_made_the_cases_comes_back() -> None:
    found = [fit(searches(700, cost), ("simulated_shift_cost",)).simulated_shift_cost for cost in (0.2, 1.0)]
    # less than half the inverse variance, since the wrong ones' shifts are Gaussian too
    assert found[0] == pytest.approx(0.2 - 0.5 / 9, abs=0.07)
    assert found[1] == pytest.approx(1.0 - 0.5 / 9, abs=0.3)


def test_simulated_edges_of_an_index_are_collected(copper: SearchIndex) -> None:  # noqa: F811
    cases = collect(copper, set(), {}, 10, 0)
    assert cases
    assert all(case.right.any() and len(case.names) > 1 for case in cases)
    assert np.isfinite(Stack.of(cases).nats(DEFAULTS.evidence)).all()
