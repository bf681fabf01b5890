"""Lines that the first hit leaves over."""

import numpy as np

from tests.prototypes import Measure
from xsearch.search import SearchIndex
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
