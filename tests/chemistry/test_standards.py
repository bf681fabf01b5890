"""Certified standards and metals of holders."""

import pytest

from xsearch.chemistry.standards import HOLDERS, STANDARDS, find_standard
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import QueryError

GROUPS = {"Si": 227, "LaB6": 221, "Al2O3": 167, "CeO2": 225, "ZnO": 186, "Cr2O3": 167, "TiO2": 136, "Y2O3": 206}


@pytest.mark.parametrize("standard", STANDARDS, ids=lambda one: one.name)
def test_a_standard_has_its_space_group_and_cell(standard) -> None:
    symmetry = find_symmetry(standard.crystal, 0.01)
    assert symmetry.number == GROUPS[standard.formula]
    assert symmetry.cell[0] == pytest.approx(standard.a_A, abs=1e-6)
    assert symmetry.cell[2] == pytest.approx(standard.c_A or standard.a_A, abs=1e-6)


def test_a_name_without_a_letter_means_the_newest_lot() -> None:
    assert find_standard("Si640").a_A == pytest.approx(5.431109)
    assert find_standard("lab6_660B").source == "NIST SRM 660b"
    assert find_standard("corundum_676").name == "corundum_676a"


def test_an_unknown_standard_is_refused_with_the_names() -> None:
    with pytest.raises(QueryError, match=r"Si640g.*CeO2_674b"):
        find_standard("quartz")


def test_metals_of_holders_are_cubic() -> None:
    assert {find_symmetry(one.crystal, 0.01).crystal_system for one in HOLDERS} == {"cubic"}
