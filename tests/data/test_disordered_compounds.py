"""Solid solutions and emptied crystals made from ordered ones."""

import numpy as np
import pytest

from tests.crystals import perovskite, rock_salt
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import reduced_formula
from xsearch.data.compounds import Compound
from xsearch.data.disordered_compounds import FRACTIONS, LEAST_SHARE, OCCUPANCIES, DisorderedCompound, made_of
from xsearch.elements import ATOMIC_NUMBERS


def compound(crystal: Crystal, name: str) -> Compound:
    return Compound(name, reduced_formula(crystal.composition), crystal, "cubic")


COMPOUNDS = [compound(perovskite("Sr", "Ti", 3.905), f"book-{k}") for k in range(6)] + [
    compound(rock_salt("Mg", "O", 4.21), f"salt-{k}") for k in range(6)
]


def test_a_second_element_takes_a_fraction_of_the_sites_of_one() -> None:
    made = list(made_of(COMPOUNDS, "mixed"))
    assert len(made) == len(COMPOUNDS)
    for one in made:
        first, second = one.elements
        assert second not in one.parent.elements
        assert FRACTIONS[0] <= one.occupancies[1] <= FRACTIONS[1]
        composition = one.crystal.composition
        before = one.parent.crystal.composition[first]
        assert composition[first] + composition[second] == pytest.approx(before)
        assert composition[second] / before == pytest.approx(one.occupancies[1])
        assert one.end_members[0] == one.parent.formula
        assert second in one.end_members[1]
        assert one.crystal.volume_A3 == pytest.approx(one.parent.crystal.volume_A3, rel=0.4)


def test_one_kind_of_site_is_emptied_if_it_scatters_enough_to_be_seen() -> None:
    for one in made_of(COMPOUNDS, "vacant"):
        crystal = one.crystal
        emptied = crystal.occupancies < 1
        assert OCCUPANCIES[0] <= crystal.occupancies.min() <= OCCUPANCIES[1]
        assert set(np.array(crystal.elements)[emptied]) == set(one.elements)
        electrons = np.array([ATOMIC_NUMBERS[element] for element in crystal.elements])
        assert electrons[emptied].sum() > LEAST_SHARE * electrons.sum()


def test_the_same_compound_is_always_made_disordered_in_the_same_way() -> None:
    def names(made: list[DisorderedCompound]) -> list[tuple[tuple[str, ...], tuple[float, ...]]]:
        return [(one.elements, one.occupancies) for one in made]

    assert names(list(made_of(COMPOUNDS, "mixed"))) == names(list(made_of(COMPOUNDS, "mixed")))


def test_elements_of_nearly_equal_numbers_count_as_alike() -> None:
    (one,) = made_of(COMPOUNDS[:1], "mixed")
    for second, alike in (("Fe", True), ("Sn", False)):
        changed = DisorderedCompound(one.parent, "mixed", ("Mn", second), (0.5, 0.5), one.crystal, ())
        assert changed.alike == alike
