"""What counts as right of disordered crystals."""

from dataclasses import replace

import numpy as np
import pytest

from tests.crystals import perovskite, rock_salt
from xsearch.answers.site_disorder import SiteDisorder
from xsearch.chemistry.crystal import Crystal
from xsearch.data.compounds import Compound
from xsearch.data.disordered_compounds import DisorderedCompound
from xsearch.evaluate.disorder import Outcome, figures, in_report, occupancy_error, same_parent
from xsearch.infer.disordered_proposals import shared

PARENT = Compound("book-1", "MgO", rock_salt("Mg", "O", 4.21), "cubic")
TRUTH = DisorderedCompound(
    PARENT, "mixed", ("Mg", "Fe"), (0.6, 0.4), shared(PARENT.crystal, "Mg", "Fe", 0.4), ("MgO", "FeO")
)
SITE = SiteDisorder("mixed", ("Mg", "Fe"), "4a", (0.52, 0.48), 0.03)


def test_a_solid_solution_of_another_fraction_has_the_same_parent_and_another_structure_has_not() -> None:
    assert same_parent(shared(rock_salt("Mg", "O", 4.25), "Mg", "Fe", 0.7), [SITE], TRUTH)
    swapped = SiteDisorder("mixed", ("Fe", "Mg"), "4a", (0.3, 0.7), 0.03)
    assert same_parent(shared(rock_salt("Fe", "O", 4.25), "Fe", "Mg", 0.7), [swapped], TRUTH)
    other = Crystal.ordered(np.eye(3) * 2.6, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), ["Mg", "O"])
    assert not same_parent(shared(other, "Mg", "Fe", 0.4), [SITE], TRUTH)


def test_an_emptied_crystal_is_compared_as_if_it_were_full() -> None:
    full = perovskite("Ba", "Zr", 4.15)
    emptied = replace(full, occupancies=np.array([0.6, 1, 1, 1, 1]))
    truth = DisorderedCompound(Compound("b", "BaZrO3", full, "cubic"), "vacant", ("Ba",), (0.6,), emptied, ("BaZrO3",))
    found = SiteDisorder("vacant", ("Ba",), "1a", (0.7,), 0.05)
    assert same_parent(replace(full, occupancies=np.array([0.7, 1, 1, 1, 1])), [found], truth)
    assert occupancy_error([found], truth) == pytest.approx(0.1)


def test_the_occupancy_of_the_first_element_is_compared_whatever_the_order() -> None:
    swapped = SiteDisorder("mixed", ("Fe", "Mg"), "4a", (0.48, 0.52), 0.03)
    assert occupancy_error([SITE], TRUTH) == pytest.approx(0.08)
    assert occupancy_error([swapped], TRUTH) == pytest.approx(0.08)


def test_figures_count_occupancies_of_right_answers_alone() -> None:
    def outcome(right: bool, away: float | None, alike: bool = False) -> Outcome:
        return Outcome("m", "MgO", right, right, True, False, away, False, alike, "", 1.0)

    found = figures("mixed", [outcome(True, 0.04), outcome(True, 0.08), outcome(True, 0.3, True), outcome(False, None)])
    assert (found["n"], found["n_right"], found["n_clear"]) == (4, 3, 2)
    assert found["right"] == 0.75
    assert found["within_0.05"] == pytest.approx(1 / 3, abs=1e-4)
    assert (found["clear_within_0.05"], found["clear_within_0.1"]) == (0.5, 1.0)


def test_formulas_are_halved() -> None:
    halves = [in_report(f"Mg{k}O") for k in range(1, 200)]
    assert 0.4 < np.mean(halves) < 0.6
