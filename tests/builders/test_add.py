"""Adding structures and reference spectra of one's own."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from tests.spectra.instrument_files import athena, xdi
from xsearch.builders import build_cif
from xsearch.builders.add import add_entries
from xsearch.errors import BuildError, MissingIndex
from xsearch.indexes import Index


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an index of two crystals and a failure."""
    folder, home = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("home")
    rocksalt(5.64).to(folder / "salt.cif")
    rocksalt(4.21, "Mg", "O").to(folder / "periclase.cif")
    (folder / "bad.cif").write_text("data_bad\n_cell_length_a 1\n_atom_site_label\n", encoding="utf-8")
    Structure(Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.05, 0, 0]]).to(folder / "bad.cif")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSEARCH_HOME", str(home))
        build_cif(folder, "lab", workers=1, progress=False)
    return home


@pytest.fixture
def lab(built: Path, xsearch_home: Path) -> str:
    """A copy of that index under this test's home."""
    shutil.copytree(built, xsearch_home)
    return "lab"


def rocksalt(a: float, cation: str = "Na", anion: str = "Cl") -> Structure:
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])


def scan(shift_eV: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A measured iron edge, made up."""
    x = np.concatenate([np.arange(7050, 7100, 5.0), np.arange(7100, 7180, 0.5), np.arange(7180, 7300, 4.0)])
    y = 0.5 + np.arctan((x - 7124 - shift_eV) / 2) / np.pi + 0.4 * np.exp(-0.5 * ((x - 7132 - shift_eV) / 4) ** 2)
    return x, y


@pytest.fixture
def references(tmp_path: Path) -> Path:
    """A folder with an XDI file, a project of two spectra, columns, and what is none of these."""
    folder = tmp_path / "references"
    (folder / "more").mkdir(parents=True)
    x, y = scan()
    (folder / "Fe2O3_hematite.xdi").write_text(xdi(x, np.full_like(x, 1000.0), 1000 * np.exp(-y)), encoding="utf-8")
    (folder / "foils.prj").write_bytes(athena([("Fe foil", "Fe", *scan(-3)), ("FeO powder", "Fe", *scan(1))]))
    np.savetxt(folder / "more" / "Fe3O4.dat", np.column_stack(scan(0.5)), header="energy mu\nFe K edge")
    (folder / "notes.txt").write_text("measured on a rainy day\n", encoding="utf-8")
    return folder


def test_added_entries_are_marked_and_all_else_stays(lab: str, tmp_path: Path, references: Path) -> None:
    before = Index.open(lab)
    mine = tmp_path / "mine"
    mine.mkdir()
    rocksalt(6.29, "K", "Cl").to(mine / "sylvite.cif")
    result = add_entries(lab, xanes=references, cif=mine, licence="CC0-1.0", progress=False)
    index = Index.open(lab)
    assert (result.entries, result.reused, result.spectra) == (3, 2, 4)
    for row in range(len(before)):
        assert index.chunk(np.array([row])).to_bytes() == before.chunk(np.array([row])).to_bytes()
    added = index.material(index.row_of("own-sylvite"))
    assert (added.source, added.licence, added.reduced_formula) == ("own", "CC0-1.0", "KCl")
    assert {failure.item_id for failure in index.failures()} == {"bad", "own-notes.txt"}
    assert "CC0-1.0" in index.manifest.extra["licences"]
    assert before.version != index.version
    before.verify()


def test_added_spectra_can_be_searched(lab: str, references: Path) -> None:
    add_entries(lab, xanes=references, progress=False)
    index = Index.open(lab)
    table = index.xanes["Fe", "K"]
    found = dict(zip(table.spectrum_id, table.reduced_formula, strict=True))
    assert found == {
        "own-Fe2O3_hematite.xdi": "Fe2O3",
        "own-foils.prj#1": "Fe",
        "own-foils.prj#2": "FeO",
        "own-more/Fe3O4.dat": "Fe3O4",
    }
    assert set(table.kind) == {"measured"}
    assert set(table.source) == {"own"}
    rows = index.sql("select spectrum_id, row_id, len(energy_eV) from spectra where kind = 'measured'").fetchall()
    assert {(name, row) for name, row, _ in rows} == {(name, None) for name in found}


def test_adding_again_replaces_and_adding_twice_is_the_same(lab: str, tmp_path: Path, references: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for a in (6.29, 6.40):
        rocksalt(a, "K", "Cl").to(mine / "sylvite.cif")
        result = add_entries(lab, xanes=references, cif=mine, progress=False)
        assert (result.entries, result.spectra) == (3, 4)
    index = Index.open(lab)
    assert index.material(index.row_of("own-sylvite")).crystal.volume_A3 == pytest.approx(6.40**3, rel=1e-6)
    again = add_entries(lab, xanes=references, cif=mine, progress=False)
    files = index.manifest.files
    assert Index.open(lab).manifest.files == files, again.version


def test_the_compound_is_what_the_file_or_a_table_beside_it_states(lab: str, tmp_path: Path) -> None:
    folder = tmp_path / "stated"
    folder.mkdir()
    x, y = scan()
    text = xdi(x, np.full_like(x, 1000.0), 1000 * np.exp(-y))
    for name, field in (
        ("Fe_FeS_rt_01.xdi", "Sample.formula: FeS"),
        ("sample7.xdi", "Sample.name: magnetite Fe3O4 on tape"),
        ("Fe2O3_of_the_table.xdi", "Sample.name: reference"),
        ("NaCl_and_iron.xdi", "Sample.formula: NaCl"),
        ("unknown.xdi", "Sample.name: reference"),
    ):
        (folder / name).write_text(text.replace("# ///", f"# {field}\n# ///"), encoding="utf-8")
    (folder / "formulas.csv").write_text("file,formula\nFe2O3_of_the_table.xdi,FeO\n", encoding="utf-8")
    result = add_entries(lab, xanes=folder, progress=False)
    table = Index.open(lab).xanes["Fe", "K"]
    assert dict(zip(table.spectrum_id, table.reduced_formula, strict=True)) == {
        "own-Fe2O3_of_the_table.xdi": "FeO",
        "own-Fe_FeS_rt_01.xdi": "FeS",
        "own-NaCl_and_iron.xdi": "",
        "own-sample7.xdi": "Fe3O4",
        "own-unknown.xdi": "",
    }
    assert result.without_compound == ("own-NaCl_and_iron.xdi", "own-unknown.xdi")


def test_what_cannot_be_added_is_refused_in_one_line(lab: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingIndex):
        add_entries("nowhere", xanes=tmp_path, progress=False)
    with pytest.raises(BuildError, match="Nothing to add"):
        add_entries(lab, progress=False)
    with pytest.raises(BuildError, match="No spectrum in"):
        add_entries(lab, xanes=tmp_path / "empty", progress=False)
    with pytest.raises(BuildError, match="no such file"):
        add_entries(lab, xanes=tmp_path / "gone", progress=False)
