"""Formulas: one form for crystals, files and users."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from pymatgen.core import Composition

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import (
    anonymous_formula,
    formula_of,
    formula_unit,
    letter_of,
    parse_formula,
    reduced_formula,
    stated_formula,
    whole_amounts,
    whole_formula,
)
from xsearch.errors import CrystalError, QueryError

CUBE = np.eye(3) * 8.0


def mixed(*sites: tuple[tuple[float, float, float], dict[str, float]]) -> Crystal:
    entries = [(position, element, share) for position, mix in sites for element, share in mix.items()]
    positions, elements, shares = zip(*entries, strict=True)
    return Crystal(CUBE, np.array(positions), elements, np.array(shares))


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Fe2O3", {"Fe": 2, "O": 3}),
        ("Ca(OH)2", {"Ca": 1, "O": 2, "H": 2}),
        ("Ca [ O H ]2", {"Ca": 1, "O": 2, "H": 2}),
        ("(Mg.9 Fe.1)2 Si O4", {"Mg": 1.8, "Fe": 0.2, "Si": 1, "O": 4}),
        ("Fe0.95O", {"Fe": 0.95, "O": 1}),
        ("CaSO4·2H2O", {"Ca": 1, "S": 1, "O": 6, "H": 4}),
        ("CaSO4.2H2O", {"Ca": 1, "S": 1, "O": 6, "H": 4}),
        ("ZnC2O4*2H2O", {"Zn": 1, "C": 2, "O": 6, "H": 4}),
        ("K3(Fe(CN)6)", {"K": 3, "Fe": 1, "C": 6, "N": 6}),
        ("Cr O2 D", {"Cr": 1, "O": 2, "H": 1}),
    ],
)
def test_formulas_are_read_as_people_write_them(text: str, amounts: dict[str, float]) -> None:
    assert parse_formula(text) == pytest.approx(amounts)


@pytest.mark.parametrize("text", ["", "Xx2O3", "Fe2)O3", "(Fe2O3", "2.5", "Fe2O3!", "3()"])
def test_a_text_that_is_no_formula_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CrystalError, match="formula") as refusal:
        parse_formula(text)
    assert "\n" not in str(refusal.value)


def test_reduced_and_anonymous_formulas_equal_those_of_pymatgen(data_folder) -> None:
    column = pq.read_table(data_folder / "mp_structures.parquet", columns=["formula"]).column("formula")
    for text in np.random.default_rng(5).choice(column.to_pylist(), 1500, replace=False):
        reference = Composition(text)
        amounts = parse_formula(text)
        assert reduced_formula(amounts) == reference.reduced_formula
        assert anonymous_formula(amounts) == reference.anonymized_formula


def test_an_ordered_crystal_gives_the_smallest_whole_numbers() -> None:
    crystal = Crystal.ordered(CUBE, np.random.default_rng(0).random((6, 3)), ["Ti", "O", "O", "Ti", "O", "O"])
    assert formula_unit(crystal) == {"Ti": 1, "O": 2}


def test_a_mixed_crystal_is_divided_by_the_number_of_its_repeating_sites() -> None:
    metal = {"Mg": 0.9, "Fe": 0.1}
    crystal = mixed(
        *(((x / 4, 0.0, 0.0), metal) for x in range(4)),
        *(((x / 4, 0.5, 0.0), {"Si": 1.0}) for x in range(2)),
        *(((x / 8, 0.5, 0.5), {"O": 1.0}) for x in range(8)),
    )
    assert formula_unit(crystal) == pytest.approx({"Mg": 1.8, "Fe": 0.2, "Si": 1, "O": 4})


def test_thirds_that_add_up_count_as_whole_atoms() -> None:
    crystal = mixed(((0, 0, 0), {"Ca": 1.0}), *(((0.5, x / 3, 0), {"O": 0.333}) for x in range(3)))
    assert formula_unit(crystal) == {"Ca": 1, "O": 1}


def test_hydrogen_without_a_site_belongs_to_the_formula() -> None:
    crystal = Crystal.ordered(CUBE, np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0]]), ["Ca", "O", "O"])
    assert reduced_formula(formula_unit(crystal, hydrogen_without_position=2.0)) == "Ca(HO)2"


def test_letters_go_on_after_z() -> None:
    assert [letter_of(n) for n in (0, 25, 26, 51, 52)] == ["A", "Z", "AA", "AZ", "BA"]


@pytest.mark.parametrize(
    ("text", "amounts", "whole"),
    [
        ("Ca4Mn2Al2O10", {"Ca": 2, "Mn": 1, "Al": 1, "O": 5}, {"Ca": 2, "Mn": 1, "Al": 1, "O": 5}),
        ("Li0.5CoO2", {"Li": 0.5, "Co": 1, "O": 2}, {"Li": 1, "Co": 2, "O": 4}),
        ("LiNi0.5Mn0.5O2", {"Li": 1, "Ni": 0.5, "Mn": 0.5, "O": 2}, {"Li": 2, "Ni": 1, "Mn": 1, "O": 4}),
        ("Fe0.95O", {"Fe": 0.95, "O": 1}, None),
    ],
)
def test_a_stated_formula_may_have_fractions(text: str, amounts: dict[str, float], whole: dict[str, int]) -> None:
    assert stated_formula(text) == pytest.approx(amounts)
    assert whole_amounts(stated_formula(text)) == whole


def test_where_whole_atoms_are_needed_fractions_are_refused() -> None:
    with pytest.raises(QueryError, match="not whole"):
        whole_formula("Fe0.95O")
    with pytest.raises(QueryError, match="no element"):
        stated_formula("Xx0.5O")


def test_a_disordered_crystal_is_named_with_its_fractions() -> None:
    shared = mixed(((0, 0, 0), {"Mg": 0.6234, "Fe": 0.3766}), ((0.5, 0.5, 0.5), {"O": 1.0}))
    assert formula_of(shared) == "Mg0.62Fe0.38O"
    assert formula_of(Crystal.ordered(CUBE, np.eye(3)[:2] / 2, ["Na", "Cl"])) == "NaCl"
