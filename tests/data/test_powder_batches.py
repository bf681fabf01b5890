"""The compiled loop against the slow path: measure, take off the background, onto the network's axis."""

import numpy as np
import pytest

from xsearch.indexes.views import augmented_views, measured_views
from xsearch.preprocess.network_input import network_input
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.simulate.conditions import conditions_of, draw_many, ideal
from xsearch.simulate.measurement import measure
from xsearch.spectra import PowderPattern


def test_drawn_patterns_look_as_if_they_had_been_measured_and_read(prototypes: SearchIndex) -> None:
    index, rows = prototypes.index, np.arange(0, 280, 14)
    drawn = draw_many(len(rows), np.random.default_rng(4))
    drawn["counts"] = np.maximum(drawn["counts"], 3000)  # where noise rules, the two draw their own
    drawn["fluorescence"] = 0
    fast = measured_views(index, rows, drawn, np.zeros(len(rows), np.int64))
    likeness = []
    for row, record, made in zip(rows, drawn, fast, strict=True):
        angles, counts = measure(index.reflections(int(row)), conditions_of(record), np.random.default_rng(1))
        slow = network_input(net_pattern(PowderPattern(angles, counts, float(record["wavelength_A"]))))
        assert np.abs(slow[1] - made[1]).sum() <= 16
        likeness.append(np.corrcoef(slow[0], made[0])[0, 1])
    # grains scatter at random in both, so that they cannot be equal
    assert np.median(likeness) > 0.97
    assert min(likeness) > 0.85


def test_the_same_seed_gives_the_same_patterns(prototypes: SearchIndex) -> None:
    index, rows = prototypes.index, np.array([1, 5, 9])
    once = augmented_views(index, rows, np.random.default_rng(7))
    assert np.array_equal(once, augmented_views(index, rows, np.random.default_rng(7)))
    assert not np.array_equal(once, augmented_views(index, rows, np.random.default_rng(8)))


def test_strain_shifts_the_clean_pattern(prototypes: SearchIndex) -> None:
    index, rows = prototypes.index, np.array([20])
    still, moved = (measured_views(index, rows, ideal(1, e), np.zeros(1, np.int64))[0, 0] for e in (0.0, 0.02))
    lags = np.arange(-40, 41)
    best = lags[np.argmax([np.roll(moved, lag) @ still for lag in lags])]
    assert best == pytest.approx(20, abs=1)  # 0.02 in bins of 0.001


def test_preferred_orientation_is_averaged_over_equivalent_planes(prototypes: SearchIndex) -> None:
    index, rows = prototypes.index, np.arange(0, 280, 20)
    drawn = ideal(len(rows))
    drawn["march"], drawn["axis"] = 0.5, (1, 0, 0)
    fast = measured_views(index, rows, drawn, np.zeros(len(rows), np.int64))
    for row, record, made in zip(rows, drawn, fast, strict=True):
        angles, counts = measure(index.reflections(int(row)), conditions_of(record), np.random.default_rng(1))
        slow = network_input(net_pattern(PowderPattern(angles, counts, float(record["wavelength_A"]))))
        assert np.corrcoef(slow[0], made[0])[0, 1] > 0.99
