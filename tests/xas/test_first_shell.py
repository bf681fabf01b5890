"""The first distance from EXAFS: corrected by a phase, guided by the near edge."""

import numpy as np
import pytest

from tests.exafs import scan
from xsearch.preprocess.exafs import extract_exafs
from xsearch.preprocess.xanes import normalize
from xsearch.xas.first_shell import FIRST_SHELL, first_shell, maxima, phase_A

OXYGEN, IRON, GOLD = 8, 26, 79


def test_a_longer_bond_is_found_longer() -> None:
    found = []
    for oxygen_A in (1.9, 2.0, 2.1):
        exafs = extract_exafs(normalize(scan(oxygen_A=oxygen_A, metal_A=3.3)))
        shell = first_shell(exafs, oxygen_A, OXYGEN)
        assert shell is not None
        found.append(shell.exafs_A)
    np.testing.assert_allclose(np.diff(found), 0.1, atol=0.025)


def test_both_are_averaged_and_the_weight_is_that_of_the_settings() -> None:
    exafs = extract_exafs(normalize(scan()))
    shell = first_shell(exafs, 2.0, OXYGEN)
    assert shell is not None
    weight = FIRST_SHELL.weight
    assert shell.combined_A == pytest.approx(weight * shell.exafs_A + (1 - weight) * 2.0)


def test_the_near_edge_says_which_maximum_is_the_first_shell() -> None:
    exafs = extract_exafs(normalize(scan(oxygen_A=1.9, metal_A=2.8)))
    near, far = (first_shell(exafs, expected, OXYGEN) for expected in (1.9, 2.95))
    assert near is not None
    assert far is not None
    assert far.exafs_A - near.exafs_A > 0.5
    assert first_shell(exafs, 5.0, OXYGEN) is None


def test_heavier_neighbours_shift_the_wave_less() -> None:
    assert phase_A(OXYGEN) > phase_A(IRON) > phase_A(GOLD)


def test_maxima_are_those_of_the_plain_curve() -> None:
    exafs = extract_exafs(normalize(scan()))
    magnitude = np.abs(exafs.chi_r())
    places = [at for at, _ in maxima(exafs)]
    for at in places:
        near = np.arange(121)[np.abs(np.arange(121) * 0.05 - at) <= 0.06]
        assert magnitude[near].max() >= magnitude[near.min() - 1]
    assert places == sorted(places)
