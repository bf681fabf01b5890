"""The linear metric learns what measurement does."""

from pathlib import Path

import numpy as np

from xsearch.models.powder_metric import PowderMetric, metric_from
from xsearch.search import SearchIndex
from xsearch.training.powder_metric import recalled, train, write
from xsearch.training.settings import METRIC


def test_trained_directions_find_more_than_random_ones(prototypes: SearchIndex, tmp_path: Path) -> None:
    index = prototypes.index
    rows = np.flatnonzero(np.diff(index.reflection_arrays.offsets) > 0)
    write(train(index, rows, 400, np.random.default_rng(1)), tmp_path / "metric.safetensors")
    trained = metric_from(tmp_path / "metric.safetensors")
    assert trained.dimensions == METRIC.dimensions
    few = PowderMetric(trained.directions[:, -8:])  # the leading ones stand last
    random = PowderMetric(np.random.default_rng(2).normal(size=few.directions.shape))
    tested = rows[::4]
    places = [recalled(index, metric, tested, np.random.default_rng(3)) for metric in (few, random)]
    first, by_chance = (np.mean(np.array(found) < 1) for found in places)
    assert first > by_chance + 0.1


def test_the_same_seed_gives_the_same_metric(prototypes: SearchIndex) -> None:
    index = prototypes.index
    rows = np.flatnonzero(np.diff(index.reflection_arrays.offsets) > 0)
    one, other = (train(index, rows, 60, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.directions, other.directions)
