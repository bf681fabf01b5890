"""Matching of EXAFS on simulated scans: the true one is first, and what was done to it is found."""

from dataclasses import replace

import numpy as np
import pytest

from tests.exafs import METAL_A, OXYGEN_A, chi_of_two_shells, scan
from xsearch.preprocess.exafs import Exafs, INV_A2_PER_eV, K_GRID_invA, extract_exafs
from xsearch.preprocess.xanes import normalize
from xsearch.xas.evidence import exafs_evidence
from xsearch.xas.exafs_matching import ExafsTable, match_exafs, shifted_k2_chi
from xsearch.xas.settings import DEFAULTS

DISTANCES = [(oxygen, metal) for oxygen in (1.85, 1.95, 2.05) for metal in (2.85, 3.0, 3.2)]
TRUE = DISTANCES.index((OXYGEN_A, METAL_A))


def library(sigma2_A2: float = 0.004, k_end_invA: float = 14.0, is_measured: bool = True) -> ExafsTable:
    """k²χ(k) of nine crystals that differ in the distances of two shells."""
    chi = np.array([chi_of_two_shells(K_GRID_invA, *pair, sigma2_A2=sigma2_A2) for pair in DISTANCES])
    known = K_GRID_invA <= k_end_invA
    n = len(DISTANCES)
    return ExafsTable(
        (K_GRID_invA**2 * chi * known).astype(np.float32), np.full(n, k_end_invA), np.full(n, is_measured)
    )


@pytest.mark.parametrize("k_end_invA", [9.3, 11.0, 14.0])
def test_the_true_spectrum_is_first_over_the_common_range(k_end_invA: float) -> None:
    matches = match_exafs(extract_exafs(normalize(scan())), library(k_end_invA=k_end_invA))
    assert matches.score.argmax() == TRUE
    assert matches.correlation[TRUE] > 0.98


def test_amplitude_does_not_count() -> None:
    query = extract_exafs(normalize(scan()))
    weaker = Exafs(0.6 * query.chi, query.k_end_invA, query.e0_eV, query.absorber, query.edge)
    one, other = (match_exafs(q, library()) for q in (query, weaker))
    np.testing.assert_allclose(one.correlation, other.correlation, atol=1e-6)


@pytest.mark.parametrize(("of_library", "is_measured"), [(0.001, True), (0.007, True), (0.0, False)])
def test_another_disorder_is_found(of_library: float, is_measured: bool) -> None:
    matches = match_exafs(extract_exafs(normalize(scan())), library(of_library, is_measured=is_measured))
    assert matches.score.argmax() == TRUE
    assert matches.debye_waller_A2[TRUE] == pytest.approx(1.25 * (0.004 - of_library), abs=0.0031)


@pytest.mark.parametrize("moved_eV", [-4.0, 3.0])
def test_another_e0_is_found(moved_eV: float) -> None:
    whole = normalize(scan())
    query = extract_exafs(whole)
    k = np.sqrt(np.maximum(K_GRID_invA**2 + INV_A2_PER_eV * moved_eV, 0))
    moved = Exafs(np.interp(k, K_GRID_invA, query.chi), query.k_end_invA - 0.5, 0.0, "Cu", "K")
    free = replace(DEFAULTS.exafs, shift_penalty=0.0)
    matches = match_exafs(moved, library(), free)
    assert matches.score.argmax() == TRUE
    still = match_exafs(query, library(), free).shift_eV[TRUE]
    assert matches.shift_eV[TRUE] - still == pytest.approx(moved_eV, abs=0.6)
    assert abs(match_exafs(moved, library()).shift_eV[TRUE]) <= abs(matches.shift_eV[TRUE])


def test_no_shift_leaves_the_spectrum_as_it_is() -> None:
    query = extract_exafs(normalize(scan()))
    np.testing.assert_allclose(shifted_k2_chi(query, np.zeros(1))[0], query.k2_chi, atol=1e-12)


def test_the_right_one_has_evidence_and_the_wrong_ones_little() -> None:
    table = library()
    value = exafs_evidence(match_exafs(extract_exafs(normalize(scan())), table), table)
    assert value[TRUE] > 5
    assert (np.delete(value, TRUE) < value[TRUE] - 3).all()


def test_noise_does_not_change_the_first() -> None:
    query = extract_exafs(normalize(scan()))
    noisy = query.chi + np.random.default_rng(1).normal(0, 0.005, len(query.chi))
    matches = match_exafs(Exafs(noisy, query.k_end_invA, 0.0, "Cu", "K"), library())
    assert matches.score.argmax() == TRUE
