"""How many formula units a cell holds."""

import pytest

from xsearch.chemistry.formula_units import log_units


@pytest.mark.parametrize(
    ("formula", "volume_A3", "points", "units"),
    [  # cells of textbooks
        ({"Ti": 1, "O": 2}, 62.4, 1, 2),
        ({"Na": 1, "Cl": 1}, 179.4, 4, 4),
        ({"Sr": 1, "Ti": 1, "O": 3}, 59.5, 1, 1),
        ({"Ca": 1, "F": 2}, 163.0, 4, 4),
        ({"Al": 2, "O": 3}, 254.8, 3, 6),
    ],
)
def test_the_likeliest_number_is_that_of_the_textbook(formula, volume_A3, points, units) -> None:
    found = log_units(volume_A3, points, formula)
    assert max(found, key=lambda one: found[one]) == units
    assert all(one % points == 0 and odds <= 0 for one, odds in found.items())


def test_a_cell_that_is_too_small_holds_none() -> None:
    assert log_units(5.0, 1, {"Ti": 1, "O": 2}) == {}
    # three fourths of a unit at each point of a face-centred lattice
    assert log_units(179.4 * 0.4, 4, {"Na": 1, "Cl": 1}) == {}
