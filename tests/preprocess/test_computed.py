"""Computed spectra made comparable."""

import numpy as np
import pytest

from xsearch.preprocess.computed import FERMI_AFTER_START_eV, edge_step_one, mean_over_sites, with_pre_edge


def test_the_edge_step_is_that_of_the_free_atom() -> None:
    energy = np.linspace(7110.0, 7160.0, 200)
    mu0 = 0.9 / (1 + np.exp(-(energy - 7120)))
    wiggle = 0.2 * np.sin((energy - 7120) / 4) * (energy > 7122)
    assert edge_step_one(energy, mu0 + wiggle, mu0)[-40:] == pytest.approx(1 + wiggle[-40:] / 0.9, abs=1e-6)


def test_a_mean_is_weighted_and_covers_what_all_sites_cover() -> None:
    first, second = np.linspace(0.0, 50.0, 101), np.linspace(3.0, 60.0, 101)
    grid, mean = mean_over_sites([(first, np.full(101, 1.0)), (second, np.full(101, 2.0))], [3, 1])
    assert (grid[0], grid[-1]) == (3.0, 50.0)
    assert mean == pytest.approx(1.25)


def test_what_lies_below_the_first_point_is_the_tail_of_a_broad_core_hole() -> None:
    """A step with a white line, convolved with a Lorentzian in closed form, against its continuation."""
    width, fermi = 5.0, 9881.0
    energy = np.concatenate(
        [np.arange(fermi - FERMI_AFTER_START_eV, fermi + 5, 0.1), np.arange(fermi + 5, fermi + 50, 1.0)]
    )

    def broadened(at):
        step = 0.5 + np.arctan((at - fermi) / (width / 2)) / np.pi
        return step + 8 * (width / 2) / np.pi / ((at - fermi - 3) ** 2 + (width / 2) ** 2)

    longer, mu = with_pre_edge(energy, broadened(energy), width)
    assert longer[0] == pytest.approx(energy[0] - 40)
    assert mu[len(mu) - len(energy) :] == pytest.approx(broadened(energy))
    assert np.abs(mu - broadened(longer)).max() < 0.1
    assert np.diff(mu[longer < fermi]).min() > 0
