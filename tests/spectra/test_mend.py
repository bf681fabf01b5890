"""Mending of axes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MOST_POINTS_KEPT, mend_axis, mend_with_variance

X = np.linspace(10, 20, 101)
Y = np.sin(X)


def test_a_good_axis_is_left_alone() -> None:
    x, y, notes = mend_axis(X, Y, "f", "2θ")
    assert (x == X).all()
    assert (y == Y).all()
    assert notes == ()


def test_a_descending_axis_is_reversed_and_said() -> None:
    x, y, notes = mend_axis(X[::-1], Y[::-1], "f", "2θ")
    assert (x == X).all()
    assert (y == Y).all()
    assert notes == ("The 2θ axis descends in the file; it was reversed.",)


def test_a_shuffled_axis_is_sorted_and_said() -> None:
    order = np.random.default_rng(1).permutation(len(X))
    x, y, notes = mend_axis(X[order], Y[order], "f", "energy")
    assert (x == X).all()
    assert (y == Y).all()
    assert notes == ("The energy axis is not in order; it was sorted.",)


def test_repeated_axis_values_are_averaged_and_counted() -> None:
    x, y, notes = mend_axis(np.insert(X, [1, 2, 3], X[:3]), np.insert(Y, [1, 2, 3], Y[:3] + 2), "f", "2θ")
    assert (x == X).all()
    assert y[:3] == pytest.approx(Y[:3] + 1)
    assert "3 values of the 2θ axis occur more than once; their rows were averaged." in notes


def test_of_several_scans_after_another_the_first_full_one_is_taken() -> None:
    x, y, notes = mend_axis(np.r_[X[:5], X, X], np.r_[Y[:5], Y, Y * 2], "f", "2θ")
    assert (x == X).all()
    assert (y == Y).all()
    assert notes == ("The 2θ axis starts 3 times; the first full scan was read.",)


def test_few_rows_without_numbers_are_dropped_and_many_refused() -> None:
    y = Y.copy()
    y[[3, 50]] = np.nan, np.inf
    x, _, notes = mend_axis(X, y, "f", "2θ")
    assert len(x) == 99
    assert notes == ("2 rows without finite numbers were left out.",)
    y[:30] = np.nan
    with pytest.raises(SpectrumError, match=r"31 of 101 rows .* no finite numbers"):
        mend_axis(X, y, "f", "2θ")


def test_a_million_points_are_averaged_without_moving_the_peak() -> None:
    x = np.linspace(5, 120, 1_000_000)
    x, y, notes = mend_axis(x, np.exp(-(((x - 40) / 0.1) ** 2)), "f", "2θ")
    assert len(x) <= MOST_POINTS_KEPT
    assert x[y.argmax()] == pytest.approx(40, abs=0.001)
    assert "1,000,000 points" in notes[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-1e6, 1e6)), min_size=25, max_size=80))
def test_whatever_comes_the_axis_rises_strictly_and_no_value_is_invented(points: list[tuple[float, float]]) -> None:
    x, y = np.array(points).T
    try:
        new_x, new_y, _ = mend_axis(x, y, "f", "2θ")
    except SpectrumError:
        return
    assert (np.diff(new_x) > 0).all()
    assert set(new_x) <= set(x)
    assert y.min() - 1e-6 <= new_y.min() <= new_y.max() <= y.max() + 1e-6


def test_averages_have_the_variance_of_a_mean() -> None:
    x, y, variance, _ = mend_with_variance(np.repeat(X, 2), np.repeat(Y, 2), np.full(2 * len(X), 4.0), "f", "2θ")
    assert (x == X).all()
    assert y == pytest.approx(Y)
    assert variance == pytest.approx(2.0)
