"""Powder pattern or absorption spectrum, on evidence; and what is neither."""

from pathlib import Path

import numpy as np
import pytest

from tests.spectra.instrument_files import edge, powder, rows
from xsearch.errors import SpectrumError, WavelengthError
from xsearch.reading import Reading
from xsearch.spectra import PowderPattern, Xanes, read, read_each

X, Y = powder(10, 0.1, 801)
E, MU = edge()
Q = 4 * np.pi * np.sin(np.radians(X / 2)) / 1.540593
D = 2 * np.pi / Q


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def assert_is_the_pattern(pattern: object) -> None:
    assert isinstance(pattern, PowderPattern)
    assert pattern.two_theta_deg == pytest.approx(X, abs=1e-4)
    assert pattern.intensity == pytest.approx(Y, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "Omega,2Theta,Counts\n" + rows(X / 2, X, Y, separator=","),
        "No.,2theta,counts\n" + rows(np.arange(len(X)), X, Y, separator=","),
        rows(np.arange(1.0, len(X) + 1), X, Y),
        "# measured below the Fe K-edge\n" + rows(X, Y),
        "# XAS beamline, absorption corrected\n2Theta I\n" + rows(X, Y),
        "2Theta I0 I1\n" + rows(X, Y, Y),
        "# DATAFILE=c.dat\n# BackgroundFunction=PowerLaw w flat\n" + rows(X, Y, np.sqrt(Y)),
    ],
)
def test_powder_data_are_told_by_names_ranges_and_shape(tmp_path: Path, text: str) -> None:
    pattern = read(written(tmp_path, "scan.dat", text), wavelength=1.540593)
    assert isinstance(pattern, PowderPattern)
    assert pattern.two_theta_deg == pytest.approx(X, abs=1e-4)
    with pytest.raises(WavelengthError):
        read(written(tmp_path, "scan.dat", text))


def test_energies_in_kev_that_step_up_are_an_absorption_spectrum(tmp_path: Path) -> None:
    assert isinstance(read(written(tmp_path, "scan.dat", rows(E / 1000, MU))), Xanes)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("tof.xye", rows(np.linspace(8000, 60000, 801), Y, np.sqrt(Y)), "times of flight"),
        ("tof.dat", "# Time-of-flight (us)\n" + rows(np.linspace(8000, 60000, 801), Y), "times of flight"),
        ("tof.csv", "TOF,Counts\n" + rows(np.linspace(8000, 60000, 801), Y, separator=","), "times of flight"),
        ("n.xye", "# NdNi4 neutrons\n# lambda = 1.494\n" + rows(X, Y, np.sqrt(Y)), "neutrons"),
        ("saxs.dat", "# q (1/A)  I\n" + rows(np.geomspace(0.002, 0.8, 200), np.geomspace(100, 1, 200)), "small-angle"),
        ("pdf.gr", "#L r($\\AA$)  G($\\AA^{-2}$)\n" + rows(np.linspace(0, 30, 801), np.sin(Y)), "pair distribution"),
        ("rocking.csv", "Omega,Counts\n" + rows(X, Y, separator=","), "a rocking curve"),
        ("q.dat", "q I\n" + rows(Q * 4, Y), r"Say which with --axis q or --axis q_nm"),
        ("theta.csv", "Theta,Counts\n" + rows(X, Y, separator=","), "--axis theta or --axis 2theta"),
    ],
)
def test_what_is_no_x_ray_pattern_or_leaves_a_choice_is_refused_with_the_readings(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(SpectrumError, match=message):
        read(path, wavelength=None if name == "n.xye" else "CuKa")


def test_a_given_wavelength_goes_before_the_word_neutron_and_it_is_told(tmp_path: Path) -> None:
    pattern = read(written(tmp_path, "n.xye", "# neutrons\n" + rows(X, Y, np.sqrt(Y))), wavelength="CuKa")
    assert any("speaks of neutrons" in note for note in pattern.notes)
    tube = read(written(tmp_path, "n.xye", "# for the neutron experiment\n# Anode: Cu\n" + rows(X, Y, np.sqrt(Y))))
    assert_is_the_pattern(tube)


@pytest.mark.parametrize(
    ("head", "axis", "named"),
    [
        ("# chi_Q chi_I", Q, None),
        ("momentum transfer (1/A),I", Q, None),
        ("scattering vector [1/nm],I", Q * 10, None),
        ("d (nm),I", D / 10, None),
        ("d_A I", D, None),
        ("d I", D / 10, None),
        ("theta (deg),counts", X / 2, None),
        ("Theta-2Theta,counts", X, None),
        ("x y", Q * 4, "q_nm"),
        ("", D, "d"),
        ("", np.radians(X), "2theta_rad"),
        ("Theta,counts", X, "2theta"),
    ],
)
def test_an_axis_is_what_its_name_or_the_user_says(
    tmp_path: Path, head: str, axis: np.ndarray, named: str | None
) -> None:
    scale = 0.4 if named == "q_nm" else 1
    text = f"{head}\n" * bool(head) + rows(axis / scale, Y, separator="," if "," in head else " ")
    pattern = read(written(tmp_path, "scan.dat", text), wavelength=1.540593, reading=Reading.parse(axis=named))
    assert_is_the_pattern(pattern)


def test_columns_are_those_that_the_user_names(tmp_path: Path) -> None:
    text = "a b c d e\n" + rows(Y * 7, X, Y / 2, Y / 2, np.sqrt(Y))
    reading = Reading.parse(columns="2theta=b,intensity=c+4,sigma=5")
    pattern = read(written(tmp_path, "scan.txt", text), wavelength="CuKa", reading=reading)
    assert_is_the_pattern(pattern)
    assert pattern.sigma == pytest.approx(np.sqrt(Y))
    assert "Columns read: 'b' and 'c' + 'd' of 5." in pattern.notes
    reading = Reading.parse(columns="q=1,intensity=2", axis="q")
    assert read(written(tmp_path, "scan.txt", rows(Q, Y)), wavelength=1.540593, reading=reading).two_theta_deg[
        0
    ] == pytest.approx(10)


def test_the_third_of_three_columns_is_sigma_where_it_goes_as_counts_do(tmp_path: Path) -> None:
    with_sigma = read(written(tmp_path, "scan.xye", rows(X, Y, np.sqrt(Y))), wavelength="CuKa")
    assert with_sigma.sigma == pytest.approx(np.sqrt(Y))
    calculated = read(written(tmp_path, "scan.dat", rows(X, Y, Y * 0.9)), wavelength="CuKa")
    assert calculated.sigma is None


@pytest.mark.parametrize(
    "text",
    [
        "2Theta,25 C,100 C,200 C\n" + rows(X, Y, Y * 2, Y * 3, separator=","),
        "2Theta\t25\t100\t200\n" + rows(X, Y, Y * 2, Y * 3, separator="\t"),
        "2Theta,I,2Theta,I,2Theta,I\n" + rows(X, Y, X, Y * 2, X, Y * 3, separator=","),
        rows(X, Y, X, Y * 2, X, Y * 3),
    ],
)
def test_scans_side_by_side_are_a_series(tmp_path: Path, text: str) -> None:
    scans = read_each(written(tmp_path, "series.csv", text), wavelength="CuKa")
    assert [scan.intensity.max() / Y.max() for scan in scans] == [1, 2, 3]


def test_columns_that_are_no_scans_are_not_searched(tmp_path: Path) -> None:
    text = "2Theta,Yobs,Ycalc,Background,Diff\n" + rows(X, Y, Y, Y / 10, Y * 0 + 1, separator=",")
    (scan,) = read_each(written(tmp_path, "fit.csv", text), wavelength="CuKa")
    assert_is_the_pattern(scan)
