"""CIF text, good and bad."""

import numpy as np
import pytest

from xsearch.chemistry.cif import read_cif, split_blocks
from xsearch.errors import CrystalError

RUTILE = """data_rutile
_chemical_name_mineral Rutile
_chemical_formula_sum 'Ti O2'
_journal_name_full 'Journal of Examples'
_journal_year 2020
loop_
_publ_author_name
'Doe, J.'
'Roe, R.'
_cell_length_a 4.594(3)
_cell_length_b 4.594(3)
_cell_length_c 2.959(2)
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 42/m n m'
_diffrn_ambient_temperature 295
_diffrn_ambient_pressure 101
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Ti1 Ti4+ 0 0 0 1
O1 O2- 0.3053(1) 0.3053(1) 0 1
"""


def one(text: str):
    (found,) = read_cif(text, "sample.cif")
    return found


def test_a_cif_gives_the_whole_cell_and_what_is_said_of_it() -> None:
    found = one(RUTILE)
    assert sorted(found.crystal.elements) == ["O"] * 4 + ["Ti"] * 2
    assert found.crystal.volume_A3 == pytest.approx(4.594**2 * 2.959)
    assert (found.name, found.formula, found.space_group) == ("Rutile", "Ti O2", 136)
    assert found.reference == "Doe, J., Roe, R., Journal of Examples, 2020"
    assert found.temperature_K == 295
    assert found.pressure_GPa == pytest.approx(1.01e-4)
    assert found.notes == ()


def test_the_listed_operations_win_over_the_symbol() -> None:
    text = RUTILE.replace(
        "_diffrn_ambient_t", "loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'-x,-y,-z'\n_diffrn_ambient_t"
    )
    assert len(one(text).crystal) == 3


def test_only_a_number_means_its_standard_setting_and_a_note() -> None:
    found = one(RUTILE.replace("_symmetry_space_group_name_H-M 'P 42/m n m'", "_symmetry_Int_Tables_number 136"))
    assert len(found.crystal) == 6
    assert "standard setting assumed" in found.notes[0]


def test_without_symmetry_p1_is_assumed_and_said() -> None:
    found = one(RUTILE.replace("_symmetry_space_group_name_H-M 'P 42/m n m'", ""))
    assert len(found.crystal) == 2
    assert found.notes == ("no symmetry stated: P1 assumed",)


def test_partial_occupancies_deuterium_and_charges_are_understood() -> None:
    text = RUTILE.replace("Ti1 Ti4+ 0 0 0 1", "Ti1 Ti4+ 0 0 0 0.75\nFe1 Fe3+ 0 0 0 .25(1)\nD1 D 0.5 0 0.25 0.5")
    found = one(text)
    assert found.crystal.composition == pytest.approx({"Ti": 1.5, "Fe": 0.5, "H": 2.0, "O": 4.0})


def test_hydroxyl_and_water_labels_count_their_hydrogen() -> None:
    text = RUTILE.replace("O1 O2- ", "OH1 . ")
    found = one(text.replace("'Ti O2'", "'Ti (O H)2'"))
    assert found.hydrogen_without_position == 4
    assert "hydrogen" in found.notes[0]


def test_atoms_without_a_position_are_left_out_and_named() -> None:
    found = one(RUTILE + "H1 H ? ? ? 1\n")
    assert len(found.crystal) == 6
    assert found.notes == ("atoms without a position left out: H1",)


def test_several_blocks_are_several_crystals() -> None:
    other = RUTILE.replace("data_rutile", "data_other").replace("4.594", "4.7")
    text = RUTILE + other + "data_empty\n_journal_year 1999\n"
    assert [found.block for found in read_cif(text)] == ["rutile", "other"]
    blocks = split_blocks(text)
    assert len(blocks) == 2
    assert one(blocks[1]).crystal.volume_A3 == pytest.approx(4.7**2 * 2.959)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no atoms found"),
        ("hello world", "not a CIF file"),
        ("data_x\nloop_\n_a\n_b\n1 2 3\n", "not a CIF file"),
        ("data_x\n_cell_length_a 4\n", "no atoms found"),
        (RUTILE.replace("_cell_angle_beta 90\n", ""), "_cell_angle_beta missing"),
        (RUTILE.replace("_cell_length_a 4.594(3)", "_cell_length_a ?"), "_cell_length_a missing"),
        (RUTILE.replace("_cell_angle_gamma 90", "_cell_angle_gamma 300"), "do not make a cell"),
        (RUTILE.replace("Ti1 Ti4+", "Xq1 Xq"), "names no known element"),
        (RUTILE.replace("0 0 0 1", "0 0 0 3"), "occupancy 3"),
        (RUTILE + "Ti2 Ti 0.01 0 0 1\n", "Atoms overlap"),
        (RUTILE.replace("0 0 0 1", "? ? ? 1").replace("0.3053(1) 0.3053(1) 0 1", ". . . 1"), "No atom has a position"),
        (RUTILE.replace("_cell_length_a 4.594(3)", "_cell_length_a 0.02").replace("2.959", "0.1"), "volume|overlap"),
        (
            RUTILE.replace("_diffrn_ambient_t", "loop_\n_symmetry_equiv_pos_as_xyz\n'x,y'\n_diffrn_ambient_t"),
            "operation",
        ),
    ],
)
def test_a_bad_cif_is_refused_in_one_line_that_names_the_file(text: str, said: str) -> None:
    with pytest.raises(CrystalError, match=said) as refusal:
        read_cif(text, "sample.cif")
    assert str(refusal.value).startswith("sample.cif")
    assert "\n" not in str(refusal.value)


def test_a_written_structure_comes_back(data_folder) -> None:
    import pyarrow.parquet as pq
    from pymatgen.io.cif import CifWriter

    from xsearch.chemistry.crystal import Crystal, lattice_from_parameters

    rows = pq.read_table(data_folder / "cod_structures.parquet").slice(0, 12).to_pylist()
    for row in rows:
        lattice = lattice_from_parameters(*(row[k] for k in ("a", "b", "c", "alpha", "beta", "gamma")))
        crystal = Crystal.ordered(lattice, np.array(row["frac_coords"]), row["species"])
        found = one(str(CifWriter(crystal.to_structure(), symprec=0.01)))
        ours, theirs = found.crystal, crystal
        assert ours.volume_A3 / sum(ours.composition.values()) == pytest.approx(
            theirs.volume_A3 / sum(theirs.composition.values()), rel=1e-3
        )
        per_cell = len(ours) / len(theirs)
        assert ours.composition == pytest.approx({e: n * per_cell for e, n in theirs.composition.items()})
