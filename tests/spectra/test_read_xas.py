"""X-ray absorption spectra in the files of beamlines and of Athena."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spectra.instrument_files import athena, edge, powder, rows, xdi
from xsearch.errors import SpectrumError, WavelengthError, XSearchError
from xsearch.spectra import PowderPattern, Xanes, read

E, MU = edge()
I0 = 1e5 * (1 + 0.05 * np.sin(E / 17))


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def assert_is_iron(spectrum: object, tolerance: float = 1e-9) -> None:
    assert isinstance(spectrum, Xanes)
    assert (spectrum.absorber, spectrum.edge) == ("Fe", "K")
    assert spectrum.energy_eV == pytest.approx(E, abs=1e-6)
    assert spectrum.mu == pytest.approx(MU, abs=tolerance)


@pytest.mark.parametrize("name", ["scan.dat", "scan.csv", "scan.txt", "scan.xmu", "scan.nor"])
def test_energies_above_any_angle_make_a_spectrum_of_absorption(tmp_path: Path, name: str) -> None:
    assert_is_iron(read(written(tmp_path, name, rows(E, MU))))


@pytest.mark.parametrize(
    "header",
    ["# energy mu", "Energy (eV)  xmu", "# E(eV)\tmu(E)", "# Photon_energy absorption", "# qexafs_energy  lnI0It"],
)
def test_the_names_of_columns_tell_absorption(tmp_path: Path, header: str) -> None:
    assert_is_iron(read(written(tmp_path, "scan.dat", f"{header}\n" + rows(E, MU))))


def test_keV_are_told_by_the_header_and_by_the_numbers(tmp_path: Path) -> None:
    for header in ("# energy(keV) mu", "# energy mu", "# energy(eV) mu"):
        spectrum = read(written(tmp_path, "scan.dat", f"{header}\n" + rows(E / 1000, MU)))
        assert_is_iron(spectrum)
        assert any("keV" in note for note in spectrum.notes)


def test_transmission_is_computed_from_the_counters(tmp_path: Path) -> None:
    for header in ("# energy i0 it", "Energy,I0,I1", "# energy_eV I_0 itrans", "# Energy I0 Itrans"):
        text = f"{header}\n" + rows(E, I0, I0 * np.exp(-MU))
        spectrum = read(written(tmp_path, "scan.dat", text))
        assert_is_iron(spectrum, 1e-9)
        assert any("transmission" in note for note in spectrum.notes)


def test_fluorescence_is_summed_over_its_counters(tmp_path: Path) -> None:
    text = "# energy i0 roi1 roi2\n" + rows(E, I0, I0 * MU * 0.4, I0 * MU * 0.6)
    spectrum = read(written(tmp_path, "scan.dat", text))
    assert_is_iron(spectrum)
    assert any("fluorescence" in note for note in spectrum.notes)


def test_of_transmission_and_fluorescence_the_clearer_edge_is_taken(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.2, len(E))
    text = "# energy i0 it if\n" + rows(E, I0, I0 * np.exp(-MU - noise), I0 * MU)
    assert_is_iron(read(written(tmp_path, "scan.dat", text)))


def test_the_columns_of_a_spec_scan_are_found(tmp_path: Path) -> None:
    header = "#F scan\n#S 1 ascan energy 7.052 7.202 300 1\n#N 4\n#L Energy  Epoch  I0  I1\n"
    text = header + rows(E / 1000, np.arange(len(E)), I0, I0 * np.exp(-MU))
    assert_is_iron(read(written(tmp_path, "scan.spec", text)))


def test_the_columns_of_an_ssrl_scan_are_found(tmp_path: Path) -> None:
    names = "Real Time Clock\nRequested Energy\nI0\nI1\n"
    header = "SSRL EXAFS Data Collector 2.0\nWeights:\n1.000 1.000 1.000 1.000\nData:\n" + names + "\n"
    text = header + rows(np.arange(len(E)), E, I0, I0 * np.exp(-MU))
    assert_is_iron(read(written(tmp_path, "scan.dat", text)))


def test_angles_of_a_japanese_beamline_are_converted(tmp_path: Path) -> None:
    angle_deg = np.degrees(np.arcsin(12398.419843320026 / (2 * 3.13551 * E)))
    head = "  9809     KEK-PF  BL9A\nfoil\n Mono :   SI(111)       D= 3.13551 A    Initial angle= 16.0\n"
    head += "  Angle(c)  Angle(o)     time/s         2         3\n      Mode         0         0         1{:10d}\n"
    head += "    Offset         0         0     100.0     200.0\n"
    for code, counter in ((2, I0 * np.exp(-MU)), (3, I0 * MU)):
        text = head.format(code) + rows(angle_deg + 0.01, angle_deg, angle_deg * 0 + 1, I0, counter)
        assert_is_iron(read(written(tmp_path, f"scan{code}.dat", text)))
    with pytest.raises(SpectrumError, match="d-spacing"):
        read(written(tmp_path, "scan.dat", text.replace("D= 3.13551 A", "")))


def test_an_athena_export_gives_its_normalised_column(tmp_path: Path) -> None:
    header = (
        "# XDI/1.0 Demeter\n# Element.symbol: Fe\n# Element.edge: K\n#-----\n#  energy  norm  nbkg  flat  fbkg  nder\n"
    )
    spectrum = read(written(tmp_path, "foil.nor", header + rows(E, MU, MU * 0, MU * 2, MU * 0, MU * 0)))
    assert_is_iron(spectrum)
    assert any("'norm'" in note for note in spectrum.notes)


def test_an_xdi_file_gives_absorber_edge_and_absorption(tmp_path: Path) -> None:
    spectrum = read(written(tmp_path, "foil.xdi", xdi(E, I0, I0 * np.exp(-MU))))
    assert_is_iron(spectrum)
    assert any("from the file" in note for note in spectrum.notes)


def test_an_xdi_file_with_angles_is_converted_by_its_d_spacing(tmp_path: Path) -> None:
    angle_deg = np.degrees(np.arcsin(12398.419843320026 / (2 * 3.13553 * E)))
    text = xdi(angle_deg, I0, I0 * np.exp(-MU)).replace("Column.1: energy eV", "Column.1: angle degrees")
    assert_is_iron(read(written(tmp_path, "foil.xdi", text.replace("# energy i0", "# angle i0"))))


def test_the_given_absorber_goes_before_the_files_and_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "foil.xdi", xdi(E, I0, I0 * np.exp(-MU), element="Cu"))
    with pytest.raises(SpectrumError, match=r"Cu K \(8979 eV\) edge is outside"):
        read(path)
    spectrum = read(path, absorber="fe", edge="k")
    assert_is_iron(spectrum)
    assert any("the file's own (Cu) is overridden" in note for note in spectrum.notes)


def test_an_unknown_absorber_or_edge_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "scan.dat", rows(E, MU))
    with pytest.raises(SpectrumError, match="Unknown absorber 'Xx'"):
        read(path, absorber="Xx")
    with pytest.raises(SpectrumError, match="Unknown edge 'Q'"):
        read(path, absorber="Fe", edge="Q")


def test_an_ambiguous_edge_is_an_error_that_lists_the_choices(tmp_path: Path) -> None:
    energy_eV, mu = edge(5480)
    path = written(tmp_path, "scan.dat", rows(energy_eV, mu))
    with pytest.raises(SpectrumError, match=r"V K \(5465 eV\), La L3 \(5483 eV\)"):
        read(path)
    assert read(path, absorber="V").edge == "K"


def test_energies_relative_to_the_edge_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpectrumError, match="relative to the edge, give its energy with --e0"):
        read(written(tmp_path, "scan.dat", "# energy mu\n" + rows(E - 7112, MU)))


def test_a_constant_absorption_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpectrumError, match="there is no edge in it"):
        read(written(tmp_path, "scan.dat", rows(E, MU * 0 + 1)))


def test_kind_overrides_what_the_columns_look_like(tmp_path: Path) -> None:
    x, y = powder()
    path = written(tmp_path, "scan.dat", rows(x, y))
    assert isinstance(read(path, wavelength="CuKa"), PowderPattern)
    with pytest.raises(SpectrumError, match="no clear rise"):
        read(path, kind="xanes")
    with pytest.raises(SpectrumError, match="2θ in degrees ends at 180"):
        read(written(tmp_path, "scan.dat", rows(E, MU)), kind="pxrd", wavelength="CuKa")


def test_a_file_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpectrumError, match="where a powder pattern is expected"):
        read(written(tmp_path, "foil.xdi", xdi(E, I0, I0 * np.exp(-MU))), kind="pxrd")
    x, y = powder()
    path = written(tmp_path, "scan.cif", "data_x\nloop_\n_pd_meas_2theta_scan\n_pd_meas_counts_total\n" + rows(x, y))
    with pytest.raises(SpectrumError, match="where an X-ray absorption spectrum is expected"):
        read(path, kind="xanes")


def test_a_short_range_without_names_is_a_spectrum_in_kev_where_it_steps_up(tmp_path: Path) -> None:
    assert_is_iron(read(written(tmp_path, "scan.dat", rows(E / 1000, MU))))
    with pytest.raises(WavelengthError):
        read(written(tmp_path, "scan.dat", rows(E / 1000, np.exp(-(((E - E.mean()) / 10) ** 2)))))


def test_a_project_of_one_spectrum_is_read_with_its_energy_shift(tmp_path: Path) -> None:
    spectrum = read(written(tmp_path, "one.prj", athena([("Fe foil", "Fe", E - 1.5, MU)], shift_eV=1.5)))
    assert_is_iron(spectrum)
    assert any("+1.5 eV" in note for note in spectrum.notes)


def test_a_project_of_several_spectra_asks_which(tmp_path: Path) -> None:
    energy_eV, mu = edge(8985)
    groups = [("Fe foil", "Fe", E, MU), ("it's CuO", "Cu", energy_eV, mu), ("Fe2O3", "Fe", E, MU * 2)]
    path = written(tmp_path, "several.prj", athena(groups))
    with pytest.raises(SpectrumError, match=r"3 spectra in it.*several\.prj#2.*1 'Fe foil', 2 \"it's CuO\", 3 'Fe2O3'"):
        read(path)
    assert_is_iron(read(path, spectrum=1))
    assert_is_iron(read(path, spectrum="Fe foil"))
    assert_is_iron(read(f"{path}#1"))
    assert read(f"{path}#it's CuO").absorber == "Cu"
    assert read(path, absorber="Cu").energy_eV == pytest.approx(energy_eV)
    assert read(path, spectrum=3).mu == pytest.approx(MU * 2)
    with pytest.raises(SpectrumError, match="no spectrum 'Ni' in it"):
        read(path, spectrum="Ni")


def test_a_project_in_json_is_read_too(tmp_path: Path) -> None:
    group = {"args": {"label": "foil", "bkg_z": "Fe", "fft_edge": "k"}, "x": E.tolist(), "y": MU.tolist()}
    project = {"_____header1": "# Athena project file", "_____order": ["g1"], "g1": group}
    assert_is_iron(read(written(tmp_path, "one.prj", gzip.compress(json.dumps(project).encode()))))


@pytest.mark.parametrize(
    "content", [b"# Athena project file\n", b"{}", b"{1", b"# Athena project file\n@args = ('a');\n"]
)
def test_a_project_without_spectra_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SpectrumError, match="Athena"):
        read(written(tmp_path, "none.prj", content))


@settings(max_examples=25, deadline=None)
@given(e0_eV=st.sampled_from([4966.0, 7112.0, 8333.0, 20000.0]), seed=st.integers(0, 99))
def test_every_spectrum_survives_being_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, e0_eV: float, seed: int
) -> None:
    energy_eV, mu = edge(e0_eV)
    mu = mu + np.random.default_rng(seed).normal(0, 1e-3, len(mu))
    path = written(tmp_path_factory.getbasetemp(), "round.dat", "# energy mu\n" + rows(energy_eV, mu))
    spectrum = read(path)
    assert isinstance(spectrum, Xanes)
    assert (spectrum.energy_eV == energy_eV).all()
    assert (spectrum.mu == mu).all()


@settings(max_examples=40, deadline=None)
@given(at=st.floats(0, 1), replacement=st.binary(min_size=1, max_size=6))
def test_an_altered_project_never_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, at: float, replacement: bytes
) -> None:
    content = bytearray(gzip.decompress(athena([("Fe foil", "Fe", E, MU)])))
    start = int(at * len(content))
    content[start : start + len(replacement)] = replacement
    path = written(tmp_path_factory.getbasetemp(), "altered.prj", bytes(content))
    try:
        message = "" if isinstance(read(path), Xanes) else "no spectrum"
    except XSearchError as error:
        message = str(error)
    assert message != "no spectrum"
    assert "\n" not in message
