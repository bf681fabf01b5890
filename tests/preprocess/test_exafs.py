"""χ(k) and χ(R): against a simulated scan whose χ is known, and against Larch where that is installed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.exafs import chi_of_two_shells, scan
from xsearch.errors import SpectrumError
from xsearch.preprocess.exafs import (
    EXAFS,
    R_GRID_A,
    INV_A2_PER_eV,
    K_GRID_invA,
    K_STEP_invA,
    background,
    extract_exafs,
    fourier,
    hanning,
)
from xsearch.preprocess.xanes import NormalizedXanes, normalize
from xsearch.spectra.xanes import Xanes

COMPARED = (K_GRID_invA >= 3) & (K_GRID_invA <= 12)


def agreement(found: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """Correlation of k²χ(k) over the compared range."""
    weight = K_GRID_invA[COMPARED] ** 2
    return float(np.corrcoef(weight * found[COMPARED], weight * true[COMPARED])[0, 1])


@pytest.mark.parametrize("white_line", [0.0, 0.3, 1.0])
def test_the_known_chi_of_a_simulated_scan_comes_back(white_line: float) -> None:
    found = extract_exafs(normalize(scan(white_line=white_line)))
    true = chi_of_two_shells(K_GRID_invA)
    assert agreement(found.chi, true) > 0.99
    amplitude = found.chi[COMPARED].std() / true[COMPARED].std()
    assert 0.85 < amplitude < 1.1


def test_shells_stand_where_they_are_and_nothing_below_the_background() -> None:
    found = extract_exafs(normalize(scan()))
    true = np.abs(fourier(K_GRID_invA**2 * chi_of_two_shells(K_GRID_invA), *EXAFS.transform_invA))
    magnitude = np.abs(found.chi_r())
    assert R_GRID_A[magnitude.argmax()] == pytest.approx(R_GRID_A[true.argmax()], abs=0.05)
    assert magnitude[R_GRID_A < 0.8].max() < 0.15 * magnitude.max()
    np.testing.assert_allclose(magnitude, true, atol=0.12 * true.max())


def test_the_background_is_the_least_squares_minimum() -> None:
    k = np.arange(0, 12, K_STEP_invA)
    rng = np.random.default_rng(0)
    mu = 1 + 0.1 * np.exp(-k) + 0.05 * np.sin(4 * k) * np.exp(-k / 6)
    least = background(k, mu)

    def low_r(curve: NDArray[np.float64]) -> float:
        weight = (mu - curve) * k**EXAFS.background_k_weight * hanning(k, 0, float(k[-1]), 0.1)
        r_A = np.arange(0, EXAFS.background_A, 0.02)
        return float((np.abs(np.exp(2j * np.outer(r_A, k)) @ weight) ** 2).sum())

    for _ in range(20):
        other = background(k, mu + 0.02 * rng.normal() * np.cos(rng.uniform(0, 1) * k))
        assert low_r(least) <= low_r(other) * 1.001


def test_a_fourier_transform_is_the_plain_sum() -> None:
    chi = np.sin(2 * 2.2 * K_GRID_invA) * np.exp(-K_GRID_invA / 8)
    found = fourier(chi, 3.0, 12.0)
    window = hanning(K_GRID_invA, 3.0, 12.0, EXAFS.window_invA)
    for place in (0, 30, 44, 100):
        plain = sum(w * c * np.exp(2j * k * R_GRID_A[place]) for w, c, k in zip(window, chi, K_GRID_invA, strict=True))
        assert found[place] == pytest.approx(plain * K_STEP_invA / np.sqrt(np.pi))
    assert R_GRID_A[np.abs(found).argmax()] == pytest.approx(2.2, abs=0.05)


def test_a_scan_that_stops_too_early_is_refused_in_one_line() -> None:
    whole = scan()
    near = whole.energy_eV < 8979 + 180
    short = Xanes(whole.energy_eV[near], whole.mu[near], "Cu", "K", "short.dat")
    with pytest.raises(SpectrumError, match=r"short.dat: Cu K is known up to 1\d\d eV above the edge; EXAFS needs 250"):
        extract_exafs(normalize(short))


def test_another_edge_in_the_scan_ends_the_range() -> None:
    whole = scan(absorber="Eu", edge="L3", e0_eV=6977.0)
    found = extract_exafs(normalize(whole))
    assert found.k_end_invA < np.sqrt(INV_A2_PER_eV * (7617 - 6977))
    assert (found.chi[K_GRID_invA > found.k_end_invA] == 0).all()


def test_a_finer_scan_of_the_same_sample_gives_the_same_chi() -> None:
    coarse, fine = extract_exafs(normalize(scan())), extract_exafs(normalize(scan(points_per_step=4)))
    assert agreement(fine.chi, coarse.chi) > 0.999


def test_larch_finds_the_same_chi(data_folder: Path) -> None:
    larch = pytest.importorskip("larch", reason="xraylarch is not installed")
    autobk = pytest.importorskip("larch.xafs.autobk").autobk
    table = pd.read_parquet(data_folder / "xas_measured.parquet")
    table = table[table.usable_query & ~table.suspect.fillna(False) & table.source.str.startswith("XAS Data")]
    agreements = []
    for row in list(table.itertuples())[::12]:
        try:
            spectrum = normalize(Xanes(np.array(row.energy), np.array(row.mu_raw), row.element, row.edge))
            found = extract_exafs(spectrum)
        except SpectrumError:
            continue
        agreements.append(agreement(found.chi, _of_larch(larch, autobk, spectrum, found.k_end_invA)))
    assert len(agreements) >= 5
    assert np.median(agreements) > 0.98


def _of_larch(larch: object, autobk: object, spectrum: NormalizedXanes, k_end_invA: float) -> NDArray[np.float64]:
    group = larch.Group(energy=spectrum.energy_eV, mu=spectrum.mu)  # type: ignore[attr-defined]
    autobk(  # type: ignore[operator]
        group.energy, group.mu, group=group, ek0=spectrum.e0_eV, e0=spectrum.e0_eV, edge_step=1.0, kmax=k_end_invA,
        rbkg=EXAFS.background_A, kweight=EXAFS.background_k_weight, pre_edge_kws={"e0": spectrum.e0_eV, "step": 1.0},
    )  # fmt: skip
    return np.interp(K_GRID_invA, group.k, group.chi)
