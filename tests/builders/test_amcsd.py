"""The mineral database."""

import itertools
import json

import numpy as np
import pytest

from xsearch.builders.amcsd import AmcsdSource, process_amcsd
from xsearch.builders.material import UNPLACED_HYDROGEN, complete
from xsearch.builders.source import Item
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
