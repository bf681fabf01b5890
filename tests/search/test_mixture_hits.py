"""Weights of the phases of a mixture, and their errors."""

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.search import SearchIndex
from xsearch.search.mixture_hits import jackknife_errors
from xsearch.spectra import PowderPattern


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=20)
    left_out = np.array([np.delete(values, place).mean() for place in range(20)])[:, None]
    assert jackknife_errors(left_out)[0] == pytest.approx(values.std(ddof=1) / np.sqrt(20))


def test_errors_of_weights_are_as_large_as_they_scatter(prototypes: SearchIndex, measured: Measure) -> None:
    weights, errors = [], []
    for seed in range(4):
        major, minor = measured(120, seed=seed), measured(60, seed=seed + 10)
        both = PowderPattern(major.two_theta_deg, major.intensity + 0.5 * minor.intensity, major.wavelength_A)
        best = prototypes.search_mixture(both, phases=2).best
        assert len(best.components) == 2
        weights.append(best.components[0].weight_fraction)
        errors.append(best.components[0].weight_error)
        assert best.components[0].weight_error == pytest.approx(best.components[1].weight_error)
    assert np.std(weights) < 3 * np.mean(errors)
    assert 0 < np.mean(errors) < 0.15
