"""Wavelengths from fields of a header, and from nowhere else."""

import pytest

from xsearch.spectra.readers.headers import find_wavelength

STATED = {
    "wavelength = 0.7093": 0.7093,
    "Wavelength (A): 0.4959": 0.4959,
    '"wavelength": 4.959e-11,': 0.4959,
    "wavelength in nm = 0.15406": 1.5406,
    "beamline.wavelength = 0.4": 0.4,
    "lambda= 1.49400, T= 300.000": 1.494,
    "Lambda: 1.5406 / 1.5444": 1.5406,
    "Sample: x;Wavelength=0.5": 0.5,
    "波長: 1.5406 Å": 1.5406,
    "波长(Å)：1.5406": 1.5406,
    "Longueur d'onde = 1.5406": 1.5406,
    "Wellenlänge: 1,5406 Å": 1.5406,
    "longitud de onda: 0.4137 Å": 0.4137,
    "Длина волны: 1.5406": 1.5406,
    "Calibrated wavelength = 0.412723": 0.412723,
    "λ (Cu Kα1) = 1.5406": 1.5406,
    "photon_energy_keV = 60": 0.20664,
    "線源: Cu": 1.541871,
    "Анод: Cu": 1.541871,
    "Strahlung: Cu Kα1": 1.540593,
    "E = 75.05 keV": 0.165202,
    "Photon energy 20 keV": 0.619921,
    "Incident energy (keV): 60": 0.20664,
    "Kα1 wavelength: 1.5406": 1.5406,
    "Radiation: Cu Kα": 1.541871,
    "X-ray source: Cu Kα (1.5418 Å)": 1.541871,
    "Cu Kα1, 40 kV, 40 mA": 1.540593,
    "CuKa1 radiation": 1.540593,
    'Id: "x" Operator: "" Anode: "Cu" Scantype: "Coupled"': 1.541871,
    "Anodenmaterial: Kupfer": 1.541871,
    "Tube anode: Co": 1.790276,
}
UNSTATED = (
    "Sputter target: Mo, 100 W, 30 min",
    "Target: Mo, 100 W",
    "temperature in K 1.5",
    "time in K",
    "Cr-K alum",
    "Co K a sample",
    "Detector: Lambda 750",
    "Lambda 2M detector",
    "Fe Ka fluorescence suppressed",
    "Zn K alpha line excluded",
    "laser wavelength: 532 nm",
    "Threshold energy: 6 keV",
    "measured below the Fe K-edge",
    "Ag in K-feldspar",
    "Anode: LiCoO2 half cell",
    "Anode: Ag-C composite",
    "tube: Fe crucible",
    "radiation dose: 1.5",
)


@pytest.mark.parametrize("line", STATED)
def test_a_field_states_a_wavelength_in_many_languages_and_units(line: str) -> None:
    found = find_wavelength((line,))
    assert found is not None
    assert found.value_A == pytest.approx(STATED[line], abs=2e-5)


@pytest.mark.parametrize("line", UNSTATED)
def test_words_that_are_no_field_of_the_radiation_state_nothing(line: str) -> None:
    assert find_wavelength((line,)) is None
