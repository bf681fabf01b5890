"""The bridge between codes, on made codes whose relation is known."""

import numpy as np
import pytest

from xsearch.errors import SpectrumError
from xsearch.models.code_bridge import bridge_vectors, fit_bridge


@pytest.fixture(scope="module")
def codes() -> tuple[np.ndarray, np.ndarray]:
    """200 compounds in two codes: one gives a distorted, rescaled version of the other, with errors."""
    chance = np.random.default_rng(3)
    hidden = chance.normal(size=(200, 6))
    first = np.tanh(hidden @ chance.normal(size=(6, 20))) + 0.02 * chance.normal(size=(200, 20))
    second = hidden @ chance.normal(size=(6, 20)) + 0.3 * chance.normal(size=(200, 20))
    return first, second


def ranks(score: np.ndarray) -> np.ndarray:
    return (score > np.diag(score)[:, None]).sum(1)


def test_bridge_finds_partners_that_shapes_do_not(codes: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = codes
    bridge = fit_bridge(first[:150], [s[None] for s in second[:150]])
    with_bridge = ranks(bridge.score(first[150:], second[150:]))
    without = ranks(-((first[150:, None] - second[None, 150:]) ** 2).sum(-1))
    assert (with_bridge == 0).mean() > 0.8
    assert (without == 0).mean() < 0.3


def test_right_site_of_a_compound_is_found_without_being_given(codes: tuple[np.ndarray, np.ndarray]) -> None:
    first = codes[0]
    chance = np.random.default_rng(0)
    second = first + 0.6 * first**2 + 0.2 * chance.normal(size=first.shape)  # alike enough for a first guess
    candidates = [np.stack([s, second[chance.integers(200)]]) for s in second[:150]]
    bridge = fit_bridge(first[:150], candidates)
    chosen = [bridge.score(f[None], c)[0].argmax() for f, c in zip(first[:150], candidates, strict=True)]
    assert np.mean(np.array(chosen) == 0) > 0.85


def test_too_few_pairs_are_refused(codes: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(SpectrumError, match="5 compounds were computed by both codes"):
        fit_bridge(codes[0][:5], [s[None] for s in codes[1][:5]])


def test_vectors_do_not_see_beyond_the_scan() -> None:
    values = np.ones((1, 200), np.float32)
    known = np.ones((1, 200), bool)
    known[:, 150:] = False
    spoiled = values.copy()
    spoiled[:, 150:] = 7.0
    offset = np.zeros(1, np.float32)
    assert np.allclose(bridge_vectors(values, known, offset), bridge_vectors(spoiled, known, offset))
