"""X-ray absorption as beamlines and programs write it, each file made here; the edge of hematite is at 7124 eV."""

import gzip
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.spectra.instrument_files import rows
from xsearch.errors import SpectrumError
from xsearch.preprocess.xanes import normalize
from xsearch.reading import Reading
from xsearch.spectra import Xanes, read, read_each
from xsearch.spectra.readers.detectors import Signal, column_of, columns_of

E0_EV = 7124.0
E = np.concatenate([np.arange(6974, 7104, 5.0), np.arange(7104, 7160, 0.5), np.arange(7160, 7760, 2.0)])
N = len(E)
X = E - E0_EV
K = np.sqrt(np.maximum(X, 0) * 0.2625)
MU = (0.5 + np.arctan(X / 1.8) / np.pi) * (1 + 0.15 * np.sin(4 * K) * np.exp(-0.15 * K) * (X > 0))
MU = MU + 0.35 * np.exp(-(((X - 5) / 3) ** 2)) + 0.6 - 2e-4 * (E - 7000)
NOISE = np.random.default_rng(1)
I0 = 2e5 * (1 + 0.02 * np.sin(E / 60)) + NOISE.normal(0, 200, N)
IT = I0 * np.exp(-MU)
IR = IT * np.exp(-0.3 * MU)
IF = I0 * (MU - 0.3) * 0.01
ONE = np.ones(N)
BRAGG_DEG = np.degrees(np.arcsin(12398.42 / (2 * 3.13556 * E)))


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def assert_is_hematite(spectrum: object, fluorescence: bool = False) -> None:
    assert isinstance(spectrum, Xanes)
    assert (spectrum.absorber, spectrum.edge) == ("Fe", "K")
    found = normalize(spectrum)
    assert found.e0_eV == pytest.approx(E0_EV, abs=1.0)
    if not fluorescence:
        assert found.edge_step == pytest.approx(1.0, rel=0.06)


TRANSMISSION = {
    "spec_keV": (
        "#F fe2o3\n#S 1 ascan Energy 6.97 7.62\n#N 7\n#L Energy  Epoch  Seconds  Ioni1  Ioni2  Ioni3  ring\n",
        (E / 1000, np.arange(N), ONE, I0, IT, IR, 120 * ONE),
    ),
    "enc_energy_vfc": (
        "# continuous mode\n# DCM Crystal: Si111\n#enc_energy mono_energy mono_bragg Step_Pos undulator_gap time_pp "
        "VFC01 VFC02 VFC03 T1\n",
        (E, E - 0.7, BRAGG_DEG, np.arange(N) * 50, 20.9 * ONE, 0.2 * ONE, I0 / 5e4, IT / 5e4, IR / 5e4, -ONE),
    ),
    "starred_preset": (
        "# Column Headings:\n#Mono Energy *        Scaler preset time * I0                   I1             If      \n",
        (E, ONE, I0, IT, -849 * ONE),
    ),
    "aps_xsd_legend": (
        "# LabVIEW Control Panel\n# is a readable list of column headings:\n# 1) Mono Energy (alt) * 2) Scaler preset "
        "time * 3) I0 * 4) Iref * 5) It\n# data\n",
        (E, ONE, I0, IR, IT),
    ),
    "mrcat": ("MRCAT_XAFS V1.3 Datafile V1\n-------\n Energy  I0  It  Ir  IF\n", (E, I0, IT, IR, IF * 0)),
    "albaem": ("# energy albaem01_ch1 albaem01_ch2 albaem01_ch3 current\n", (E, I0, IT, IR, 200 * ONE)),
    "i1_i2_i3": ("# E I1 I2 I3\n", (E, I0, IT, IR)),
    "i0_eh": ("# qexafs_energy\tI0\tIt\tIref\tT1\n", (E, I0, IT, IR, ONE)),
    "lni0it": ("# qexafs_energy\tI0\tIt\tIref\tlnI0It\tlnItIref\tFFI0\n", (E, I0, IT, IR, MU, 0.3 * MU, 0 * E)),
    "bm31_monitors": (
        "#L dcm_energy  det_1  mon_3  mon_4  ion_1_2  ion_1_3\n",
        (E, 0 * E, 10 + NOISE.normal(0, 1, N), I0, IT, 10 + NOISE.normal(0, 1, N)),
    ),
    "fio": (
        "!\n! Comments\n%c\nexafs\n!\n%p\nSAMPLE = fe2o3\n%d\n Col 1 ENERGY DOUBLE\n Col 2 PETRA_CURRENT DOUBLE\n"
        " Col 3 ION_CH1 DOUBLE\n Col 4 ION_CH2 DOUBLE\n",
        (E, 100 * ONE, I0, IT),
    ),
    "numbered_lines": (
        "# 1: energy eV\n# 2: bragg deg\n# 3: I1 V\n# 4: I2 V\n# 5: I3 V\n# ----\n",
        (E, BRAGG_DEG, I0, IT, IR),
    ),
    "gse_epics": (
        "; Epics Scan 1 dim\n; column labels:\n; P1={Mono Energy} --> {13IDA:E}\n; D1={scaler time} --> {13IDC:s1}\n"
        "; D2={i0} --> {13IDC:s2}\n; D3={i1} --> {13IDC:s3}\n;-----\n",
        (E, ONE, I0, IT),
    ),
    "angle_and_crystal": ("# Mono: Si(111)\n# theta  time  i0  i1\n", (BRAGG_DEG, ONE, I0, IT)),
    "control_system_names": (
        "# CLS Data Acquisition\n#(1) $(Event-ID) $(BL1606-ID-1:Energy:sp) $(mcs04:fbk) $(mcs05:fbk) $(mcs06:fbk)\n",
        (ONE, E, I0, IT, IR),
    ),
    "words_before_names": (
        "# P65 col: energy(eV) encoder mu_sample mu_ref I0 I1 I2\n",
        (E, np.arange(N), MU, IR / I0, I0, IT, IR),
    ),
    "windows_names": ("Photon Energy [eV];Monitor [counts];Transmission [counts]\n", (E, I0, IT)),
}


@pytest.mark.parametrize("name", TRANSMISSION)
def test_transmission_is_made_of_the_right_counters(tmp_path: Path, name: str) -> None:
    header, columns = TRANSMISSION[name]
    text = header + rows(*columns, separator=";" if ";" in header.splitlines()[-1] and name == "windows_names" else " ")
    assert_is_hematite(read(written(tmp_path, f"{name}.dat", text), kind="xanes"))


def test_event_numbers_and_feedback_are_no_energies(tmp_path: Path) -> None:
    text = "# HXMA\n#(1) Event-ID: 1  #Columns: 6\n#(1) Event-ID, Absorption-Energy, Energy-Feedback, I0Detector, "
    text += "SampleDetector, ReferenceDetector\n" + rows(ONE, E, E + 0.01, I0, IT, IR, separator=", ")
    assert_is_hematite(read(written(tmp_path, "scan.dat", text)))


FLUORESCENCE = {
    "dead_time_corrected": (
        "# Energy Io FY DeadTime FY_c TEY It\n",
        (E, I0, 0.9 * IF, 0.5 * ONE, IF, 0 * E, 96 * ONE),
        "FY_c / Io",
    ),
    "sum_of_mca": (
        "# energy i0 i1 fe_ka_mca1 fe_ka_mca2 fe_ka_mca3 fe_ka_mca4 mn_ka_mca1 icr_mca1\n",
        (E, I0, 5 * ONE, IF, IF * 0.8, IF * 1.1, IF * 0.9, 0 * E + 7, 1e5 * ONE),
        "fe_ka_mca1 to fe_ka_mca4",
    ),
    "ssrl": (
        "# RealTime Energy I0 I1 FF1 FF2 FF3 ICR1\n",
        (np.arange(N), E, I0, 10 * ONE, IF, IF, IF, 1e5 * ONE),
        "FF1 to FF3",
    ),
    "lytle": ("# energy_request i_0 lytle\n", (E, I0, IF), "lytle / i_0"),
    "regions_of_interest": (
        "# energy i0 ch1_roi1 ch1_roi2 ch2_roi1 ch2_roi2\n",
        (E, I0, IF, 5000 * (1 + 0.1 * np.sin(E)), IF, 5000 * (1 + 0.1 * np.sin(E))),
        "ch1_roi1 + ch2_roi1",
    ),
    "yield": (
        "Time (s)\tEnergy\tBeam Current\tIzero\tTEY signal\n",
        (np.arange(N), E, 500 * ONE, I0, IF),
        "TEY signal",
    ),
    "sdd": ("# Energy(eV) I0-32 SDD_1 SDD_2\n", (E, I0, IF, IF), "SDD_1 + SDD_2"),
}


@pytest.mark.parametrize("name", FLUORESCENCE)
def test_fluorescence_is_made_of_the_right_channels(tmp_path: Path, name: str) -> None:
    header, columns, words = FLUORESCENCE[name]
    spectrum = read(written(tmp_path, f"{name}.dat", header + rows(*columns)))
    assert_is_hematite(spectrum, fluorescence=True)
    assert any(words in note for note in spectrum.notes), spectrum.notes


def test_an_edge_of_another_element_in_the_transmission_is_not_the_one_meant(tmp_path: Path) -> None:
    cobalt = 0.02 * (0.5 + np.arctan((E - 7722) / 2) / np.pi)
    counts = np.random.default_rng(3)
    channels = [counts.poisson(np.maximum(IF * 0.05, 1)).astype(float) for _ in range(4)]
    header = "XDAC V1.2 Datafile V1\nFe edge of a film\n---\n Energy  I0  It  Ifch1  Ifch2  Ifch3  Ifch4\n"
    text = header + rows(E, I0, I0 * np.exp(-0.004 * MU - cobalt), *channels)
    spectrum = read(written(tmp_path, "film.dat", text))
    assert_is_hematite(spectrum, fluorescence=True)
    assert any("Ifch1 to Ifch4" in note for note in spectrum.notes)


@pytest.mark.parametrize(
    "header", ["# energy i0 time ring", "# energy counts_time clock motor", "# mono_energy bragg epoch i0", "# a b c d"]
)
def test_counters_without_an_edge_are_refused_with_their_list(tmp_path: Path, header: str) -> None:
    text = header + "\n" + rows(E, I0, np.arange(N), BRAGG_DEG)
    with pytest.raises(SpectrumError, match=r"no absorption with a clear rise .*--columns.*its columns are 1 "):
        read(written(tmp_path, "scan.dat", text), kind="xanes")


@pytest.mark.parametrize(
    "columns",
    ["energy=2,i0=3,it=4", "energy=ene,i0=alpha,it=beta", "energy=2,mu=6", "energy=2,if=gamma:delta,i0=3", "i0=3,it=4"],
)
def test_columns_that_the_user_names_are_obeyed(tmp_path: Path, columns: str) -> None:
    text = "# t ene alpha beta gamma delta\n" + rows(ONE, E, I0, IT, IF / 2, MU * 1.0)
    given = columns.replace("delta", "gamma") if "if=" in columns else columns
    spectrum = read(written(tmp_path, "scan.dat", text), reading=Reading.parse(given))
    assert_is_hematite(spectrum, fluorescence="if=" in columns)
    assert any("as given" in note for note in spectrum.notes)


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = written(tmp_path, "scan.dat", "# energy I0 It\n" + rows(E, I0, IT))
    with pytest.raises(SpectrumError, match=r"no column 'I9' in it; its columns are 1 'energy', 2 'I0', 3 'It'"):
        read(path, reading=Reading.parse("i0=I9,it=It"))


def test_the_samples_of_a_table_are_listed_and_can_be_chosen(tmp_path: Path) -> None:
    shifted = [np.interp(E - shift, E, MU) for shift in (-4.0, -1.5, 1.0)]
    path = written(tmp_path, "three.nor", "# Exported\n# energy FeO Fe3O4 Fe2O3\n" + rows(E, *shifted))
    with pytest.raises(SpectrumError, match=r"3 spectra in it.*1 'FeO', 2 'Fe3O4', 3 'Fe2O3'"):
        read(path)
    found = [normalize(one).e0_eV for one in read_each(path)]
    assert found == pytest.approx([E0_EV - 4, E0_EV - 1.5, E0_EV + 1], abs=1)
    assert normalize(read(f"{path}#Fe3O4")).e0_eV == pytest.approx(found[1])
    assert normalize(read(f"{path}#3")).e0_eV == pytest.approx(found[2])
    assert isinstance(read(f"{path}#all"), Xanes)


def test_spectra_with_energies_of_their_own_are_several(tmp_path: Path) -> None:
    text = "energy,foil,energy,oxide\n" + rows(E - 12, MU, E, MU, separator=",")
    found = read_each(written(tmp_path, "pairs.csv", text))
    assert [normalize(one).e0_eV for one in found] == pytest.approx([E0_EV - 12, E0_EV], abs=1)
    assert "'oxide'" in found[1].notes[0]


def test_each_scan_of_a_spec_file_is_read(tmp_path: Path) -> None:
    scan = "#S {} ascan energy {}\n#N 3\n#L energy  i0  it\n"
    text = "#F run\n#D today\n\n" + scan.format(1, "foil") + rows(E - 12, I0, IT) + "\n" + scan.format(2, "sample")
    path = written(tmp_path, "run", text + rows(E, I0, IT))
    with pytest.raises(SpectrumError, match=r"2 spectra in it.*'scan 1: ascan energy foil'"):
        read(path)
    assert_is_hematite(read(f"{path}#2"))
    assert normalize(read(f"{path}#1")).e0_eV == pytest.approx(E0_EV - 12, abs=1)


def test_scans_one_after_another_and_there_and_back_are_several(tmp_path: Path) -> None:
    there_and_back = np.concatenate([E, E[::-1]]), np.concatenate([MU, MU[::-1]])
    found = read_each(written(tmp_path, "quick.dat", "# energy mu\n" + rows(*there_and_back)))
    assert len(found) == 2
    for one in found:
        assert_is_hematite(one)


def test_feffs_own_spectrum_is_its_fourth_column(tmp_path: Path) -> None:
    head = "# Cu2O FEFF9\n#  xsedge+ 50, used to normalize mu           1.2345E-04\n#  -----------\n"
    columns = (E, X, K, MU, MU * 0 + 0.5, MU - 0.5)
    for names in ("#  omega    e    k    mu    mu0     chi     @#\n", ""):
        assert_is_hematite(read(written(tmp_path, "xmu.dat", head + names + rows(*columns))))


def test_an_axis_relative_to_the_edge_takes_its_energy(tmp_path: Path) -> None:
    path = written(tmp_path, "relative.dat", "# E-E0 mu\n" + rows(X, MU))
    found = read(path, absorber="Fe", reading=Reading.parse(e0=E0_EV))
    assert found.energy_eV[0] == pytest.approx(E[0])
    assert normalize(found).e0_eV == E0_EV


def test_energies_in_keV_without_names_are_no_powder_pattern(tmp_path: Path) -> None:
    assert_is_hematite(read(written(tmp_path, "two.dat", rows(E / 1000, MU))))


def test_a_project_keeps_its_shift_its_edge_energy_and_what_is_not_broken(tmp_path: Path) -> None:
    def quoted(values: np.ndarray) -> str:
        return ",".join(f"'{value:.4f}'" for value in values)

    text = "# Athena project file -- Demeter version 0.9.18\n\n$old_group = 'a';\n@args = ('bkg_former_e0','7124',"
    text += "'titles',"
    text += "['first line','second line','third'],'bkg_z','Fe','label','hematite','bkg_eshift',-3.5,'bkg_e0','7123.2',"
    text += "'bkg_pre1','-120','bkg_pre2','-25','bkg_nor1','90','bkg_nor2','500','fft_edge','k','datatype','xmu');\n"
    text += f"@x = ({quoted(E + 3.5)});\n@y = ({quoted(MU)});\n[record]   #\n\n"
    text += f"$old_group = 'b';\n@args = ('label','broken');\n@x = ({quoted(E)});\n@y = ('1','2');\n[record]   #\n"
    path = tmp_path / "project.prj"
    path.write_bytes(gzip.compress(text.encode()))
    spectrum = read(path)
    assert_is_hematite(spectrum)
    assert spectrum.energy_eV == pytest.approx(E, abs=1e-3)
    stated = spectrum.normalisation
    assert (stated.e0_eV, stated.pre_edge_eV, stated.post_edge_eV) == (7123.2, (-120, -25), (90, 500))
    assert any("1 of 2 spectra of the project are broken" in note for note in spectrum.notes)
    assert read(path, reading=Reading.parse(e0=7125.0)).normalisation.e0_eV == 7125.0


def test_a_session_of_larch_is_read(tmp_path: Path) -> None:
    def array(values: np.ndarray) -> dict[str, object]:
        return {"__class__": "Array", "__shape__": [len(values)], "__dtype__": "float64", "value": values.tolist()}

    group = {
        "__class__": "Group", "filename": "hematite.dat", "energy": array(E), "mu": array(MU), "atsym": "Fe",
        "edge": "K", "e0": 7123.5,
        "pre_edge_details": {"__class__": "Group", "pre1": -140, "pre2": -40, "norm1": 100, "norm2": 500},
    }  # fmt: skip
    lines = ["##LARIX: 1.0      Larch Session File", "##<Symbols: count=2>", "<:hematite:>", json.dumps(group)]
    lines += ["<:other:>", json.dumps({"__class__": "Dict", "a": 1}), "<:damaged:>", '{"energy": ', "##</Symbols>"]
    path = tmp_path / "session.larix"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    spectrum = read(path)
    assert_is_hematite(spectrum)
    assert spectrum.normalisation.post_edge_eV == (100, 500)


def nxxas(file: h5py.File) -> None:
    entry = file.create_group("entry")
    entry.attrs["NX_class"] = "NXentry"
    entry["definition"], entry["element"], entry["edge"] = "NXxas", "Fe", "K"
    data = entry.create_group("data")
    data["energy"], data["mu"] = E, MU


def beams(file: h5py.File) -> None:
    entry = file.create_group("entry")
    entry.attrs["NX_class"] = "NXentry"
    for name, values in (("incoming_beam", I0), ("absorbed_beam", IT)):
        entry.create_group(f"instrument/{name}")["data"] = values
    entry.create_group("instrument/monochromator")["energy"] = E


def bliss(file: h5py.File) -> None:
    entry = file.create_group("1.1")
    entry.attrs["NX_class"] = "NXentry"
    entry["title"] = "fscan hematite"
    for name, values in (("energy_enc", E / 1000), ("epoch", np.arange(N)), ("I0", I0), ("I1", IT), ("mca", ONE)):
        entry[f"measurement/{name}"] = values
    other = file.create_group("2.1")
    other.attrs["NX_class"] = "NXentry"
    other["measurement/z"] = np.arange(50.0)


def soleil(file: h5py.File) -> None:
    entry = file.create_group("exp_001")
    entry.attrs["NX_class"] = "NXentry"
    for number, (name, values) in enumerate({"energy": E, "theta": BRAGG_DEG, "I0": I0, "I1": IT}.items(), start=1):
        entry[f"scan_data/data_{number:02d}"] = values
        entry[f"scan_data/data_{number:02d}"].attrs["long_name"] = f"d09-1-cx1/dt/x/{name}"


@pytest.mark.parametrize("write", [nxxas, beams, bliss, soleil])
def test_the_trees_of_hdf5_files_are_found_through(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        write(file)
    assert_is_hematite(read(tmp_path / "scan.h5"))


def test_datasets_of_an_hdf5_file_can_be_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["alpha"], file["beta"], file["gamma"] = E, I0, IT
    with pytest.raises(SpectrumError, match="name its datasets"):
        read(tmp_path / "scan.h5")
    for columns in ("energy=alpha,i0=beta,it=gamma", "energy=/alpha,i0=/beta,it=/gamma"):
        assert_is_hematite(read(tmp_path / "scan.h5", reading=Reading.parse(columns)))


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_the_binary_files_of_ssrl_are_read(tmp_path: Path, version: str) -> None:
    names = ("Real Time Clock", "Requested Energy", "I0", "I1")
    head = f"SSRL -  EXAFS Data Collector {version}".ljust(38) + "\n\0" + "Mon Jun 1".ljust(38) + "\n\0"
    head += f"PTS:{N:10d} COLS:{len(names):8d}".ljust(38) + "\n\0"
    values = np.column_stack([np.arange(N), E, I0, IT]).astype("<f4")
    if version < "2":
        values = np.ascontiguousarray((4 * values).astype("<f4").view("<u2").reshape(-1, 2)[:, ::-1])
    labels = "".join(name.ljust(18) + "\n\0" for name in names)
    content = head.ljust(800, "\0").encode() + bytes(8 * len(names)) + labels.encode() + bytes(16) + values.tobytes()
    (tmp_path / "scan.001").write_bytes(content)
    assert_is_hematite(read(tmp_path / "scan.001"))
    (tmp_path / "cut.001").write_bytes(content[:-100])
    with pytest.raises(SpectrumError, match="truncated"):
        read(tmp_path / "cut.001")


def test_a_japanese_scan_of_many_channels_is_summed(tmp_path: Path) -> None:
    head = "  9809     SPring-8 BL01B1\nfoil\n Mono :   SI(111)       D= 3.13551 A    Initial angle= 16.0\n"
    head += "  Angle(c)  Angle(o)     time/s         2         3         4         5\n"
    head += "      Mode         0         0         1         2         3         3\n"
    angle = np.degrees(np.arcsin(12398.419843320026 / (2 * 3.13551 * E)))
    dark = 10 + NOISE.normal(0, 3, N)
    text = head + rows(angle, angle, ONE, I0, dark, IF, IF)
    spectrum = read(written(tmp_path, "scan.dat", text))
    assert_is_hematite(spectrum, fluorescence=True)
    assert any("if_ch3 + if_ch4" in note for note in spectrum.notes)


@pytest.mark.parametrize("label", ["a" * 5000, "_" * 200, "i_f_" + "ch_" * 40, "roi_1_2_3" * 9, "mu" + "1" * 500])
def test_no_name_of_a_column_takes_long(label: str) -> None:
    column_of(label)


def test_counters_without_an_i0_go_by_their_order() -> None:
    found = [column.signal for column in columns_of(("energy", "ch1", "ch2", "ch3", "ch4"))]
    assert found == [Signal.ENERGY, Signal.I0, Signal.TRANSMITTED, Signal.REFERENCE, Signal.NONE]
