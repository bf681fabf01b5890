"""The mineral database."""

import itertools
import json
from base64 import b64decode

import numpy as np
import pytest

from xsearch.builders.amcsd import CELL, AmcsdSource, process_amcsd
from xsearch.builders.material import UNPLACED_HYDROGEN, complete
from xsearch.builders.source import Item
from xsearch.chemistry.cif import read_cif
from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.errors import CrystalError


@pytest.fixture(scope="module")
def items() -> dict[str, Item]:
    return {item.item_id: item for item in AmcsdSource().items()}


def test_all_entries_are_read_in_order(items: dict[str, Item]) -> None:
    assert len(items) == AmcsdSource().count() == 9275
    assert list(items) == sorted(items)


def test_an_entry_becomes_a_material_with_name_reference_and_licence(items: dict[str, Item]) -> None:
    galena, _ = complete(process_amcsd(items["amcsd-0000003"]))
    assert (galena.name, galena.reduced_formula, galena.space_group) == ("Galena", "PbS", 225)
    assert galena.crystal.volume_A3 == pytest.approx(5.93**3)
    assert "Ramsdell" in galena.reference
    assert "Downs and M. Hall-Wallace" in galena.reference
    assert galena.is_measured is True


def test_all_but_a_few_of_a_hundred_give_the_stated_formula(items: dict[str, Item]) -> None:
    sample = np.random.default_rng(2).choice(list(items), 400, replace=False)
    read, right = 0, 0
    for name in sample:
        item = items[name]
        try:
            unit = parse_formula(process_amcsd(item).reduced_formula)
            stated = parse_formula(item.payload["formula"])
        except CrystalError:
            continue
        read += 1
        scale = sum(stated.values()) / sum(unit.values())
        right += unit.keys() == stated.keys() and all(
            abs(unit[e] * scale - n) < 0.05 * n + 0.02 for e, n in stated.items()
        )
    assert read >= 390
    assert right >= 0.98 * read


def test_hydrogen_that_labels_name_counts_once(items: dict[str, Item]) -> None:
    placed = process_amcsd(items["amcsd-0014756"])  # O-h beside H with coordinates
    assert placed.reduced_formula == reduced_formula(parse_formula("K Fe3 S2 O14 H6"))
    assert UNPLACED_HYDROGEN not in placed.properties
    named = process_amcsd(items["amcsd-0005625"])  # O-H alone
    assert named.properties[UNPLACED_HYDROGEN] > 0
    assert "H" in named.elements
    assert "H" not in named.crystal.elements


def test_partial_occupancies_are_kept(items: dict[str, Item]) -> None:
    material = process_amcsd(items["amcsd-0020360"])
    assert material.formula == "(Mn.96Ca.04)CO3"
    assert set(np.round(material.crystal.occupancies, 2)) == {0.96, 0.04, 1.0}
    assert material.pressure_GPa == 1.62


def test_an_entry_with_unknown_positions_says_so(items: dict[str, Item]) -> None:
    with pytest.raises(CrystalError, match="Positions of some atoms are not known"):
        process_amcsd(items["amcsd-0005217"])


def test_formulas_choose_a_part() -> None:
    part = list(itertools.islice(AmcsdSource(only=frozenset({"PbS", "SiO2"})).items(), 400))
    formulas = {process_amcsd(item).reduced_formula for item in part if json.loads(item.payload["labels"])}
    assert {"PbS", "SiO2"} <= formulas
    assert len(part) < 400
    assert AmcsdSource(only=frozenset({"PbS"})).fingerprint() != AmcsdSource().fingerprint()


def as_cif(item: Item) -> str:
    """The entry written as a CIF, the way that others hand it on."""
    row = item.payload
    labels, occupancy = json.loads(row["labels"]), row["occupancy"]
    columns = [stored(row[axis]) for axis in "xyz"]
    shares = np.ones(len(labels)) if occupancy == "0" else stored(occupancy)
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    cell = [f"_cell_{name} {row[key]}" for name, key in zip(names, CELL, strict=True)]
    operations = [f"'{operation}'" for operation in json.loads(row["operations"])]
    tags = ("label", "fract_x", "fract_y", "fract_z", "occupancy")
    atoms = [
        f"'{label}' {x:.6f} {y:.6f} {z:.6f} {share:.4f}"
        for label, x, y, z, share in zip(labels, *columns, shares, strict=True)
    ]
    lines = ["data_entry", f"_chemical_formula_sum '{row['formula']}'", *cell]
    lines += ["loop_", "_space_group_symop_operation_xyz", *operations]
    lines += ["loop_", *(f"_atom_site_{tag}" for tag in tags), *atoms, ""]
    return "\n".join(lines)


def stored(text: str) -> np.ndarray:
    return np.frombuffer(b64decode(text), dtype="<i4") / 4e6


def test_the_cif_reader_makes_the_same_crystals_of_the_same_entries(items: dict[str, Item]) -> None:
    compared = 0
    for name in np.random.default_rng(7).choice(list(items), 120, replace=False):
        try:
            ours = process_amcsd(items[name]).crystal
        except CrystalError:
            continue
        (found,) = read_cif(as_cif(items[name]))
        assert found.crystal.volume_A3 == pytest.approx(ours.volume_A3, rel=1e-4)
        assert found.crystal.composition == pytest.approx(ours.composition, rel=1e-3, abs=1e-3)
        compared += 1
    assert compared >= 115
