"""Powder patterns in text, as people export them."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spectra.instrument_files import powder, rows
from xsearch.errors import SpectrumError, WavelengthError, XSearchError
from xsearch.spectra import PowderPattern, read, read_each

X, Y = powder()


def written(folder: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return path


def assert_is_the_pattern(pattern: object, wavelength_A: float | None = None) -> None:
    assert isinstance(pattern, PowderPattern)
    assert pattern.two_theta_deg == pytest.approx(X, abs=1e-6)
    assert pattern.intensity == pytest.approx(Y, abs=1e-6)
    if wavelength_A is not None:
        assert pattern.wavelength_A == pytest.approx(wavelength_A, abs=2e-6)


@pytest.mark.parametrize(
    ("separator", "decimal"),
    [(" ", "."), ("\t", "."), (",", "."), (", ", "."), (";", "."), ("   ", "."), (";", ","), ("\t", ","), (" ", ",")],
)
@pytest.mark.parametrize("suffix", [".xy", ".csv", ".dat", ".txt", ".unheard_of"])
def test_any_separator_and_decimal_mark_is_told(tmp_path: Path, separator: str, decimal: str, suffix: str) -> None:
    path = written(tmp_path, f"scan{suffix}", rows(X, Y, separator=separator, decimal=decimal))
    assert_is_the_pattern(read(path, wavelength="CuKa"), 1.541871)


@pytest.mark.parametrize("mark", ["# ", "; ", "! ", "// ", "' ", "% "])
def test_comments_of_any_kind_are_passed_over(tmp_path: Path, mark: str) -> None:
    text = f"{mark}first 1 2\n{mark}10.0 20.0\n" + rows(X, Y) + f"{mark}the end\n"
    assert_is_the_pattern(read(written(tmp_path, "scan.xy", text), wavelength=1.5))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_any_encoding_and_line_end_is_told(tmp_path: Path, encoding: str) -> None:
    text = "# Probe: Größe, Anode: Cu\n" + rows(X, Y)
    assert_is_the_pattern(read(written(tmp_path, "scan.xy", text.replace("\n", "\r\n"), encoding)), 1.541871)


def test_gzipped_text_is_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path, "scan.xy.gz", gzip.compress(rows(X, Y).encode()))
    assert_is_the_pattern(read(path, wavelength=1.5))


@pytest.mark.parametrize(
    ("header", "wavelength_A"),
    [
        ("# wavelength = 0.7093", 0.7093),
        ("# Wavelength (A): 0.4959", 0.4959),
        ("# wavelength: 4.959e-11 m", 0.4959),
        ('# "wavelength": 4.959e-11,', 0.4959),
        ("; Lambda=1.5406", 1.5406),
        ("# lambda 0.07093 nm", 0.7093),
        ("K-Alpha1 wavelength,1.5405980\nK-Alpha2 wavelength,1.5444260", 1.541874),
        ("# Kalpha1 = 1.54056", 1.54056),
        ("# X-ray energy: 17.48 keV", 0.709292),
        ("# Radiation: Mo K-alpha1", 0.709317),
        ("# CuKa1 radiation, 40 kV", 1.540593),
        ("##NAMES=Quartz\n##X-RAY WAVELENGTH: 1.541838\n##CELL PARAMETERS: 4.91 5.40", 1.541838),
        ("# target: Co", 1.790276),
        ("# X-ray tube: copper", 1.541871),
        ("! scan 1 of 3, wavelength 1.54178 Angstroms", 1.54178),
    ],
)
def test_the_wavelength_is_found_in_the_header(tmp_path: Path, header: str, wavelength_A: float) -> None:
    pattern = read(written(tmp_path, "scan.dat", f"{header}\n" + rows(X, Y)))
    assert_is_the_pattern(pattern, wavelength_A)
    assert any("from the file" in note for note in pattern.notes)


def test_a_pattern_without_wavelength_says_how_to_give_it(tmp_path: Path) -> None:
    with pytest.raises(WavelengthError, match=r"scan\.xy: .*--wavelength CuKa \(in Python: wavelength=\"CuKa\"\)"):
        read(written(tmp_path, "scan.xy", rows(X, Y)))


def test_the_given_wavelength_goes_before_the_files_and_says_so(tmp_path: Path) -> None:
    pattern = read(written(tmp_path, "scan.xy", "# wavelength = 0.7093\n" + rows(X, Y)), wavelength="CuKa1")
    assert pattern.wavelength_A == pytest.approx(1.540593)
    assert any("overridden" in note and "0.7093" in note for note in pattern.notes)


def test_columns_are_found_by_their_names(tmp_path: Path) -> None:
    text = "[Scan points]\nIndex,Angle,TimePerStep,Intensity,ESD\n"
    text += rows(np.arange(len(X)), X, np.full(len(X), 30.0), Y, np.sqrt(Y), separator=",")
    pattern = read(written(tmp_path, "scan.csv", text), wavelength="CuKa")
    assert_is_the_pattern(pattern)
    assert "Columns read: 'Angle' and 'Intensity' of 5." in pattern.notes


def test_of_many_nameless_columns_the_first_two_are_read_and_said(tmp_path: Path) -> None:
    pattern = read(written(tmp_path, "scan.txt", rows(X, Y, Y * 2, Y * 3)), wavelength="CuKa")
    assert_is_the_pattern(pattern)
    assert "Columns read: the first two of 4." in pattern.notes


@pytest.mark.parametrize(
    "label", ["2theta (deg)   intensity (a.u.)", "2th_deg\tI", "2 Theta [°]  Counts", '"2θ","I_obs"']
)
def test_the_names_of_two_columns_do_no_harm(tmp_path: Path, label: str) -> None:
    assert_is_the_pattern(read(written(tmp_path, "scan.dat", f"{label}\n" + rows(X, Y)), wavelength=1.5))


@pytest.mark.parametrize(
    ("label", "scale"), [("q(1/A)", 1), ("q_A^-1", 1), ("Q [Å⁻¹]", 1), ("q_nm^-1", 10), ("q (1/nm)", 10), ("q", 1)]
)
def test_q_is_converted_without_a_wavelength(tmp_path: Path, label: str, scale: float) -> None:
    q_invA = 4 * np.pi * np.sin(np.radians(X / 2)) / 1.540593
    pattern = read(written(tmp_path, "scan.dat", f"# {label}   intensity\n" + rows(q_invA * scale, Y)))
    assert pattern.q_invA == pytest.approx(q_invA, rel=1e-9)
    assert any("converted to 2θ" in note for note in pattern.notes)
    assert any("No wavelength is needed" in note for note in pattern.notes)


def test_q_beyond_the_reach_of_copper_is_converted_with_a_shorter_wavelength(tmp_path: Path) -> None:
    q_invA = np.linspace(0.5, 24, len(Y))
    pattern = read(written(tmp_path, "scan.dat", "# q_A^-1 I\n" + rows(q_invA, Y)))
    assert pattern.q_invA == pytest.approx(q_invA, rel=1e-9)
    assert pattern.wavelength_A < 0.52


def test_q_beyond_the_reach_of_the_given_wavelength_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "scan.dat", "# q_A^-1 I\n" + rows(np.linspace(0.5, 24, len(Y)), Y))
    with pytest.raises(WavelengthError, match=r"q reaches 24 1/Å, more than .* the wavelength or the unit of the axis"):
        read(path, wavelength="CuKa")


def test_d_is_converted_without_a_wavelength(tmp_path: Path) -> None:
    d_A = 1.540593 / (2 * np.sin(np.radians(X / 2)))
    pattern = read(written(tmp_path, "scan.dat", "d(A) counts\n" + rows(d_A, Y)))
    assert_is_the_pattern(pattern, 1.540593)


def test_radians_are_converted_where_the_header_says_so(tmp_path: Path) -> None:
    pattern = read(written(tmp_path, "scan.dat", "# 2th_rad I\n" + rows(np.radians(X), Y)), wavelength=1.5)
    assert_is_the_pattern(pattern)
    assert any("radians" in note for note in pattern.notes)


def test_a_chi_file_keeps_its_heading_out_of_the_data(tmp_path: Path) -> None:
    text = f"sample\n 2-Theta Angle (Degrees)\n Intensity\n      {len(X)}\n" + rows(X, Y, separator="  ")
    assert_is_the_pattern(read(written(tmp_path, "scan.chi", text), wavelength=1.5))
    text = f"sample\n Q (nm^-1)\n Intensity\n      {len(X)}\n" + rows(X, Y, separator="  ")
    assert read(written(tmp_path, "scan.chi", text)).q_invA == pytest.approx(X / 10)


def test_counts_after_start_step_and_end_get_their_angles(tmp_path: Path) -> None:
    counts = [f"{value:.0f}" for value in Y]
    body = "\n".join(" ".join(counts[at : at + 10]) for at in range(0, len(counts), 10))
    pattern = read(written(tmp_path, "scan.dat", f"{X[0]} 0.05 {X[-1]} CuKa1, sample\n{body}\n"))
    assert_is_the_pattern(pattern, 1.540593)


def test_a_table_broken_by_a_comment_is_read_whole(tmp_path: Path) -> None:
    text = rows(X[:100], Y[:100]) + "# beam lost and found\n" + rows(X[100:], Y[100:])
    assert_is_the_pattern(read(written(tmp_path, "scan.xy", text), wavelength=1.5))


def test_two_tables_of_one_range_are_a_series(tmp_path: Path) -> None:
    path = written(tmp_path, "scan.xy", "# scan 1\n" + rows(X, Y) + "# scan 2\n" + rows(X, Y * 3))
    first, second = read_each(path, wavelength=1.5)
    assert_is_the_pattern(first)
    assert second.intensity == pytest.approx(Y * 3)
    assert any("'scan 2'" in note for note in second.notes)


def test_scans_one_below_the_other_without_words_are_a_series_too(tmp_path: Path) -> None:
    scans = read_each(written(tmp_path, "scan.xy", rows(X, Y) + rows(X, Y * 3)), wavelength=1.5)
    assert [len(scan) for scan in scans] == [len(X), len(X)]


def test_tables_of_neighbouring_ranges_are_joined(tmp_path: Path) -> None:
    text = "# range 1\n" + rows(X[:200], Y[:200]) + "# range 2\n" + rows(X[150:], Y[150:])
    pattern = read(written(tmp_path, "scan.xy", text), wavelength=1.5)
    assert_is_the_pattern(pattern)
    assert any("2 ranges were joined" in note for note in pattern.notes)


def test_a_scan_that_cannot_be_used_does_not_hide_the_others(tmp_path: Path) -> None:
    text = "# scan 1\n" + rows(X, Y) + "# scan 2\n" + rows(X, Y * 0 + 7)
    (scan,) = read_each(written(tmp_path, "scan.xy", text), wavelength=1.5)
    assert_is_the_pattern(scan)
    assert any(note.startswith("1 of 2 spectra in the file cannot be used") for note in scan.notes)


@pytest.mark.parametrize(
    ("encoding", "words"), [("shift_jis", "波長: 1.54"), ("gb18030", "波长: 1.54"), ("cp1251", "Анод: Cu")]
)
def test_a_header_in_another_code_page_is_read(tmp_path: Path, encoding: str, words: str) -> None:
    path = written(tmp_path, "scan.xy", f"# {words}\n{rows(X, Y)}", encoding)
    assert_is_the_pattern(read(path))


@pytest.mark.parametrize("label", ["s (1/nm)", "Channel", "r_mm", "Energy (keV)"])
def test_a_first_column_that_is_no_axis_is_refused_by_its_name(tmp_path: Path, label: str) -> None:
    with pytest.raises(SpectrumError, match=r"the first column is .*, and no axis of a powder pattern"):
        read(
            written(tmp_path, "scan.csv", f"{label},Counts\n" + rows(X, Y, separator=",")),
            wavelength="CuKa",
            kind="pxrd",
        )


def test_negative_counts_are_kept_and_said(tmp_path: Path) -> None:
    pattern = read(written(tmp_path, "scan.xy", rows(X, Y - 30)), wavelength=1.5)
    assert pattern.intensity.min() == -10
    assert any("are negative; they were kept" in note for note in pattern.notes)


def test_points_below_zero_angle_are_left_out_and_said(tmp_path: Path) -> None:
    pattern = read(written(tmp_path, "scan.xy", rows(X - 10.1, Y)), wavelength=1.5)
    assert pattern.two_theta_deg[0] > 0
    assert any("at or below zero" in note for note in pattern.notes)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.xy", b"", "the file is empty"),
        ("nexus.xy", b"\x89HDF\r\n\x1a\n" + bytes(50), "a damaged HDF5 file"),
        ("blank.xy", b" \n \n", "the file is empty"),
        ("one.xy", rows(X).encode(), "one column of numbers; two are expected"),
        (
            "prose.txt",
            b"Dear colleague,\nhere is the sample of 3 May.\n",
            "no table of numbers in it, got 'Dear colleague,'",
        ),
        ("binary.xy", bytes(range(256)) * 8, "a binary file of a kind that xsearch does not know"),
        ("picture.raw", b"\x89PNG\r\n\x1a\n" + bytes(200), "neither Bruker's nor Stoe's"),
        ("three.xy", b"10 1\n20 2\n30 1\n", "3 points are too few"),
        ("nan.xy", rows(X, np.full(len(X), np.nan)).encode(), "rows hold values that are no finite numbers"),
        ("constant.xy", rows(X, np.full(len(X), 7.0)).encode(), "the intensity is 7 at every point"),
        ("radians.xy", rows(np.radians(X), Y).encode(), "Say which with --axis 2theta_rad, q, q_nm, d or d_nm"),
        ("wide.xy", b"# 2theta I\n" + rows(X * 10, Y).encode(), "2θ in degrees ends at 180"),
        ("cut.xy.gz", gzip.compress(rows(X, Y).encode())[:200], "gzipped file that is truncated"),
        ("broken.xrdml", b"<?xml version='1.0'?><xrdMeasurements><scan>", "broken XML"),
        ("other.xrdml", b"<?xml version='1.0'?><html></html>", "no XRDML measurement"),
        ("cut.brml", b"PK\x03\x04" + bytes(100), "a zip archive, and this is none or a truncated one"),
        ("data.gsas", rows(X, Y).encode(), "no BANK line"),
        ("structure.cif", b"data_x\n_cell_length_a 5\n", "holds no powder pattern"),
        ("broken.cif", b"loop_\n_a\n_b\n1 2 3\n", "broken CIF"),
    ],
)
def test_bad_input_ends_in_one_clear_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(SpectrumError) as caught:
        read(written(tmp_path, name, content), wavelength="CuKa")
    assert message in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SpectrumError, match="no such file"):
        read(tmp_path / "nothing.xy")
    with pytest.raises(SpectrumError, match="a folder"):
        read(tmp_path)


def test_a_kind_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpectrumError, match="'pxrd' or 'xanes' is expected"):
        read(written(tmp_path, "scan.xy", rows(X, Y)), kind="saxs")  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    first=st.floats(3, 30),
    step=st.floats(0.005, 0.2),
    count=st.integers(30, 200),
    separator=st.sampled_from([" ", "\t", ",", ";"]),
    seed=st.integers(0, 1000),
)
def test_every_pattern_survives_being_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, first: float, step: float, count: int, separator: str, seed: int
) -> None:
    x = first + step * np.arange(count)
    y = np.random.default_rng(seed).uniform(-10, 1e5, count)
    path = written(tmp_path_factory.mktemp("round"), "scan.xy", rows(x, y, separator=separator))
    pattern = read(path, wavelength=0.7)
    assert isinstance(pattern, PowderPattern)
    assert (pattern.two_theta_deg == x).all()
    assert (pattern.intensity == y).all()


@settings(max_examples=150, deadline=None)
@given(
    content=st.binary(max_size=400),
    suffix=st.sampled_from(["xy", "csv", "chi", "raw", "brml", "xrdml", "cif", "prj", "ras"]),
)
def test_no_bytes_at_all_end_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = written(tmp_path_factory.getbasetemp(), f"noise.{suffix}", content)
    with pytest.raises(XSearchError):
        read(path, wavelength="CuKa")
