"""The compiled search, against plain sums."""

import numpy as np
import pytest

from xsearch.chemistry.wyckoff import space_group_positions
from xsearch.solve import kernels
from xsearch.solve.arrangements import Arrangement
from xsearch.solve.groups import groups_in
from xsearch.solve.observed import ObservedLines
from xsearch.solve.problem import AROUND, Frame, Problem
from xsearch.solve.settings import SOLVE

Cells = list[tuple[ObservedLines, float]]


@pytest.fixture(scope="module")
def rutile_problem(cells: Cells) -> Problem:
    where = next(one for one in groups_in(cells, SOLVE.groups) if one.group.number == 136)
    letters = [position.letter for position in space_group_positions(136).positions]
    placements = ((letters.index("a"),), (letters.index("f"),))
    return Problem(Frame(where), Arrangement(where, ("Ti", "O"), placements, 2, 0.0))


def test_structure_factors_are_plain_sums() -> None:
    rng = np.random.default_rng(3)
    hkl, atoms, form = rng.integers(-5, 6, (40, 3)).astype(float), rng.random((6, 3)), rng.random(40)
    found = np.zeros((40, 2))
    kernels.structure_factors(hkl, form, atoms, 6, kernels.WAVES, found)
    plain = form * np.exp(2j * np.pi * hkl @ atoms.T).sum(axis=1)
    assert found[:, 0] + 1j * found[:, 1] == pytest.approx(plain, abs=0.02)


def test_the_share_left_is_that_of_the_observed_lines(cells: Cells) -> None:
    lines, _ = cells[0]
    n = len(lines)
    factors = np.random.default_rng(4).normal(size=(n, 2))
    multiplicity, place = np.full(n, 4.0), np.arange(n)
    share = kernels.share_left(
        factors, multiplicity, place, lines.factor, lines.band, lines.right, lines.total, lines.least, np.zeros(n)
    )
    squares = lines.squares(4 * (factors**2).sum(axis=1) * lines.factor)
    assert share == pytest.approx((squares - lines.least) / (lines.total - lines.least))


def test_atoms_that_stand_too_close_count_by_their_distance() -> None:
    lattice, origin = np.diag([5.0, 5.0, 5.0]), np.zeros((1, 3))
    near = np.array([[0.9, 0.0, 0.0]])  # 0.5 Å away, over the border of the cell
    assert kernels.closeness(near[0], origin, 1, origin, lattice, AROUND, 1.0) == pytest.approx(0.25)
    assert kernels.closeness(near[0], origin, 1, origin, lattice, AROUND, 0.4) == 0
    # the atom itself does not count, its image in the next cell does
    assert kernels.closeness(origin[0], origin, 1, origin, lattice, AROUND, 6.0) == pytest.approx(6 * (1 - 5 / 6) ** 2)


def test_the_search_finds_the_oxygen_of_rutile(rutile_problem: Problem) -> None:
    left, crowding, at = rutile_problem.run(0, 400, SOLVE.search)
    assert left < 0.02
    assert crowding < 1e-3
    x = at[1, 0] % 1
    assert min(abs(x - u) for u in (0.305, 0.695, 0.195, 0.805)) < 0.01


def test_one_seed_gives_one_answer_and_a_start_is_taken(rutile_problem: Problem) -> None:
    one, other = (rutile_problem.run(5, 200, SOLVE.search) for _ in range(2))
    assert one[0] == other[0]
    start = np.array([[0.0, 0, 0], [0.305, 0, 0]])
    left, _, at = rutile_problem.run(1, 0, SOLVE.search, start)
    assert left < 0.02
    assert np.array_equal(at, start)


def test_the_crystal_of_coordinates_has_all_its_atoms(rutile_problem: Problem) -> None:
    crystal = rutile_problem.crystal(np.array([[0.0, 0, 0], [0.305, 0, 0]]))
    assert crystal.composition == {"Ti": 2, "O": 4}
    assert crystal.volume_A3 == pytest.approx(62.4, rel=0.01)
