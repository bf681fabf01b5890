"""Coordination numbers of hypothetical crystals."""

import pytest

from xsearch.infer.coordination import coordination_numbers, first_shells, has_coordination


def test_a_perovskite_has_octahedra_and_a_caesium_chloride_cubes(crystals):
    assert coordination_numbers(crystals[9], "Ti") == [6]
    assert coordination_numbers(crystals[6], "Cs") == [8]


@pytest.mark.parametrize(("numbers", "expected"), [((6,), True), ((4, 6), True), ((4,), False)])
def test_every_site_must_have_a_coordination_number_that_is_allowed(crystals, numbers, expected):
    assert has_coordination(crystals[9], {"Ti": numbers}) is expected
    assert has_coordination(crystals[9], {})


def test_a_first_shell_has_a_mean_distance(crystals):
    perovskite = crystals[9]
    ((number, mean_A),) = first_shells(perovskite, "Ti")
    assert number == 6
    assert mean_A == pytest.approx(perovskite.lattice_A[0, 0] / 2)
