"""Wavelengths as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xsearch.errors import WavelengthError
from xsearch.spectra.radiation import LINES_A, RADIATIONS_A, describe_wavelength, parse_wavelength


@pytest.mark.parametrize(
    ("text", "wavelength_A"),
    [
        ("CuKa1", 1.540593),
        ("CuKa", 1.541871),
        ("cu k-alpha", 1.541871),
        ("Cu Kα₁", 1.540593),
        ("Mo", 0.710747),
        ("CuKb", 1.392234),
        ("0.7093", 0.7093),
        ("0,7093", 0.7093),
        (0.7093, 0.7093),
        ("1.5406 A", 1.5406),
        ("1.5406 Å", 1.5406),
        ("1.5406 Angstroms", 1.5406),
        ("0.07093 nm", 0.7093),
        ("71.07 pm", 0.7107),
        ("7.1e-11 m", 0.71),
        ("17.48 keV", 0.709292),
        ("12398.42 eV", 1.0),
    ],
)
def test_a_wavelength_is_understood_in_all_its_spellings(text: str | float, wavelength_A: float) -> None:
    assert parse_wavelength(text) == pytest.approx(wavelength_A, abs=2e-6)


def test_the_mean_of_the_doublet_lies_a_third_of_the_way_from_its_stronger_line() -> None:
    for anode, (kalpha1, kalpha2, kbeta) in LINES_A.items():
        assert kbeta < kalpha1 < kalpha2
        assert RADIATIONS_A[f"{anode}Ka"] - kalpha1 == pytest.approx((kalpha2 - kalpha1) / 3)


def test_the_table_agrees_with_xraydb_within_its_precision() -> None:
    import xraydb

    for anode, lines in LINES_A.items():
        tabulated = xraydb.xray_lines(anode)
        for name, wavelength_A in zip(("Ka1", "Ka2", "Kb1"), lines, strict=True):
            assert wavelength_A == pytest.approx(12398.42 / tabulated[name].energy, rel=4e-4)


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(WavelengthError, match=r"'copper'.*CuKa.*MoKa.*keV"):
        parse_wavelength("copper")


@pytest.mark.parametrize("text", ["", "nan", "Xx", "CuKa3", "1.54 inches", "1.5.4", "--1"])
def test_what_is_no_wavelength_is_refused(text: str) -> None:
    with pytest.raises(WavelengthError, match="Unknown wavelength"):
        parse_wavelength(text)


@pytest.mark.parametrize("text", ["17.48", "-1", "0", "0 keV", "1 eV", "1.54 nm"])
def test_what_no_crystal_diffracts_is_refused_with_the_range(text: str) -> None:
    with pytest.raises(WavelengthError, match=r"outside 0\.05 to 5 Å"):
        parse_wavelength(text)


@given(st.floats(0.06, 4.9))
def test_a_wavelength_survives_being_written_as_an_energy(wavelength_A: float) -> None:
    assert parse_wavelength(f"{12398.419843320026 / wavelength_A!r} eV") == pytest.approx(wavelength_A, rel=1e-9)


def test_a_known_wavelength_is_described_by_its_name() -> None:
    assert describe_wavelength(1.5406) == "1.5406 Å (CuKa1)"
    assert describe_wavelength(0.4999) == "0.4999 Å"
