"""CIF files."""

import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.core.structure_matcher import StructureMatcher

from tests.crystals import rutile
from tests.report.conftest import silicon, wustite
from xsearch import report
from xsearch.answers import Hit, SearchResult
from xsearch.chemistry import Crystal
from xsearch.report.structures import cif_text, file_stem


@pytest.mark.parametrize(("make", "number"), [(rutile, 136), (silicon, 227), (wustite, 225)])
def test_cif_text_is_read_back_as_the_same_crystal(make: type[Crystal], number: int) -> None:
    crystal = make()
    text = cif_text(crystal, number)
    back = Structure.from_str(text, fmt="cif")
    assert StructureMatcher().fit(crystal.to_structure(), back)
    assert back.volume == pytest.approx(crystal.volume_A3 * len(back) / len(crystal.to_structure()))
    assert f"_symmetry_Int_Tables_number   {number}" in text


def test_cif_text_falls_back_on_all_atoms_where_the_symmetry_is_not_found() -> None:
    text = cif_text(rutile(), 12)
    assert "_symmetry_Int_Tables_number   1" in text
    assert StructureMatcher().fit(rutile().to_structure(), Structure.from_str(text, fmt="cif"))


def test_cif_text_is_ascii() -> None:
    assert cif_text(silicon(), 227, ["Grøss & Müller, 3 Å, 4°", "two\nlines"]).isascii()


def test_every_hit_gets_two_files_with_its_provenance(result: SearchResult, tmp_path) -> None:
    paths = report.write_cifs(result, tmp_path / "new" / "folder")
    assert [path.name for path in paths][:2] == ["01_mp-2657_TiO2.cif", "01_mp-2657_TiO2_strained.cif"]
    assert len(paths) == 6
    first, strained = (path.read_text(encoding="utf-8") for path in paths[:2])
    assert "Materials Project" in first
    assert "CC BY 4.0" in first
    assert "A. Person" in first
    assert "strained to the pattern sample 1.xy" in strained
    a = Structure.from_str(strained, fmt="cif").lattice.a
    assert a == pytest.approx(result.hits[0].cell[0], abs=1e-6)


def test_top_limits_the_files(result: SearchResult, tmp_path) -> None:
    assert len(report.write_cifs(result, tmp_path, top=1)) == 2


def test_file_names_are_safe(hits: tuple[Hit, ...]) -> None:
    assert file_stem(hits[2]).startswith("03_lab-1-_")
    assert "/" not in file_stem(hits[2])


def test_occupancies_that_add_up_to_a_little_over_one_are_written() -> None:
    oxide = wustite()
    full = Crystal(oxide.lattice_A, oxide.frac_coords, oxide.elements, np.array([0.8, 0.204, 1.0]))
    back = Structure.from_str(cif_text(full), fmt="cif")
    assert back.composition.get_atomic_fraction("Fe") == pytest.approx(0.8 / 1.004 / 2, abs=1e-3)
