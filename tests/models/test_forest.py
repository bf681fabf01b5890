"""Packed forests against scikit-learn's own."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from xsearch.models.forest import Forest, pack


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return np.random.default_rng(0).random((300, 12)).astype(np.float16).astype(np.float32)


def test_packed_classes_agree_with_the_forest_they_were_packed_from(samples: np.ndarray) -> None:
    truth = np.array([2, 5, 9])[(samples[:, 0] * 3).astype(int)]
    forest = ExtraTreesClassifier(30, random_state=1).fit(samples[:200], truth[:200])
    packed = pack(forest.estimators_, classes=forest.classes_.astype(np.int64), class_count=10)
    votes = packed.predict(samples[200:])
    assert votes.shape == (100, 10)
    assert np.allclose(votes[:, [2, 5, 9]], forest.predict_proba(samples[200:]), atol=0.035)
    assert (votes.argmax(1) == forest.predict(samples[200:])).mean() > 0.96


def test_packed_numbers_agree_with_the_forest_they_were_packed_from(samples: np.ndarray) -> None:
    truth = samples[:, 0] + 0.2 * samples[:, 1]
    forest = ExtraTreesRegressor(30, random_state=1).fit(samples[:200], truth[:200])
    mean, spread = pack(forest.estimators_).predict(samples[200:]).T
    assert np.allclose(mean, forest.predict(samples[200:]), atol=0.01)
    assert (spread > 0).all()


def test_forests_come_back_from_their_tensors(samples: np.ndarray) -> None:
    forest = pack(ExtraTreesRegressor(3, random_state=1).fit(samples, samples[:, 3]).estimators_)
    again = Forest.from_tensors("bond", forest.tensors("bond"))
    assert np.array_equal(again.predict(samples), forest.predict(samples))
