"""Profiles on the log-q axis."""

import numpy as np
import pytest

from xsearch.preprocess.axis import RECALL_AXIS
from xsearch.preprocess.kernels import broaden, broaden_each
from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.profile import best_scale, centred_pattern
from xsearch.spectra import PowderPattern


def test_a_pattern_is_centred_in_its_range_and_empty_outside() -> None:
    angles = np.arange(20, 60, 0.02)
    lines = sum(1000 * np.exp(-0.5 * ((angles - at) / 0.06) ** 2) for at in (25.3, 37.8, 48.0))
    net = net_pattern(PowderPattern(angles, lines + 20, 1.5406))
    first, last = net.window(RECALL_AXIS)
    centred = centred_pattern(net)
    assert not centred[:first].any()
    assert not centred[last:].any()
    assert centred.sum() == pytest.approx(0, abs=1e-4)


def test_scale_is_the_least_squares_one_and_never_negative() -> None:
    profile = np.array([0.0, 1.0, 2.0])
    assert best_scale(3 * profile, profile) == pytest.approx(3)
    assert best_scale(-profile, profile) == 0
    assert best_scale(profile, np.zeros(3)) == 0


def test_lines_of_one_width_each_are_those_of_one_width() -> None:
    centres, areas = np.array([0.1, 0.5, 1.2]), np.array([3.0, 1.0, 2.0])
    one = broaden(centres, areas, 0.0, 0.004, 400, 0.02)
    each = broaden_each(centres, areas, np.full(3, 0.02), 0.0, 0.004, 400)
    assert np.allclose(one, each)
    wider = broaden_each(centres, areas, np.array([0.02, 0.04, 0.04]), 0.0, 0.004, 400)
    assert wider.sum() == pytest.approx(one.sum(), rel=1e-3)
    assert wider[125] == pytest.approx(one[125] / 2, rel=0.01)
