"""Intensities and shapes of lines against plain formulas."""

import numpy as np
import pytest

from tests.peaks import plain_lorentz_polarisation, plain_pseudo_voigt
from xsearch.errors import SpectrumError
from xsearch.simulate.line_kernels import LARGEST_SINE, add_lines, line_intensities, lorentz_polarisation
from xsearch.simulate.polarisation import UNPOLARISED, monochromator, synchrotron

ANGLES = np.array([12.0, 35.0, 90.0, 150.0])
SINES = np.sin(np.radians(ANGLES / 2))
AXIS = np.arange(10.0, 60.0, 0.01)


def test_the_factor_of_an_unpolarised_beam_is_the_textbook_one():
    assert lorentz_polarisation(SINES, UNPOLARISED) == pytest.approx(plain_lorentz_polarisation(ANGLES))


@pytest.mark.parametrize("at_deg", [0.0, 26.6, 90.0])
def test_a_monochromator_multiplies_the_part_in_the_plane(at_deg):
    found = lorentz_polarisation(SINES, monochromator(at_deg)) / lorentz_polarisation(SINES, 0.0)
    expected = 1 + (np.cos(np.radians(at_deg)) * np.cos(np.radians(ANGLES))) ** 2
    assert found == pytest.approx(expected)


def test_a_synchrotron_hardly_loses_intensity_at_right_angles():
    found = lorentz_polarisation(SINES, synchrotron(0.95)) / lorentz_polarisation(SINES, 0.0)
    polarised = (1 + 0.95) / 2 + (1 - 0.95) / 2 * np.cos(np.radians(ANGLES)) ** 2
    assert found / found[2] == pytest.approx(polarised / polarised[2])
    assert synchrotron(0.0) == UNPOLARISED


@pytest.mark.parametrize(("made", "value"), [(monochromator, 190.0), (synchrotron, 1.2)])
def test_impossible_polarisations_are_refused(made, value):
    with pytest.raises(SpectrumError, match="not possible"):
        made(value)


def test_lines_beyond_the_largest_angle_have_no_intensity_and_the_factor_stays_finite():
    ln_q = np.log(4 * np.pi * np.array([0.5, LARGEST_SINE + 0.005, 1.2]) / 1.5406)
    found = line_intensities(ln_q, np.full(3, 2.0), 1.5406, UNPOLARISED)
    assert found[0] == pytest.approx(2 * plain_lorentz_polarisation(np.array([60.0]))[0])
    assert found[1:].tolist() == [0.0, 0.0]
    assert lorentz_polarisation(1.3, UNPOLARISED) == lorentz_polarisation(LARGEST_SINE, UNPOLARISED)


@pytest.mark.parametrize("lorentzian", [0.0, 0.4, 1.0])
def test_added_lines_are_pseudo_voigts(lorentzian):
    out = np.zeros(len(AXIS))
    add_lines(np.array([20.0, 41.3]), np.array([2.0, 3.0]), np.array([0.3, 0.2]), lorentzian, 80.0, AXIS, out)
    plain = 2 * plain_pseudo_voigt(AXIS - 20.0, 0.3, lorentzian) + 3 * plain_pseudo_voigt(AXIS - 41.3, 0.2, lorentzian)
    assert out == pytest.approx(plain, abs=3e-4 * plain.max())


def test_lines_keep_their_area_on_an_uneven_axis_too():
    uneven = np.sort(np.concatenate([AXIS, AXIS[::3] + 0.004]))
    for axis in (AXIS, uneven):
        out = np.zeros(len(axis))
        add_lines(np.array([30.0]), np.array([2.0]), np.array([0.3]), 0.0, 12.0, axis, out)
        assert np.trapezoid(out, axis) == pytest.approx(2.0, rel=1e-3)
