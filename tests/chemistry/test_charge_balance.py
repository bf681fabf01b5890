"""Charge-balanced stoichiometries."""

from itertools import product
from time import perf_counter

import numpy as np
import pytest

from xsearch.chemistry.charge_balance import (
    UNBALANCED,
    charge_log_probability,
    enumerate_stoichiometries,
)
from xsearch.chemistry.valence import states_of
from xsearch.errors import QueryError


def formulas(found) -> list[str]:
    return [found.formula(row) for row in range(len(found))]


def test_the_commonest_oxides_of_iron_come_first():
    assert formulas(enumerate_stoichiometries(["Fe", "O"]))[:2] == ["Fe2O3", "FeO"]


def test_magnetite_is_found_as_mixed_valence():
    assert "Fe3O4" in formulas(enumerate_stoichiometries(["Fe", "O"]))


def test_every_formula_without_mixed_valence_is_what_a_plain_search_finds():
    # one state an element, so that nothing can be mixed
    given = {"Ca": 2, "Ti": 4, "O": -2}
    found = enumerate_stoichiometries(["Ca", "Ti", "O"], largest_coefficient=7, most_atoms=21, oxidation=given)
    plain = {
        (a, b, c)
        for a, b, c in product(range(1, 8), repeat=3)
        if np.gcd.reduce([a, b, c]) == 1 and -2 * a + 2 * b + 4 * c == 0
    }  # in order of atomic number: O, Ca, Ti
    assert {tuple(row) for row in found.coefficients.tolist()} == plain


def test_a_state_given_by_the_user_decides_between_formulas():
    formulas_of_calcium_manganese_aluminate = np.array([[5, 1, 2, 1], [9, 2, 4, 1], [4, 1, 1, 1]])  # O Al Ca Mn
    others = {"O": -2, "Al": 3, "Ca": 2}
    elements = ("O", "Al", "Ca", "Mn")
    with_three = charge_log_probability(elements, formulas_of_calcium_manganese_aluminate, {**others, "Mn": 3})
    with_four = charge_log_probability(elements, formulas_of_calcium_manganese_aluminate, {**others, "Mn": 4})
    assert (with_three > UNBALANCED).tolist() == [True, False, True]
    assert (with_four > UNBALANCED).tolist() == [False, True, False]


def test_a_cation_more_electronegative_than_its_anion_is_refused():
    # nitrogen +3 beside iodide would cancel, and does not exist
    assert charge_log_probability(("N", "I"), np.array([[1, 3]]), {"N": 3, "I": -1})[0] == UNBALANCED


def test_alloys_need_no_balance():
    found = enumerate_stoichiometries(["Ni", "Ti"], largest_coefficient=3)
    assert found.alloy
    assert {"TiNi", "TiNi3", "Ti2Ni"} <= set(formulas(found))
    assert len(enumerate_stoichiometries(["Ni", "Ti"], alloy=False)) == 0


def test_probabilities_given_for_states_weigh_the_formulas():
    mostly_four = enumerate_stoichiometries(["Mn", "O"], oxidation={"Mn": {4: 0.9, 2: 0.1}})
    assert formulas(mostly_four)[0] == "MnO2"


def test_thousands_of_formulas_a_second_are_scored_for_five_elements():
    enumerate_stoichiometries(["Li", "O"])
    start = perf_counter()
    elements = ("Li", "O", "Mn", "Co", "Ni")
    grid = np.indices((6,) * 5).reshape(5, -1).T + 1
    charge_log_probability(elements, grid)
    assert len(grid) / (perf_counter() - start) > 2000


@pytest.mark.parametrize("wrong", [[], ["Xx"], ["H", "Li", "Be", "B", "C", "N", "O"]])
def test_impossible_element_sets_are_refused_in_one_line(wrong):
    with pytest.raises(QueryError) as error:
        enumerate_stoichiometries(wrong)
    assert "\n" not in str(error.value)


def test_limits_that_would_never_end_are_refused():
    with pytest.raises(QueryError, match="lower the largest coefficient"):
        enumerate_stoichiometries(["Li", "O", "Mn", "Co", "Ni", "Fe"], largest_coefficient=60, most_atoms=200)


def test_an_impossible_state_is_refused():
    with pytest.raises(QueryError, match="Mn=3"):
        states_of("Mn", 12)


def test_reported_states_hold_the_usual_ones_with_the_commonest_likeliest():
    iron = states_of("Fe")
    assert {2, 3} <= set(iron)
    assert max(iron, key=iron.__getitem__) == 3
    assert max(states_of("O"), key=states_of("O").__getitem__) == -2
