"""Normalisation against the curve it was made from, and against published normalisations."""

import numpy as np
import pandas as pd
import pytest
import scipy.ndimage

from xsearch.errors import SpectrumError
from xsearch.preprocess.edge import find_e0
from xsearch.preprocess.xanes import WINDOW_GRID_eV, deglitch, normalize, smoothed, window
from xsearch.spectra.edges import tabulated_edge
from xsearch.spectra.xanes import Xanes

FE_K_eV = 7112.0


def edge_curve(energy: np.ndarray, e0: float) -> np.ndarray:
    """A step of height one with a white line and an oscillation."""
    x = energy - e0
    step = 0.5 + np.arctan(x / 1.2) / np.pi
    return step * (1 + 0.5 * np.exp(-(((x - 6) / 3) ** 2)) + 0.05 * np.sin(x / 6) * (x > 0))


def measured_like(e0: float = 7123.0, stop: float = 700.0) -> tuple[np.ndarray, np.ndarray]:
    energy = np.concatenate([np.arange(6970, 7100, 5.0), np.arange(7100, 7180, 0.4), np.arange(7180, 7120 + stop, 3.0)])
    return energy, edge_curve(energy, e0)


def test_background_and_step_are_taken_out() -> None:
    energy, truth = measured_like()
    raw = 3.7 * truth + 0.8 - 4e-4 * (energy - 7000)
    found = normalize(Xanes(energy, raw, "Fe", "K"))
    near = (energy > 7100) & (energy < 7170)
    assert found.method == "flattened"
    assert np.abs(found.mu - truth)[near].max() < 0.03
    assert found.edge_step == pytest.approx(3.7, rel=0.03)
    assert found.tabulated_e0_eV == pytest.approx(FE_K_eV, abs=1.0)


def test_edge_shift_moves_e0_by_as_much() -> None:
    energy, first = measured_like(7120.0)
    second = edge_curve(energy, 7123.5)
    assert find_e0(energy, second) - find_e0(energy, first) == pytest.approx(3.5, abs=0.15)


def test_steep_pre_edge_peak_is_not_the_edge() -> None:
    energy, truth = measured_like(7128.0)
    peak = 0.8 * np.exp(-(((energy - 7113) / 0.9) ** 2))
    assert np.gradient(truth + peak, energy).argmax() < np.searchsorted(energy, 7116)
    assert find_e0(energy, truth + peak, near_eV=FE_K_eV) > 7120


def test_a_soft_edge_begins_with_its_first_band_though_a_gap_follows() -> None:
    energy = np.arange(505.0, 590.0, 0.1)
    mu = np.where(energy > 530.0, 1.0, 0.0) + 4.0 * np.exp(-(((energy - 531.5) / 0.8) ** 2))
    mu -= 0.65 * np.exp(-(((energy - 536.0) / 2.5) ** 2)) * (energy > 530.0)
    mu += 1.5 * np.exp(-(((energy - 541.0) / 2.0) ** 2))
    mu = scipy.ndimage.gaussian_filter1d(mu, 3)
    found = normalize(Xanes(energy, mu, "O", "K", "oxide"))
    assert found.e0_eV == pytest.approx(530.3, abs=1.0)
    assert not any("check the energy calibration" in note for note in found.notes)


@pytest.mark.parametrize("stop", [40.0, 25.0, 18.0])
def test_short_scan_is_normalised_by_its_tail(stop: float) -> None:
    energy = np.arange(7105, 7123 + stop, 0.3)
    found = normalize(Xanes(energy, 2.0 * edge_curve(energy, 7123.0), "Fe", "K"))
    assert found.method == "short"
    assert found.edge_step == pytest.approx(2.0, rel=0.12)
    cut = window(found)
    assert not cut.known[-1]
    assert (cut.values[~cut.known] == 0).all()


def test_window_holds_the_curve_on_its_grid() -> None:
    energy, truth = measured_like()
    found = normalize(Xanes(energy, truth, "Fe", "K"))
    cut = window(found)
    assert cut.values.shape == (200,)
    assert cut.known.all()
    assert np.abs(cut.values - edge_curve(WINDOW_GRID_eV + found.centre_eV, 7123.0)).max() < 0.05
    assert cut.offset_eV == pytest.approx(found.centre_eV - tabulated_edge("Fe", "K").energy_eV)


def test_energy_calibration_does_not_change_the_window() -> None:
    energy, truth = measured_like()
    first = window(normalize(Xanes(energy, truth, "Fe", "K")))
    moved = window(normalize(Xanes(energy + 2.7, truth, "Fe", "K")))
    assert np.abs(first.values - moved.values).max() < 0.01
    assert moved.offset_eV - first.offset_eV == pytest.approx(2.7, abs=0.05)


def test_window_stays_where_it_is_when_the_steepest_shoulder_changes() -> None:
    energy = np.arange(7080, 7180, 0.25)

    def two_steps(share: float) -> Xanes:
        return Xanes(energy, share * edge_curve(energy, 7118.0) + (1 - share) * edge_curve(energy, 7126.0), "Fe", "K")

    low, high = normalize(two_steps(0.6)), normalize(two_steps(0.35))
    assert high.e0_eV - low.e0_eV > 5
    assert 0 < high.centre_eV - low.centre_eV < 3


def test_deglitching_replaces_only_the_glitch() -> None:
    energy, truth = measured_like()
    noisy = truth + np.random.default_rng(1).normal(0, 0.002, len(truth))
    spoiled = noisy.copy()
    spoiled[150] += 0.6
    mended = deglitch(Xanes(energy, spoiled, "Fe", "K"))
    assert abs(mended.mu[150] - noisy[150]) < 0.05
    assert np.abs(mended.mu - noisy).max() < 0.05
    assert "glitch" in mended.notes[0]


def test_flat_spectrum_is_refused() -> None:
    energy = np.arange(7000, 7300, 1.0)
    with pytest.raises(SpectrumError, match="No absorption edge"):
        normalize(Xanes(energy, 1 - 1e-4 * (energy - 7000), "Fe", "K"))


def test_wrong_absorber_is_refused_with_the_expected_energy() -> None:
    energy, truth = measured_like()
    with pytest.raises(SpectrumError, match="expected near 8979"):
        normalize(Xanes(energy, truth, "Cu", "K"))


def test_scan_that_stops_at_the_edge_is_refused() -> None:
    energy = np.arange(7080, 7128.5, 0.3)
    with pytest.raises(SpectrumError, match=r"the scan runs from|No absorption edge"):
        normalize(Xanes(energy, edge_curve(energy, 7123.0), "Fe", "K"))


def test_noise_that_drowns_the_edge_is_refused() -> None:
    energy = np.arange(7000, 7300, 0.5)
    noise = np.random.default_rng(0).normal(0, 0.4, len(energy))
    with pytest.raises(SpectrumError, match=r"noise|No absorption edge"):
        normalize(Xanes(energy, edge_curve(energy, 7123.0) + noise, "Fe", "K"))


@pytest.mark.data
def test_published_normalisations_are_reproduced(data_folder) -> None:
    table = pd.read_parquet(data_folder / "xas_measured.parquet")
    table = table[table.usable_query & ~table.suspect]
    errors, offsets, refused = [], [], 0
    for row in table.itertuples():
        try:
            found = normalize(Xanes(row.energy, row.mu_raw, row.element, row.edge, row.id))
        except SpectrumError:
            refused += 1
            continue
        near = (row.energy > row.e0 - 10) & (row.energy < row.e0 + 46)
        errors.append(np.sqrt(np.mean((found.mu - row.mu_norm)[near] ** 2)))
        offsets.append(abs(found.e0_eV - row.e0))
    assert len(table) > 200
    assert refused <= 0.03 * len(table)
    assert np.median(errors) < 0.015
    assert np.mean(np.array(errors) < 0.05) > 0.85
    assert np.mean(np.array(offsets) < 1.5) > 0.85


def test_noisy_windows_are_smoothed_and_others_left_alone() -> None:
    x = WINDOW_GRID_eV
    truth = np.stack([edge_curve(x, 0.0)] * 2).astype(np.float32)
    known = np.ones((2, 200), bool)
    known[:, 130:] = False
    truth[~known] = 0
    coarse = np.interp(x, x[::2], np.random.default_rng(0).normal(0, 0.05, 100))
    given = truth + np.where(known, [np.zeros(200), coarse], 0).astype(np.float32)
    found = smoothed(given, known)
    assert (found[0] == given[0]).all()
    assert (found[~known] == 0).all()
    before, after = (np.abs(v[1] - truth[1])[known[1] & (np.abs(x) > 3)].mean() for v in (given, found))
    assert after < 0.8 * before
