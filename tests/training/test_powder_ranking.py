"""The weights of the evidence, fitted on cases whose answer is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xsearch.search import SearchIndex
from xsearch.training.powder_ranking import (
    FEATURES,
    Case,
    collect,
    fit_weights,
    in_force,
    out_of_fold,
    rank,
    read_cases,
    samples,
    shares,
)

TRUE = np.zeros(len(FEATURES))
TRUE[[FEATURES.index("correlation_1"), FEATURES.index("prior")]] = 1.5, 0.5


def cases(count: int, seed: int = 0) -> list[Case]:
    """The right row is drawn with a probability that goes with two of the features."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        features = random.normal(size=(12, len(FEATURES)))
        share = np.exp(features @ TRUE)
        right = np.arange(12) == random.choice(12, p=share / share.sum())
        found.append(Case("computed", features, np.arange(12), right, features[:, :3]))
    return found


def test_the_weights_that_made_the_cases_come_back() -> None:
    found = fit_weights(cases(3000), ridge=1e-4)
    assert found == pytest.approx(TRUE, abs=0.12)


def test_features_that_may_not_weigh_get_no_weight() -> None:
    found = fit_weights(cases(200), ["prior"])
    assert np.flatnonzero(found).tolist() == [FEATURES.index("prior")]


def test_phases_are_ranked_and_not_rows() -> None:
    features = np.zeros((4, len(FEATURES)))
    features[:, 0] = [4, 3, 2, 1]
    right = np.array([False, False, False, True])
    case = Case("measured", features, np.array([0, 0, 1, 2]), right, features[:, :3])
    weights = np.eye(len(FEATURES))[0]
    assert rank(case, weights) == 3
    assert rank(replace(case, right=~right & False), weights) > 100
    assert shares([case], [3]) == {"measured": {1: 0.0, 5: 1.0, 10: 1.0}}


def test_later_phases_can_be_taken_as_not_fitted() -> None:
    features = np.ones((3, len(FEATURES)))
    case = Case("measured", features, np.arange(3), np.array([True, False, False]), np.zeros((3, 3)))
    fewer = case.with_fits(1)
    assert fewer.features[0].tolist() == features[0].tolist()
    assert not fewer.features[1:, [*range(3), *(FEATURES.index(name) for name in ("points", "march", "fitted"))]].any()
    assert case.with_fits(3).features.tolist() == features.tolist()


def test_fitted_weights_rank_better_than_those_of_another_law() -> None:
    some = cases(300)
    fitted = np.mean([one == 1 for one in out_of_fold(some)])
    other = np.mean([rank(case, -TRUE) == 1 for case in some])
    assert fitted > 0.3 > other


def test_cases_are_collected_once_and_every_formula_comes_once(prototypes: SearchIndex, tmp_path: Path) -> None:
    chosen = list(samples(prototypes.index, 5, {"NaCl"}))
    names = [prototypes.index.materials([row])[0].reduced_formula for _, row in chosen]
    assert len(set(names)) == len(names)
    assert "NaCl" not in names
    collect(prototypes, tmp_path, 3, {"NaCl"})
    made = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}
    assert len(made) == 3
    (tmp_path / "00001.npz").unlink()
    collect(prototypes, tmp_path, 3, {"NaCl"})
    again = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}
    assert again.keys() == made.keys()
    assert again["00000.npz"] == made["00000.npz"]
    found = read_cases(tmp_path)
    assert all(case.right.any() for case in found)
    assert np.mean([rank(case, in_force()) == 1 for case in found]) > 0.5
