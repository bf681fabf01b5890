"""The linear metric of powder profiles, and the vectors that it is half of."""

from pathlib import Path

import numpy as np
import pytest

from xsearch.errors import XSearchError
from xsearch.models import powder_metric, powder_vectors
from xsearch.models.powder_metric import PowderMetric, centred_profiles, metric_from
from xsearch.preprocess.axis import INPUT_AXIS, RECALL_AXIS
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.simulate.conditions import conditions_of, ideal
from xsearch.simulate.measurement import measure
from xsearch.spectra import PowderPattern

STEP = RECALL_AXIS.step


def bump(at: float) -> np.ndarray:
    return np.exp(-0.5 * ((np.arange(RECALL_AXIS.bins) - at) / 3) ** 2)


@pytest.mark.parametrize("strain", [-2 * STEP, -0.25 * STEP, 0.0, 1.5 * STEP])
def test_profiles_move_by_the_expected_strain(strain: float) -> None:
    (moved,) = centred_profiles(bump(200)[None], np.array([strain]))
    assert np.argmax(moved) == pytest.approx(200 - strain / STEP, abs=0.51)  # a shorter cell, a larger q
    expected = bump(200 - strain / STEP)
    expected -= expected.mean()
    assert moved == pytest.approx(expected / np.linalg.norm(expected), abs=5e-3)
    assert moved.mean() == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(moved) == pytest.approx(1, abs=1e-5)


def test_lines_at_the_ends_go_and_do_not_come_back() -> None:
    stored = (bump(2) + bump(300)).astype(np.float16)
    (moved,) = centred_profiles(stored[None], np.array([40 * STEP]))
    assert np.argmax(moved) == 260
    assert moved[:200] == pytest.approx(np.full(200, moved[100]), abs=1e-6)
    assert moved[-40:] == pytest.approx(np.full(40, moved[100]), abs=1e-6)


def test_a_row_without_lines_has_no_vector() -> None:
    metric = PowderMetric(np.eye(RECALL_AXIS.bins)[:, 100:110])
    vectors = metric.of_rows(np.stack([bump(105), np.zeros(RECALL_AXIS.bins)]), np.zeros(2))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0], abs=1e-6)


@pytest.mark.skipif(not powder_vectors.are_there(), reason="no weights come with this copy")
def test_a_good_measurement_has_the_vector_of_its_crystal(prototypes: SearchIndex) -> None:
    index, metric = prototypes.index, powder_metric.load()
    vectors = metric.of_rows(index.profiles, index.columns.expected_strain)
    nearest = 0
    for row in range(3, 283, 14):
        (record,) = ideal(1, index.columns.expected_strain[row])
        conditions = conditions_of(record)
        angles, counts = measure(index.reflections(row), conditions, np.random.default_rng(row))
        vector = metric.of_pattern(net_pattern(PowderPattern(angles, counts, conditions.wavelength_A)))
        nearest += row in np.argsort(-(vectors @ vector))[:3]
    assert nearest >= 17  # of 20, among 288


@pytest.mark.skipif(not powder_vectors.are_there(), reason="no weights come with this copy")
def test_the_cosine_of_joined_vectors_is_the_mean_of_both() -> None:
    encoder, metric = powder_vectors.load(), powder_metric.load()
    random = np.random.default_rng(0)
    views = random.random((2, 2, INPUT_AXIS.bins)).astype(np.float32)
    profiles = np.stack([bump(150) + bump(220), bump(150) + bump(260)])
    both = encoder.of_rows(views, profiles, np.zeros(2))
    ours = metric.of_rows(profiles, np.zeros(2))
    theirs = both[:, : -metric.dimensions] * np.sqrt(2)
    assert both.shape == (2, encoder.dimensions)
    assert np.linalg.norm(both, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert both[0] @ both[1] == pytest.approx((ours[0] @ ours[1] + theirs[0] @ theirs[1]) / 2, abs=1e-5)


def test_without_a_file_it_is_said_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(XSearchError, match=r"training\.powder_metric` makes it"):
        metric_from(tmp_path / "none.safetensors")
