"""Masks, sentinels and gaps of detectors."""

import numpy as np
import pytest

from tests.spectra.instrument_files import powder
from xsearch.spectra.unmeasured import unmeasured

X, Y = powder(10, 0.1, 801)


@pytest.mark.parametrize("value", [65535, 2**32 - 1, 2**31 - 1, -9999, -1, -2, -999, 1e10])
def test_a_sentinel_is_recognised_and_told(value: float) -> None:
    y = Y.copy()
    y[300:311] = value
    y[500:512] = value
    masked, what = unmeasured(y)
    assert np.flatnonzero(masked).tolist() == [*range(300, 311), *range(500, 512)]
    assert what == f"{float(value):.10g}"


def test_zeros_at_the_ends_and_in_gaps_are_no_counts() -> None:
    y = Y.copy()
    y[:20] = y[400:410] = y[-30:] = 0
    masked, what = unmeasured(y)
    assert masked.sum() == 60
    assert what == "0"


def test_a_pattern_of_few_counts_keeps_its_zeros() -> None:
    y = np.random.default_rng(1).poisson(0.5, 801).astype(float)
    assert not unmeasured(y)[0].any()


def test_what_is_left_below_zero_by_a_background_is_kept() -> None:
    y = Y - 30
    y[100:105] = -1
    assert not unmeasured(y)[0].any()
    y = np.random.default_rng(2).normal(0, 1, 801).round()
    assert not unmeasured(y)[0].any()


def test_the_top_of_a_line_is_no_sentinel() -> None:
    assert not unmeasured(Y * 65535 / Y.max())[0].any()


def test_ends_without_numbers_are_left_out() -> None:
    y = Y.copy()
    y[:200] = y[-200:] = np.nan
    assert unmeasured(y)[0].sum() == 400
