"""The files that diffractometers write."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spectra import instrument_files as files
from xsearch.errors import SpectrumError, WavelengthError, XSearchError
from xsearch.spectra import PowderPattern, Xanes, read, read_each

X, Y = files.powder()
SHORT = X[:5], Y[:5]
MEAN_CU_A = 1.54187

FILES: dict[str, Callable[[], bytes]] = {
    "one.xrdml": lambda: files.xrdml([(X, Y)]),
    "new.xrdml": lambda: files.xrdml([(X, Y)], version="2.1"),
    "several.xrdml": lambda: files.xrdml([SHORT, (X, Y)]),
    "one.brml": lambda: files.brml([files.brml_scan(X, Y)]),
    "several.brml": lambda: files.brml([files.brml_scan(*SHORT), files.brml_scan(X, Y)]),
    "one.rasx": lambda: files.rasx(X, Y),
    "one.ras": lambda: files.ras([(X, Y)]),
    "several.ras": lambda: files.ras([SHORT, (X, Y)]),
    "version1.raw": lambda: files.raw1([(X, Y)]),
    "several1.raw": lambda: files.raw1([SHORT, (X, Y)]),
    "early1.raw": lambda: files.raw1([SHORT, (X, Y)], repeat_mark=False),
    "version2.raw": lambda: files.raw2(X, Y),
    "version3.raw": lambda: files.raw3(X, Y),
    "version4.raw": lambda: files.raw4([(X, Y)]),
    "plain4.raw": lambda: files.raw4([(X, Y)], datum=4),
    "several4.raw": lambda: files.raw4([SHORT, (X, Y)], datum=12),
    "paired.uxd": lambda: files.uxd(X, Y, with_angles=True).encode(),
    "counts.uxd": lambda: files.uxd(X, Y, with_angles=False).encode(),
}


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def assert_is_the_pattern(pattern: object) -> None:
    assert isinstance(pattern, PowderPattern)
    assert pattern.two_theta_deg == pytest.approx(X, abs=2e-5)
    assert pattern.intensity == pytest.approx(Y, abs=1e-3)


def pattern_or_message(path: Path) -> tuple[PowderPattern | Xanes | None, str]:
    """The pattern, or the one kind of error that is allowed; any other goes through."""
    try:
        return read(path, wavelength="CuKa"), ""
    except XSearchError as error:
        return None, str(error)


@pytest.mark.parametrize("name", FILES)
def test_an_instruments_file_is_read_with_its_wavelength(tmp_path: Path, name: str) -> None:
    pattern = read(written(tmp_path, name, FILES[name]()))
    assert_is_the_pattern(pattern)
    assert pattern.wavelength_A == pytest.approx(MEAN_CU_A, abs=2e-5)
    several = any("of fewer than 20 points were left out" in note for note in pattern.notes)
    assert several == name.startswith(("several", "early"))


@pytest.mark.parametrize("name", FILES)
def test_the_content_tells_the_format_where_the_extension_lies(tmp_path: Path, name: str) -> None:
    assert_is_the_pattern(read(written(tmp_path, "scan.dat", FILES[name]())))


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_ends_in_one_clear_line_or_in_a_shorter_pattern(tmp_path: Path, name: str) -> None:
    content = FILES[name]()
    for share in (0.3, 0.7, 0.95):
        path = written(tmp_path, name, content[: int(share * len(content))])
        pattern, message = pattern_or_message(path)
        if pattern is not None:
            assert len(pattern) < len(X) or share > 0.9
            assert any("stopped" in note or "ends within" in note for note in pattern.notes) or name.endswith(".uxd")
        assert "\n" not in message


@settings(max_examples=120, deadline=None)
@given(name=st.sampled_from(sorted(FILES)), at=st.floats(0, 1), replacement=st.binary(min_size=1, max_size=6))
def test_an_altered_file_never_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: float, replacement: bytes
) -> None:
    content = bytearray(FILES[name]())
    start = int(at * len(content))
    content[start : start + len(replacement)] = replacement
    path = written(tmp_path_factory.getbasetemp(), f"altered_{name}", bytes(content))
    pattern, message = pattern_or_message(path)
    assert (pattern is None) == bool(message)
    assert "\n" not in message


@pytest.mark.parametrize("name", ["one.xrdml", "one.brml", "one.rasx"])
@pytest.mark.filterwarnings("ignore")
def test_another_library_reads_the_same_from_these_files(tmp_path: Path, name: str) -> None:
    fairmat_readers_xrd = pytest.importorskip("fairmat_readers_xrd")
    path = written(tmp_path, name, FILES[name]())
    theirs = fairmat_readers_xrd.read_file(str(path))
    ours = read(path)
    assert ours.two_theta_deg == pytest.approx(theirs["2Theta"].magnitude, abs=1e-9)
    assert ours.intensity == pytest.approx(theirs["intensity"].magnitude, abs=1e-9)
    kalpha1, kalpha2 = (theirs["metadata"]["source"][line].magnitude for line in ("kAlpha1", "kAlpha2"))
    assert ours.wavelength_A == pytest.approx((2 * kalpha1 + kalpha2) / 3)


def test_a_monochromators_single_line_is_used_alone(tmp_path: Path) -> None:
    pattern = read(written(tmp_path, "scan.xrdml", files.xrdml([(X, Y)], intended="K-Alpha 1")))
    assert pattern.wavelength_A == pytest.approx(1.540598)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rocking.xrdml", files.xrdml([(X, Y)], axis="Omega")),
        ("phi.ras", files.ras([(X, Y)], axis="Phi")),
        ("phi.rasx", files.rasx(X, Y, axis="Phi")),
        ("phi.brml", files.brml([files.brml_scan(X, Y, axis="Phi")])),
        ("rocking.raw", files.raw4([(X, Y)], kind=b"Rocking Curve")),
    ],
)
def test_a_scan_that_is_not_along_two_theta_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(SpectrumError, match="no scan along 2θ"):
        read(written(tmp_path, name, content))


def test_raw_counts_are_freed_of_the_attenuator(tmp_path: Path) -> None:
    factors = np.where(Y > 300, 10.0, 1.0)
    corrected = read(written(tmp_path, "scan.ras", files.ras([(X, Y / factors)], factors)))
    assert corrected.intensity == pytest.approx(Y, abs=1e-2)
    assert any("attenuator's factors" in note for note in corrected.notes)
    left_alone = read(written(tmp_path, "scan.ras", files.ras([(X, Y)], factors)))
    assert left_alone.intensity == pytest.approx(Y, abs=1e-3)


@pytest.mark.parametrize("form", ["STD", "ESD", "FXYE"])
@pytest.mark.parametrize("name", ["bank.gsas", "bank.gsa", "bank.raw", "bank.dat"])
def test_gsas_data_are_read_in_degrees(tmp_path: Path, form: str, name: str) -> None:
    assert_is_the_pattern(read(written(tmp_path, name, files.gsas(X, Y, form)), wavelength="CuKa"))


def test_gsas_times_of_flight_are_refused(tmp_path: Path) -> None:
    content = files.gsas(X, Y, "FXYE").replace("CONST", "SLOG")
    with pytest.raises(SpectrumError, match="times of flight"):
        read(written(tmp_path, "bank.gsas", content))


def powder_cif(items: str, loop: str, columns: tuple[np.ndarray, ...]) -> str:
    return f"data_one\n{items}\nloop_\n{loop}\n" + files.rows(*columns)


def test_a_powder_cif_is_read_with_its_wavelength(tmp_path: Path) -> None:
    loop = "_pd_meas_2theta_scan\n_pd_meas_counts_total\n_pd_calc_intensity_total"
    content = powder_cif("_diffrn_radiation_wavelength 1.54059(1)", loop, (X, Y, Y * 0.9))
    pattern = read(written(tmp_path, "pattern.cif", content))
    assert_is_the_pattern(pattern)
    assert pattern.wavelength_A == pytest.approx(1.54059)


def test_a_powder_cif_with_two_wavelengths_gives_their_weighted_mean(tmp_path: Path) -> None:
    lines = "loop_\n_diffrn_radiation_wavelength_id\n_diffrn_radiation_wavelength\n_diffrn_radiation_wavelength_wt\n"
    lines += "1 1.54056 1.0\n2 1.54439 0.5\n_pd_meas_2theta_range_min 10.0\n_pd_meas_2theta_range_max 29.95\n"
    pattern = read(written(tmp_path, "pattern.cif", powder_cif(lines, "_pd_meas_counts_total", (Y,))))
    assert_is_the_pattern(pattern)
    assert pattern.wavelength_A == pytest.approx((2 * 1.54056 + 1.54439) / 3)


def test_a_powder_cif_takes_the_radiations_name_where_no_number_is(tmp_path: Path) -> None:
    loop = "_pd_proc_2theta_corrected\n_pd_proc_intensity_net"
    content = powder_cif("_diffrn_radiation_type 'Cu K\\a~1~'", loop, (X, Y))
    assert read(written(tmp_path, "pattern.cif", content)).wavelength_A == pytest.approx(1.540593)


def test_a_powder_cif_of_neutrons_is_refused(tmp_path: Path) -> None:
    content = powder_cif("_diffrn_radiation_probe neutron", "_pd_meas_2theta_scan\n_pd_meas_counts_total", (X, Y))
    with pytest.raises(SpectrumError, match="neutrons"):
        read(written(tmp_path, "pattern.cif", content))


def test_a_powder_cif_without_wavelength_asks_for_it(tmp_path: Path) -> None:
    content = powder_cif("", "_pd_meas_2theta_scan\n_pd_meas_counts_total", (X, Y))
    with pytest.raises(WavelengthError, match="--wavelength"):
        read(written(tmp_path, "pattern.cif", content))


SERIES: dict[str, Callable[[], bytes]] = {
    "series.xrdml": lambda: files.xrdml([(X, Y), (X, Y * 2), (X, Y * 3)]),
    "series.brml": lambda: files.brml([files.brml_scan(X, Y), files.brml_scan(X, Y * 2), files.brml_scan(X, Y * 3)]),
    "series.ras": lambda: files.ras([(X, Y), (X, Y * 2), (X, Y * 3)]),
    "series1.raw": lambda: files.raw1([(X, Y), (X, Y * 2), (X, Y * 3)]),
    "series4.raw": lambda: files.raw4([(X, Y), (X, Y * 2), (X, Y * 3)]),
}
LOW, HIGH = (X[:200], Y[:200]), (X[200:], Y[200:])
RANGES: dict[str, Callable[[], bytes]] = {
    "ranges.xrdml": lambda: files.xrdml([LOW, HIGH]),
    "ranges.brml": lambda: files.brml([files.brml_scan(*LOW), files.brml_scan(*HIGH)]),
    "ranges.ras": lambda: files.ras([LOW, HIGH]),
    "ranges1.raw": lambda: files.raw1([LOW, HIGH]),
    "ranges4.raw": lambda: files.raw4([LOW, HIGH]),
}


@pytest.mark.parametrize("name", SERIES)
def test_scans_of_the_same_range_are_a_series(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, SERIES[name]())
    scans = read_each(path)
    assert len(scans) == 3
    for number, scan in enumerate(scans, start=1):
        assert scan.intensity == pytest.approx(Y * number, abs=1e-3)
        assert scan.source == f"{name}#{number}"
    with pytest.raises(SpectrumError, match="3 spectra in it; choose one"):
        read(path)
    assert read(f"{path}#all").intensity == pytest.approx(Y * 2, abs=1e-3)


@pytest.mark.parametrize("name", RANGES)
def test_ranges_of_one_pattern_are_joined(tmp_path: Path, name: str) -> None:
    pattern = read(written(tmp_path, name, RANGES[name]()))
    assert_is_the_pattern(pattern)
    assert any("2 ranges were joined" in note for note in pattern.notes)


@pytest.mark.parametrize("name", ["version1.raw", "version3.raw", "version4.raw", "one.ras"])
def test_a_stopped_measurement_gives_its_points(tmp_path: Path, name: str) -> None:
    content = FILES[name]()
    pattern = read(written(tmp_path, name, content[: int(0.6 * len(content))]))
    assert 100 < len(pattern) < len(X)
    assert pattern.intensity == pytest.approx(Y[: len(pattern)], abs=1e-3)
    assert any("stopped" in note for note in pattern.notes)


def test_the_kbeta_line_of_a_scan_is_its_wavelength(tmp_path: Path) -> None:
    pattern = read(written(tmp_path, "scan.xrdml", files.xrdml([(X, Y)], intended="K-Beta")))
    assert pattern.wavelength_A == pytest.approx(1.392234)
    content = files.ras([(X, Y)]).replace(b"*RAS_HEADER_END", b'*MEAS_COND_XG_WAVE_TYPE "Kb"\r\n*RAS_HEADER_END')
    assert read(written(tmp_path, "scan.ras", content)).wavelength_A == pytest.approx(1.392234)


@pytest.mark.parametrize(
    ("encoding", "axis"), [("shift-jis", "2θ/θ"), ("gbk", "2θ"), ("cp1253", "2θ"), ("utf-8", "2θ")]
)
def test_a_ras_axis_is_told_in_any_code_page(tmp_path: Path, encoding: str, axis: str) -> None:
    text = files.ras([(X, Y)], axis=axis, comment="x").decode()
    assert_is_the_pattern(read(written(tmp_path, "plain.ras", text.encode(encoding))))
    internal = text.replace("*HW_XG_WAVE", '*MEAS_SCAN_AXIS_X_INTERNAL "Omega"\r\n*HW_XG_WAVE')
    with pytest.raises(SpectrumError, match="no scan along 2θ"):
        read(written(tmp_path, "rocking.ras", internal.encode(encoding)))


def test_ras_step_times_count(tmp_path: Path) -> None:
    speeds = b'*MEAS_SCAN_STEP "0.05"\r\n*MEAS_SCAN_SPEED "3"\r\n*MEAS_SCAN_SPEED_UNIT "deg/min"\r\n*RAS_HEADER_END'
    first, second, third = files.ras([LOW, (HIGH[0], 4 * HIGH[1])]).split(b"*RAS_HEADER_END")
    content = first + speeds + second + speeds.replace(b'"3"', b'"0.75"') + third
    pattern = read(written(tmp_path, "ranges.ras", content))
    assert pattern.intensity == pytest.approx(Y)
    assert pattern.sigma is not None
