"""CIF files and folders as a source."""

from pathlib import Path

import pytest

from xsearch.builders.cif import CifSource, process_cif
from xsearch.errors import BuildError, CrystalError

HALITE = """data_halite
_chemical_name_mineral Halite
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 0 0 0
Cl1 0.5 0.5 0.5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lab" / "deep").mkdir(parents=True)
    (tmp_path / "lab" / "halite.cif").write_text(HALITE, encoding="utf-8")
    (tmp_path / "lab" / "deep" / "two.CIF").write_text(HALITE + HALITE.replace("halite", "other"), encoding="utf-8")
    (tmp_path / "lab" / "broken.cif").write_text("data_x\n_cell_length_a 4\n", encoding="utf-8")
    (tmp_path / "lab" / "latin.cif").write_bytes(HALITE.replace("Halite", "Häl").encode("latin-1"))
    (tmp_path / "lab" / "notes.txt").write_text("not a CIF", encoding="utf-8")
    return tmp_path / "lab"


def test_a_folder_is_searched_with_all_that_lies_below(folder: Path) -> None:
    ids = [item.item_id for item in CifSource.of(folder).items()]
    assert ids == ["broken", "deep/two#1", "deep/two#2", "halite", "latin"]


def test_a_block_becomes_a_material(folder: Path) -> None:
    items = {item.item_id: item for item in CifSource.of(folder, licence="CC0").items()}
    halite = process_cif(items["halite"])
    assert (halite.reduced_formula, halite.name, halite.licence, len(halite.crystal)) == ("NaCl", "Halite", "CC0", 8)
    assert halite.properties["file"] == "halite.cif"
    assert process_cif(items["deep/two#2"]).material_id == "deep/two#2"
    assert process_cif(items["latin"]).reduced_formula == "NaCl"


def test_a_broken_file_fails_alone_and_by_name(folder: Path) -> None:
    items = {item.item_id: item for item in CifSource.of(folder).items()}
    with pytest.raises(CrystalError, match=r"^broken\.cif: no atoms found"):
        process_cif(items["broken"])


def test_files_of_one_name_in_two_folders_are_told_apart(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "halite.cif").write_text(HALITE, encoding="utf-8")
    ids = [name for name, _ in CifSource.of([folder, other]).files]
    assert {"lab/halite", "other/halite", "latin"} <= set(ids)


def test_the_fingerprint_follows_the_content(folder: Path) -> None:
    before = CifSource.of(folder).fingerprint()
    assert CifSource.of(folder).fingerprint() == before
    (folder / "halite.cif").write_text(HALITE.replace("5.64", "5.65"), encoding="utf-8")
    assert CifSource.of(folder).fingerprint() != before


def test_missing_paths_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no such file or folder"):
        CifSource.of(tmp_path / "nowhere")
    with pytest.raises(BuildError, match="No CIF file"):
        CifSource.of(tmp_path)
