"""Edges of other elements in a scan, on simulated scans."""

import numpy as np
import pytest

from xsearch.errors import SpectrumError
from xsearch.preprocess.ranges import surroundings
from xsearch.preprocess.xanes import normalize
from xsearch.spectra.normalisation import Normalisation
from xsearch.spectra.xanes import Xanes

EDGES = {"Cr": (5995.0, 0.18), "Fe": (7112.0, 0.7), "Ni": (8333.0, 0.12)}


def fine_structure(energy_eV: np.ndarray, e0_eV: float, height: float) -> np.ndarray:
    """An edge with oscillations that fade with k."""
    x = energy_eV - e0_eV
    k = np.sqrt(np.maximum(x, 0.0) * 0.2625)
    return height * (0.5 + np.arctan(x / 1.5) / np.pi) * (1 + 0.2 * np.sin(4.4 * k) * np.exp(-0.3 * k) * (x > 0))


def steel(start: float = 5700.0, stop: float = 9300.0) -> tuple[np.ndarray, np.ndarray]:
    """A scan over the edges of chromium, iron and nickel on a falling background."""
    energy = np.arange(start, stop, 1.4)
    background = 3.0 * (energy / 5700.0) ** -2.8
    return energy, background + sum(fine_structure(energy, e0, height) for e0, height in EDGES.values())


@pytest.mark.parametrize("element", EDGES)
def test_each_edge_of_a_steel_gets_its_step(element: str) -> None:
    energy, mu = steel()
    found = normalize(Xanes(energy, mu, element, "K"))
    assert found.e0_eV == pytest.approx(EDGES[element][0], abs=1.0)
    assert found.edge_step == pytest.approx(EDGES[element][1], rel=0.15)
    assert any("edge lies" in note for note in found.notes)


def test_the_edges_above_and_below_are_told_apart() -> None:
    energy, mu = steel()
    part = surroundings(Xanes(energy, mu, "Fe", "K"), 7112.0)
    assert 6000 < part.low_eV < 6200
    assert part.high_eV == pytest.approx(8333 - 30, abs=2)
    assert "Cr K" in part.notes[0]
    assert "Ni K" in part.notes[1]


@pytest.mark.parametrize("seed", range(20))
def test_fine_structure_and_noise_are_no_other_edge(seed: int) -> None:
    rng = np.random.default_rng(seed)
    e0 = rng.uniform(5000, 12000)
    energy = np.concatenate(
        [np.arange(e0 - 200, e0 - 30, 5.0), np.arange(e0 - 30, e0 + 40, 0.4), np.arange(e0 + 40, e0 + 900, 2.0)]
    )
    mu = (
        fine_structure(energy, e0, 1.0)
        + 0.5 * (energy / e0) ** -3
        + rng.normal(0, 10 ** rng.uniform(-4, -2), len(energy))
    )
    # by its own element alone, so that any other edge found is a false one
    part = surroundings(Xanes(energy, mu, "Fe", "K"), e0)
    assert not part.notes


def test_a_second_edge_of_the_element_ends_the_range() -> None:
    energy = np.arange(5600.0, 6400.0, 1.0)
    mu = fine_structure(energy, 5727.0, 1.0) + fine_structure(energy, 6165.0, 0.5)
    found = normalize(Xanes(energy, mu, "Ce", "L3"))
    assert found.edge_step == pytest.approx(1.0, rel=0.1)
    assert any("Ce L2" in note for note in found.notes)


def test_a_strong_white_line_is_an_edge() -> None:
    energy = np.arange(2440.0, 2540.0, 0.2)
    step = 0.8 * (0.5 + np.arctan((energy - 2481) / 0.8) / np.pi)
    found = normalize(Xanes(energy, 0.2 + step + 4.0 * np.exp(-(((energy - 2481.8) / 1.3) ** 2)), "S", "K"))
    assert 2480 < found.e0_eV < 2481.8
    assert found.edge_step == pytest.approx(0.8, rel=0.1)
    assert found.mu.max() == pytest.approx(5.5, rel=0.12)


def test_a_falling_background_before_a_short_scan_is_a_line() -> None:
    energy = np.arange(2130.0, 2200.0, 0.25)
    edge = 0.2 * (0.5 + np.arctan((energy - 2152) / 0.7) / np.pi) + 0.8 * np.exp(-(((energy - 2153) / 1.2) ** 2))
    found = normalize(Xanes(energy, 0.9 - 0.004 * (energy - 2130) + edge, "P", "K"))
    assert found.edge_step == pytest.approx(0.2, rel=0.15)


def test_a_metal_has_its_edge_at_the_first_inflection_and_an_oxide_at_the_rise() -> None:
    energy = np.arange(7000.0, 7700.0, 0.5)

    def rise(e0: float, width: float) -> np.ndarray:
        return 0.5 + np.arctan((energy - e0) / width) / np.pi

    foil = 0.45 * rise(7112, 1.0) + 0.55 * rise(7120, 1.2)
    assert normalize(Xanes(energy, foil, "Fe", "K")).e0_eV == pytest.approx(7112, abs=1)
    oxide = rise(7124, 2.0) + 0.25 * np.exp(-(((energy - 7113) / 1.2) ** 2))
    assert normalize(Xanes(energy, oxide, "Fe", "K")).e0_eV == pytest.approx(7124, abs=1)


@pytest.mark.parametrize(
    ("element", "e0_eV", "told"),
    [("Cr", 6007.0, False), ("V", 5482.0, False), ("Fe", 7126.0, False), ("Fe", 7140.0, True), ("Fe", 7098.0, True)],
)
def test_the_energy_scale_is_doubted_only_beyond_any_oxidation(element: str, e0_eV: float, told: bool) -> None:
    energy = np.arange(e0_eV - 150, e0_eV + 500, 0.7)
    found = normalize(Xanes(energy, fine_structure(energy, e0_eV, 1.0), element, "K"))
    assert any("energy calibration" in note for note in found.notes) == told


def test_given_ranges_are_obeyed_and_one_without_points_is_refused() -> None:
    energy, mu = steel()
    given = Normalisation(7110.0, (-150.0, -30.0), (50.0, 600.0))
    found = normalize(Xanes(energy, mu, "Fe", "K", normalisation=given))
    inside = (energy > 7110 - 150) & (energy < 7110 - 30)
    line = np.polyfit(energy[inside], mu[inside], 1)
    assert found.e0_eV == 7110.0
    assert found.mu[inside] == pytest.approx((mu - np.polyval(line, energy))[inside] / found.edge_step, abs=1e-9)
    with pytest.raises(SpectrumError, match="the post-edge range 5000 to 6000 eV holds 0 points"):
        normalize(Xanes(energy, mu, "Fe", "K", normalisation=Normalisation(7110.0, None, (5000.0, 6000.0))))
