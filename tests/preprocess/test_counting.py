"""Noise that goes with the counts."""

import numpy as np
import pytest

from xsearch.preprocess.counting import counting_noise
from xsearch.spectra import PowderPattern


@pytest.mark.parametrize("points", range(1195, 1215))
def test_patterns_of_any_length_have_a_noise(points: int) -> None:
    counts = np.random.default_rng(0).poisson(300.0, points) * 0.37
    pattern = PowderPattern(np.linspace(10, 60, points), counts, 1.5406)
    assert (counting_noise(pattern).gain > 0).all()
