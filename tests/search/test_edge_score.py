"""The score of hits by X-ray absorption."""

import numpy as np
import pytest

from xsearch.search.edge_score import FEATURES, edge_features, edge_score, model, posteriors_of


def score(posterior: float = 0.9, evidence: float = 12.0, compared: int = 10, choices: int = 20) -> float:
    return edge_score(edge_features(posterior, [evidence], False, compared, choices))


def test_the_posterior_is_that_of_the_best_of_each_phase() -> None:
    total = np.array([2.0, 1.0, 0.0])
    found = posteriors_of(total, [[0, 1], [2]])
    assert found == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2))])


def test_a_score_rises_with_what_speaks_for_a_hit() -> None:
    assert score(evidence=14.0) > score(evidence=12.0) > score(evidence=8.0)
    assert score(posterior=0.99) > score(posterior=0.5)
    assert score(compared=20) > score(compared=2)  # of twenty that meet the conditions


def test_nothing_compared_is_no_score() -> None:
    assert edge_score(edge_features(0.9, [np.nan], False, 3, 3)) == 0.0


def test_features_stay_finite() -> None:
    features = edge_features(1.0, [5.0, np.nan], True, 1, 0)
    assert features is not None
    assert tuple(features) == FEATURES == model().features
    assert np.isfinite(list(features.values())).all()
    assert features["evidence"] == 5.0
