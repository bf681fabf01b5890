"""Templates with two elements on one slot, or with sites partly empty."""

import pytest

from tests.crystals import rock_salt
from xsearch.infer.disordered_proposals import mixed_proposals, pairs_of, shared, vacant_proposals
from xsearch.infer.template_library import TemplateLibrary


def test_pairs_that_replace_one_another_come_first_and_others_not_at_all(library: TemplateLibrary) -> None:
    assert pairs_of(library, ["Ba", "Sr", "Ti", "O"])[0] == ("Sr", "Ba")
    assert all("O" not in pair for pair in pairs_of(library, ["Ba", "Sr", "Ti", "O"]))
    assert pairs_of(library, ["Mg", "O"]) == []


def test_a_pair_shares_the_sites_of_one_template_slot(library: TemplateLibrary) -> None:
    found = mixed_proposals(library, ("O", "Ti", "Sr", "Ba"), ("Sr", "Ba"))
    assert found is not None
    crystals = found.crystals(library)
    best = crystals[0]
    assert best.composition == pytest.approx({"Sr": 0.5, "Ba": 0.5, "Ti": 1.0, "O": 3.0})
    assert found.proposals.coefficients[0].tolist() == [6, 2, 1, 1]
    # between the cells of SrTiO3 and BaTiO3
    assert 3.905**3 < best.volume_A3 < 4.00**3 * 1.02


def test_a_stated_formula_leaves_the_templates_and_the_fraction_that_give_it(library: TemplateLibrary) -> None:
    amounts = {"Sr": 0.3, "Ba": 0.7, "Ti": 1.0, "O": 3.0}
    found = mixed_proposals(library, ("O", "Ti", "Sr", "Ba"), ("Sr", "Ba"), amounts=amounts)
    assert found is not None
    assert found.fraction == pytest.approx(0.7)
    assert found.crystals(library)[0].composition == pytest.approx(amounts)
    assert mixed_proposals(library, ("O", "Ti", "Sr", "Ba"), ("Sr", "Ba"), amounts={**amounts, "O": 2.0}) is None


def test_a_stated_deficit_empties_the_sites_of_one_element(library: TemplateLibrary) -> None:
    found = vacant_proposals(library, ("O", "Ni"), {"Ni": 0.9, "O": 1.0})[0]
    assert found.occupancies == {"Ni": pytest.approx(0.9)}
    assert found.crystals(library)[0].composition == pytest.approx({"Ni": 0.9, "O": 1.0})


def test_a_crystal_of_one_element_becomes_one_of_two() -> None:
    crystal = shared(rock_salt("Mg", "O", 4.26), "Mg", "Fe", 0.35)
    assert crystal.composition == pytest.approx({"Mg": 0.65, "Fe": 0.35, "O": 1.0})
