"""Lines that the first hit leaves over."""

from dataclasses import replace

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.data.simulated_measurements import measured_row
from xsearch.search import SearchIndex
from xsearch.simulate.conditions import conditions_of, ideal
from xsearch.spectra import PowderPattern


def test_a_second_phase_is_noted_and_a_single_one_is_not(prototypes: SearchIndex, measured: Measure) -> None:
    major, minor = measured(120), measured(60, seed=1)
    assert prototypes.search(major).notes == ()
    both = PowderPattern(major.two_theta_deg, major.intensity + 0.4 * minor.intensity, major.wavelength_A)
    (note,) = prototypes.search(both).notes
    assert "perhaps a second phase" in note


def test_a_textured_single_phase_has_no_foreign_lines(prototypes: SearchIndex, measured: Measure) -> None:
    pattern = measured(120)
    floor = np.percentile(pattern.intensity, 20)
    uneven = 1 + 0.6 * np.sin(pattern.two_theta_deg / 5)
    textured = floor + np.maximum(pattern.intensity - floor, 0) * uneven
    assert prototypes.search(PowderPattern(pattern.two_theta_deg, textured, pattern.wavelength_A)).notes == ()


def test_lines_of_the_tube_are_told_and_no_second_phase(prototypes: SearchIndex) -> None:
    row = 120
    conditions = replace(conditions_of(ideal(1)[0]), wavelength_A=1.540593, alpha2_A=1.544427, counts=2e4, floor=50.0)
    unfiltered = replace(conditions, tube=((1.392234, 0.06),))
    plain, with_beta = (
        measured_row(prototypes.index, row, one, np.random.default_rng(0)) for one in (conditions, unfiltered)
    )
    assert prototypes.search(plain).notes == ()
    notes = prototypes.search(with_beta).notes
    assert any("Kβ" in note for note in notes)
    assert not any("second phase" in note for note in notes)


@pytest.mark.parametrize("size_A", [30.0, 80.0])
def test_a_single_phase_of_broad_lines_is_no_second_one(prototypes: SearchIndex, size_A: float) -> None:
    conditions = replace(conditions_of(ideal(1)[0]), size_A=size_A, counts=2000.0, floor=50.0)
    pattern = measured_row(prototypes.index, 120, conditions, np.random.default_rng(0))
    assert not any("second phase" in note for note in prototypes.search(pattern).notes)


def test_a_hump_is_told_and_no_second_phase(prototypes: SearchIndex, measured: Measure) -> None:
    pattern = measured(120)
    highest = np.ptp(pattern.intensity)
    hump = highest * np.exp(-4 * np.log(2) * ((pattern.two_theta_deg - 22) / 9) ** 2)
    (note,) = prototypes.search(
        PowderPattern(pattern.two_theta_deg, pattern.intensity + hump, pattern.wavelength_A)
    ).notes
    assert note.startswith("Amorphous hump at 22°")
