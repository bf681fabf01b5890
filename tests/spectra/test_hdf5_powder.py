"""Powder patterns in HDF5 files."""

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spectra.format_files import nexus, written
from tests.spectra.instrument_files import powder
from xsearch.errors import SpectrumError, XSearchError
from xsearch.reading import Reading
from xsearch.spectra import PowderPattern, read, read_each

X, Y = powder()
WAVELENGTH_A = 1.540593
Q = 4 * np.pi * np.sin(np.radians(X / 2)) / WAVELENGTH_A
IN_M = (WAVELENGTH_A * 1e-10, "m")


def assert_is_the_pattern(pattern: object) -> None:
    assert isinstance(pattern, PowderPattern)
    assert pattern.two_theta_deg == pytest.approx(X, abs=1e-4)
    assert pattern.intensity == pytest.approx(Y)
    assert pattern.wavelength_A == pytest.approx(WAVELENGTH_A)


@pytest.mark.parametrize(
    ("axis", "x", "unit"),
    [
        ("q", Q * 10, "1/nm"), ("q", Q, "1/angstrom"), ("q", Q, "A^-1"), ("Q", Q * 10, "nm^-1"), ("q", Q, ""),
        ("2th", X, "deg"), ("two_theta", X, "degree"), ("tth", np.radians(X), "rad"), ("polar_angle", X, "deg"),
        ("d", 2 * np.pi / Q, "angstrom"), ("d_spacing", 0.2 * np.pi / Q, "nm"),
    ],
)  # fmt: skip
def test_a_nexus_data_group_is_read_by_its_axis_and_unit(tmp_path: Path, axis: str, x: np.ndarray, unit: str) -> None:
    assert_is_the_pattern(read(written(tmp_path, "scan.h5", nexus(axis, x, Y, unit, IN_M))))


@pytest.mark.parametrize(
    "wavelength", [IN_M, (WAVELENGTH_A, "angstrom"), (WAVELENGTH_A / 10, "nm"), (WAVELENGTH_A, "")]
)
def test_the_wavelength_of_the_entry_is_used(tmp_path: Path, wavelength: tuple[float, str]) -> None:
    assert_is_the_pattern(read(written(tmp_path, "scan.nxs", nexus("2th", X, Y, "deg", wavelength))))


def test_errors_beside_the_intensity_are_the_standard_deviations(tmp_path: Path) -> None:
    content = nexus("2th", X, Y, "deg", IN_M, I_errors=np.sqrt(Y))
    assert read(written(tmp_path, "scan.h5", content)).sigma == pytest.approx(np.sqrt(Y))


def test_frames_are_a_series_named_by_the_other_axis(tmp_path: Path) -> None:
    frames = np.array([Y, Y * 2, Y * 3])
    content = nexus("q", Q, frames, "1/A", IN_M, axes=["temperature"], temperature=[300.0, 400.0, 500.0])
    scans = read_each(written(tmp_path, "series.h5", content))
    assert [scan.intensity.max() / Y.max() for scan in scans] == [1, 2, 3]
    assert any("'temperature 400'" in note for note in scans[1].notes)


def test_an_intensity_over_q_and_azimuth_is_averaged(tmp_path: Path) -> None:
    cake = np.array([Y, Y * 3, Y * 0])
    content = nexus("q", Q, cake, "1/A", IN_M, axes=["chi"], chi=[-90.0, 0.0, 90.0])
    pattern = read(written(tmp_path, "cake.h5", content))
    assert pattern.intensity == pytest.approx(Y * 2)
    assert any("averaged over the azimuth" in note for note in pattern.notes)


def test_a_project_of_dioptas_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["pattern/pattern_x"], file["pattern/pattern_y"] = X, Y
        file["pattern"].attrs["unit"] = "2th_deg"
        file.create_group("calibration_model/pyfai_parameters").attrs["wavelength"] = WAVELENGTH_A * 1e-10
        file["image_model/raw_image_data"] = np.zeros((50, 50))
    assert_is_the_pattern(read(written(tmp_path, "project.dio", buffer.getvalue())))


def test_a_pyfai_file_is_read_with_the_wavelength_of_its_configuration(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("entry_0000/pyFAI/result")
        group.attrs["NX_class"], group.attrs["signal"], group.attrs["axes"] = "NXdata", "I", "q"
        group["q"], group["I"] = Q * 10, Y.astype("f4")
        group["q"].attrs["units"] = "nm^-1"
        file["entry_0000/pyFAI/configuration/data"] = f'{{"dist": 0.1, "wavelength": {WAVELENGTH_A * 1e-10}}}'
    assert_is_the_pattern(read(written(tmp_path, "integrated.h5", buffer.getvalue())))


def test_a_plain_group_of_an_axis_and_an_intensity_is_found_once(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["entry/result/tth"], file["entry/result/intensity"] = X, Y
        file["entry/result/count"] = Y * 0 + 1
        file["again"] = h5py.SoftLink("/entry")
        file["entry/loop"] = h5py.SoftLink("/")
        file["entry/beam/wavelength"] = WAVELENGTH_A
    assert_is_the_pattern(read(written(tmp_path, "result.hdf5", buffer.getvalue())))


def test_datasets_are_those_that_the_user_names(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["a/b"], file["a/c"] = Q, Y
    path = written(tmp_path, "own.h5", buffer.getvalue())
    with pytest.raises(SpectrumError, match="--columns q=/entry/data/q,intensity=/entry/data/I"):
        read(path)
    reading = Reading.parse(columns="q=/a/b,intensity=/a/c")
    assert_is_the_pattern(read(path, wavelength=WAVELENGTH_A, reading=reading))


def test_a_dataset_that_unpacks_to_too_much_is_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("entry/data")
        group.attrs["signal"], group.attrs["axes"] = "I", ["frame", "q"]
        group["q"] = Q
        group.create_dataset("I", (10**9, len(Q)), "f8", chunks=(1000, len(Q)), compression="gzip")
    with pytest.raises(SpectrumError, match="without a pattern"):
        read(written(tmp_path, "bomb.h5", buffer.getvalue()))


def test_neutrons_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO(nexus("2th", X, Y, "deg", IN_M))
    with h5py.File(buffer, "a") as file:
        file["entry/instrument/source/probe"] = "neutron"
    with pytest.raises(SpectrumError, match="neutrons"):
        read(written(tmp_path, "n.nxs", buffer.getvalue()))


@settings(max_examples=60, deadline=None)
@given(at=st.floats(0, 1), replacement=st.binary(min_size=1, max_size=6), cut=st.booleans())
def test_a_damaged_file_ends_in_a_pattern_or_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, at: float, replacement: bytes, cut: bool
) -> None:
    content = bytearray(nexus("q", Q, np.array([Y, Y]), "1/nm", IN_M))
    start = int(at * len(content))
    content[start : start + len(replacement)] = replacement
    path = written(tmp_path_factory.getbasetemp(), "damaged.h5", bytes(content[:start] if cut else content))
    message = ""
    try:
        read_each(path, wavelength="CuKa")
    except XSearchError as error:
        message = str(error)
    assert "\n" not in message


def test_a_file_on_which_the_library_crashes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import h5py

    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["x"] = [1.0, 2.0]
    crash = tmp_path / "probe.py"
    crash.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", encoding="utf-8")
    monkeypatch.setattr("xsearch.spectra.readers.hdf5.PROBE", crash)
    with pytest.raises(SpectrumError, match="damaged HDF5 file"):
        read(path)
