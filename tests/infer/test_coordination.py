"""Coordination numbers of hypothetical crystals."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import Crystal
from xsearch.infer.coordination import commonest_neighbours, coordination_numbers, first_shells, has_coordination


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


def test_the_commonest_neighbour_of_a_site_is_named_and_ties_go_to_the_nearer() -> None:
    def shell(*atoms: tuple[str, float]) -> Crystal:
        """Titanium with atoms along one axis each, at distances in Å, in a wide cell."""
        axes = np.concatenate([np.eye(3), -np.eye(3)])
        positions = [np.zeros(3), *(axes[k] * length / 20 for k, (_, length) in enumerate(atoms))]
        return Crystal.ordered(20 * np.eye(3), np.array(positions), ["Ti", *(element for element, _ in atoms)])

    assert commonest_neighbours(shell(("O", 1.9), ("F", 1.95), ("F", 2.0)), "Ti") == ["F"]
    assert commonest_neighbours(shell(("O", 1.9), ("F", 1.95)), "Ti") == ["O"]
    assert commonest_neighbours(shell(("O", 1.95), ("F", 1.9)), "Ti") == ["F"]
