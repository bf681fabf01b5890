"""Formats of counts without angles, binary formats, workbooks, packed files and the standard input."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.spectra import format_files as formats
from tests.spectra.format_files import written
from tests.spectra.instrument_files import edge, gsas, powder, rows, uxd, zipped
from xsearch.errors import SpectrumError, WavelengthError
from xsearch.spectra import PowderPattern, Xanes, read, read_each
from xsearch.spectra.readers import archive, source

X, Y = powder()
E, MU = edge()
CU_MEAN_A = 1.54186

FILES: dict[str, tuple[Callable[[], str | bytes], float]] = {
    "scan.udf": (lambda: formats.udf(X, Y), CU_MEAN_A),
    "scan.cpi": (lambda: formats.cpi(X, Y), 1.54056),
    "scan.mdi": (lambda: formats.mdi(X, Y), 1.540598),
    "scan.asc": (lambda: formats.asc([(X, Y, 1.0)]), 1.54184),
    "stoe.raw": (lambda: formats.stoe([(X, Y)]), CU_MEAN_A),
}


def assert_is_the_pattern(pattern: object, wavelength_A: float | None = None) -> None:
    assert isinstance(pattern, PowderPattern)
    assert pattern.two_theta_deg == pytest.approx(X, abs=2e-5)
    assert pattern.intensity == pytest.approx(Y, abs=1e-6)
    if wavelength_A is not None:
        assert pattern.wavelength_A == pytest.approx(wavelength_A, abs=2e-5)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("renamed", [False, True])
def test_a_format_is_read_with_its_wavelength_whatever_its_name(tmp_path: Path, name: str, renamed: bool) -> None:
    content, wavelength_A = FILES[name]
    assert_is_the_pattern(read(written(tmp_path, "scan.txt" if renamed else name, content())), wavelength_A)


@pytest.mark.parametrize("name", FILES)
def test_a_stopped_or_cut_file_ends_in_its_points_or_one_clear_line(tmp_path: Path, name: str) -> None:
    content = FILES[name][0]()
    content = content.encode() if isinstance(content, str) else content
    for share in (0.05, 0.2, 0.5, 0.9):
        try:
            pattern = read(written(tmp_path, name, content[: int(share * len(content))]), wavelength="CuKa")
        except SpectrumError as error:
            points, message = 0, str(error)
        else:
            points, message = len(pattern), ""
        assert points <= len(X)
        assert "\n" not in message


def test_philips_counts_are_unpacked_from_their_roots(tmp_path: Path) -> None:
    for version in (b"V3RD", b"V5RD"):
        pattern = read(written(tmp_path, "scan.rd", formats.philips(X, Y, version)))
        assert pattern.two_theta_deg == pytest.approx(X)
        assert pattern.intensity == pytest.approx(Y, rel=0.02, abs=2)
        assert pattern.wavelength_A == pytest.approx(1.5406)


def test_groups_of_a_rigaku_asc_file_are_joined_by_their_times(tmp_path: Path) -> None:
    groups = [(X[:200], Y[:200], 1.0), (X[200:], 4 * Y[200:], 4.0)]
    pattern = read(written(tmp_path, "scan.asc", formats.asc(groups)))
    assert_is_the_pattern(pattern)
    assert any("counts per second" in note for note in pattern.notes)


def test_ranges_of_a_stoe_file_are_joined(tmp_path: Path) -> None:
    pattern = read(written(tmp_path, "stoe.raw", formats.stoe([(X[:200], Y[:200]), (X[200:], Y[200:])])))
    assert_is_the_pattern(pattern)


def test_uxd_ranges_are_joined_in_counts_per_second(tmp_path: Path) -> None:
    first = uxd(X[:200], Y[:200], with_angles=False).replace("_STEPSIZE", "_STEPTIME=1.0\n_STEPSIZE")
    second = uxd(X[200:], 4 * Y[200:], with_angles=False).replace("_STEPSIZE", "_STEPTIME=4.0\n_STEPSIZE")
    pattern = read(written(tmp_path, "ranges.uxd", first + second[second.index("_DRIVE") :]))
    assert_is_the_pattern(pattern, CU_MEAN_A)


def test_standard_deviations_may_follow_the_counts(tmp_path: Path) -> None:
    numbers = " ".join(f"{value:.2f}" for value in (*Y, *np.sqrt(Y)))
    body = "\n".join(numbers.split(" ")[at] for at in range(2 * len(Y)))
    pattern = read(written(tmp_path, "scan.dat", f"a title\n{X[0]} 0.05 {X[-1]}\n{body}\n"), wavelength="CuKa")
    assert pattern.sigma == pytest.approx(np.sqrt(Y), abs=0.006)


def test_counts_that_end_early_are_a_stopped_measurement(tmp_path: Path) -> None:
    body = "\n".join(" ".join(f"{value:.0f}" for value in Y[at : at + 10]) for at in range(0, 300, 10))
    pattern = read(written(tmp_path, "scan.dat", f"a title\n{X[0]} 0.05 {X[-1]}\n{body}\n"), wavelength="CuKa")
    assert pattern.intensity == pytest.approx(Y[:300])
    assert any("end after 300 of 400 points" in note for note in pattern.notes)


def test_a_gsas_title_may_hold_any_bytes(tmp_path: Path) -> None:
    content = b"lamno \x8e\0\xf0\xb3\xff" + gsas(X, Y, "STD").encode()
    assert_is_the_pattern(read(written(tmp_path, "bank.gsas", content), wavelength="CuKa"))
    assert_is_the_pattern(read(written(tmp_path, "bank.raw", content), wavelength="CuKa"))


@pytest.mark.parametrize("form", ["ESD", "FXYE"])
def test_gsas_errors_are_the_standard_deviations(tmp_path: Path, form: str) -> None:
    pattern = read(written(tmp_path, "bank.gsas", gsas(X, Y, form)), wavelength="CuKa")
    assert pattern.sigma == pytest.approx(np.sqrt(Y), abs=0.06)


def test_a_workbook_gives_the_pattern_of_its_sheet(tmp_path: Path) -> None:
    table = [["Sample", "quartz"], ["Anode", "Cu"], ["2Theta (deg)", "Counts"], *map(list, zip(X, Y, strict=True))]
    path = written(tmp_path, "scan.xlsx", formats.xlsx({"About": [["nothing here"]], "Data": table}))
    assert_is_the_pattern(read(path, wavelength="CuKa"), 1.541871)
    assert_is_the_pattern(read(written(tmp_path, "scan.dat", path.read_bytes()), wavelength="CuKa"))


def test_several_sheets_are_a_series_by_their_names(tmp_path: Path) -> None:
    sheets = {name: [["2Theta", "I"], *map(list, zip(X, Y * k, strict=True))] for k, name in ((1, "a"), (2, "b"))}
    path = written(tmp_path, "scan.xlsx", formats.xlsx(sheets))
    assert [scan.intensity.max() for scan in read_each(path, wavelength="CuKa")] == [Y.max(), 2 * Y.max()]
    assert_is_the_pattern(read(f"{path}#a", wavelength="CuKa"))


def test_a_workbook_of_an_absorption_spectrum_is_one(tmp_path: Path) -> None:
    table = [["Energy (eV)", "mu"], *map(list, zip(E, MU, strict=True))]
    assert isinstance(read(written(tmp_path, "foil.xlsx", formats.xlsx({"Data": table}))), Xanes)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".dat"])
def test_packed_files_are_unpacked_whatever_their_name(
    tmp_path: Path, pack: Callable[[bytes], bytes], suffix: str
) -> None:
    assert_is_the_pattern(read(written(tmp_path, f"scan.xy{suffix}", pack(rows(X, Y).encode())), wavelength="CuKa"))
    halves = rows(X[:100], Y[:100]).encode(), rows(X[100:], Y[100:]).encode()
    assert_is_the_pattern(read(written(tmp_path, f"s.xy{suffix}", b"".join(map(pack, halves))), wavelength="CuKa"))
    with pytest.raises(SpectrumError, match="truncated"):
        read(written(tmp_path, f"cut.xy{suffix}", pack(rows(X, Y).encode())[:200]), wavelength="CuKa")


def test_an_archive_of_one_file_is_that_file(tmp_path: Path) -> None:
    members: dict[str, str | bytes] = {"folder/scan.uxd": uxd(X, Y, True), "__MACOSX/._scan.uxd": b"\0\1"}
    assert_is_the_pattern(read(written(tmp_path, "scan.zip", zipped(members))), CU_MEAN_A)
    with pytest.raises(SpectrumError, match="a zip archive of 2 files"):
        read(written(tmp_path, "two.zip", zipped({"a.xy": rows(X, Y), "b.xy": rows(X, Y)})))
    with pytest.raises(SpectrumError, match="an archive in an archive"):
        read(written(tmp_path, "nested.zip", zipped({"a.zip": zipped({"a.xy": rows(X, Y)})})))


def test_a_dash_is_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (rows(X, Y).encode(), gzip.compress(rows(X, Y).encode())):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert_is_the_pattern(read("-", wavelength="CuKa"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rows(X, Y).encode())))
    with pytest.raises(WavelengthError, match="standard input: the file does not say its wavelength"):
        read("-")


def test_what_unpacks_to_too_much_is_refused_before_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 100_000)
    monkeypatch.setattr(archive, "MAX_BYTES", 100_000)
    zeros = bytes(10_000_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for name, content in (
        ("bomb.xy.gz", packer.compress(zeros) + packer.flush()),
        ("bomb.xy.bz2", bz2.compress(zeros)),
        ("bomb.xy.xz", lzma.compress(zeros)),
        ("bomb.zip", zipped({"a.xy": zeros})),
        ("bomb.brml", zipped({"Experiment0/RawData0.xml": zeros})),
        ("bomb.rasx", zipped({"Data0/Profile0.txt": zeros})),
        ("bomb.xlsx", zipped({"xl/workbook.xml": zeros})),
    ):
        with pytest.raises(SpectrumError, match="unpacks to more than"):
            read(written(tmp_path, name, content), wavelength="CuKa")


def test_a_powder_cif_of_the_new_dictionary_is_read(tmp_path: Path) -> None:
    values = "".join(f"{a:.3f} {b:.0f}({max(1, int(b**0.5))})\n" for a, b in zip(X, Y, strict=True))
    loop = "loop_\n_pd_meas.2theta_scan\n_pd_meas.intensity_total\n"
    pattern = read(written(tmp_path, "new.cif", f"data_x\n_diffrn_radiation_wavelength.value 1.54060\n{loop}{values}"))
    assert_is_the_pattern(pattern, 1.5406)
    assert pattern.sigma == pytest.approx([max(1, int(b**0.5)) for b in Y])


def test_the_x_ray_blocks_of_a_powder_cif_are_a_series_without_its_neutrons(tmp_path: Path) -> None:
    loop = "loop_\n_pd_meas_2theta_scan\n_pd_meas_counts_total\n"
    block = "data_{}\n_diffrn_radiation_wavelength 1.5406\n_diffrn_radiation_probe {}\n" + loop
    text = "".join(
        block.format(name, probe) + rows(X, Y * k)
        for name, probe, k in (("a", "x-ray", 1), ("n", "neutron", 5), ("b", "x-ray", 2))
    )
    scans = read_each(written(tmp_path, "blocks.cif", text))
    assert [scan.intensity.max() / Y.max() for scan in scans] == [1, 2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("long.txt", b"1 " * 600_000, "a line of 1,200,000 characters"),
        ("lines.txt", b"1 2\n" * 700_000, "700,000 lines"),
        ("large.txt", b"# " + b"x" * 30_000_000, "MB of text"),
        ("marks.brml", zipped({f"a/RawData{n}.xml": b"<a>" + b"<b/>" * 900_000 + b"</a>" for n in range(3)}), "marks"),
    ],
)
def test_files_beyond_every_spectrum_are_refused_at_once(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(SpectrumError, match=message):
        read(written(tmp_path, name, content), wavelength="CuKa")
