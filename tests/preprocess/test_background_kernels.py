"""The compiled background against NumPy."""

import numpy as np
import pytest

from xsearch.preprocess.background_kernels import banded_solution


def test_a_banded_system_is_solved_as_numpy_solves_the_whole_one() -> None:
    random = np.random.default_rng(0)
    n, width = 30, 4
    band = random.normal(size=(n, width))
    band[:, 0] = 10
    whole = np.zeros((n, n))
    for k in range(n):
        for j in range(min(width, n - k)):
            whole[k, k + j] = whole[k + j, k] = band[k, j]
    right = random.normal(size=n)
    assert banded_solution(band.copy(), right.copy()) == pytest.approx(np.linalg.solve(whole, right))
