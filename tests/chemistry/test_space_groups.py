"""Space group symbols."""

import pytest
from pymatgen.symmetry.groups import sg_symbol_from_int_number

from xsearch.chemistry.space_groups import space_group_symbol


def test_symbols_agree_with_pymatgen() -> None:
    for number in (*range(1, 3), *range(16, 231)):
        assert space_group_symbol(number) == sg_symbol_from_int_number(number, hexagonal=False)


def test_monoclinic_symbols_are_the_short_ones() -> None:
    assert [space_group_symbol(number) for number in (4, 5, 14, 15)] == ["P2_1", "C2", "P2_1/c", "C2/c"]


@pytest.mark.parametrize("number", [0, 231, -5])
def test_numbers_that_do_not_exist_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        space_group_symbol(number)
