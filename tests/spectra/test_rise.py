"""What is an absorption with an edge, and what is a counter, a clock or an angle, on simulated scans."""

import numpy as np
import pytest

from xsearch.spectra.rise import judge_rise

E = np.concatenate([np.arange(6974, 7104, 5.0), np.arange(7104, 7160, 0.5), np.arange(7160, 7800, 2.0)])
N = len(E)
X = E - 7124.0
EDGE = 0.5 + np.arctan(X / 2) / np.pi + 0.3 * np.exp(-(((X - 5) / 3) ** 2))


def noise(scale: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, N)


@pytest.mark.parametrize("scale", [0.0, 0.001, 0.02])
@pytest.mark.parametrize("background", [0.0, -0.002, 0.002])
def test_an_edge_is_clear_at_its_energy(scale: float, background: float) -> None:
    found = judge_rise(E, EDGE + background * X + noise(scale))
    assert found.is_clear
    assert found.energy_eV == pytest.approx(7124, abs=4)


def test_a_strong_white_line_on_a_falling_background_is_an_edge() -> None:
    energy = np.arange(2130.0, 2200.0, 0.25)
    edge = 0.2 * (0.5 + np.arctan((energy - 2152) / 0.7) / np.pi) + 0.8 * np.exp(-(((energy - 2153) / 1.2) ** 2))
    assert judge_rise(energy, 0.9 - 0.005 * (energy - 2130) + edge, (2145.5,)).is_clear


COUNTERS = {
    "a preset time": np.ones(N),
    "times by region": np.where(E < 7104, 1.0, np.where(E < 7160, 2.0, 5.0)),
    "the number of a point": np.arange(N) * 1.0,
    "a clock": np.arange(N) * 3.1 + noise(0.05),
    "an angle": np.degrees(np.arcsin(12398.42 / (2 * 3.13556 * E))),
    "an encoder": 1000 - 7.3 * E,
    "a flat counter": 1e5 + noise(300),
    "an incident intensity": 1e5 * (1 + 0.05 * np.sin(E / 17)) + noise(100),
    "a glitch": 1e5 * (1 - 0.3 * np.exp(-(((E - 7140) / 2) ** 2))) + noise(50),
    "a harmonic of an undulator": 1e5 * np.exp(-(((E - 7300) / 200) ** 2)) + noise(50),
    "a decaying current": 200 * np.exp(-np.arange(N) / 900) + noise(0.05),
    "few counts": np.random.default_rng(1).poisson(2, N).astype(float),
    "an edge upside down": -EDGE + noise(0.001),
}


@pytest.mark.parametrize("name", COUNTERS)
@pytest.mark.parametrize("edges_eV", [(), (7112.0,)])
def test_what_is_no_absorption_is_not_clear(name: str, edges_eV: tuple[float, ...]) -> None:
    assert not judge_rise(E, COUNTERS[name], edges_eV).is_clear


def test_a_rise_far_from_the_stated_edge_is_not_its() -> None:
    assert not judge_rise(E, EDGE + noise(0.001), (7709.0,)).is_clear


def test_an_edge_among_coarse_points_is_not_the_one_meant() -> None:
    second = 3 * (0.5 + np.arctan((E - 7709) / 2) / np.pi)
    assert judge_rise(E, EDGE + second).energy_eV == pytest.approx(7124, abs=4)
