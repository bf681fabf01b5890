"""Occupancies as coordinates of a refinement."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.fit.atom_displacements import MovableLines
from xsearch.fit.prepared_pattern import prepare
from xsearch.fit.rietveld import Refined, refine
from xsearch.fit.site_occupancies import LEAST_OCCUPANCY, OccupancyFreedom, exchange, orbits_of, vacancies
from xsearch.fit.strain_fit import fit_strain
from xsearch.simulate.powder import simulate_reflections

ANIONS = [[0.305, 0.305, 0], [0.695, 0.695, 0], [0.195, 0.805, 0.5], [0.805, 0.195, 0.5]]
METALS = [[0, 0, 0], [0.5, 0.5, 0.5]]
CELL_A = np.diag([4.65, 4.65, 3.02])


def solid_solution(fraction: float, first: str = "Ti", second: str = "Sn") -> Crystal:
    """Rutile whose metal sites two elements share."""
    occupancies = [1 - fraction] * 2 + [fraction] * 2 + [1.0] * 4
    elements = [first] * 2 + [second] * 2 + ["O"] * 4
    return Crystal(CELL_A, np.array(METALS * 2 + ANIONS), elements, np.array(occupancies))


def defective(occupancy: float) -> Crystal:
    """Rutile whose metal sites are partly empty."""
    return Crystal(CELL_A, np.array(METALS + ANIONS), ["Sn"] * 2 + ["O"] * 4, np.array([occupancy] * 2 + [1.0] * 4))


def refined(start: Crystal, truth: Crystal, seed: int, freedom) -> Refined:
    symmetry = find_symmetry(start)
    reflections = simulate_reflections([symmetry])[0]
    pattern = prepare(augmented_pattern(truth, seed))
    fit = fit_strain(reflections, pattern.log_q, 0.0)
    return refine(reflections, symmetry, fit, pattern.points, freedom=freedom(symmetry.primitive))


def of_second(crystal: Crystal) -> OccupancyFreedom:
    return exchange(crystal, "Sn", "Ti", 0.3)


@pytest.mark.parametrize(("seed", "fraction"), [(0, 0.25), (0, 0.7), (2, 0.25), (2, 0.7)])
def test_the_fraction_of_a_solid_solution_is_found_within_its_error(seed: int, fraction: float) -> None:
    found = refined(solid_solution(0.5), solid_solution(fraction), seed, of_second)
    assert found.occupancies is not None
    (error,) = found.occupancies.error
    assert 0.5 + found.occupancies.change[0] == pytest.approx(fraction, abs=3 * error)
    assert error < 0.06
    by_element = dict(zip(found.crystal.elements, found.crystal.occupancies, strict=True))
    assert by_element["Sn"] == pytest.approx(0.5 + found.occupancies.change[0])
    assert by_element["Sn"] + by_element["Ti"] == pytest.approx(1.0)
    assert by_element["O"] == 1.0


def test_elements_that_scatter_alike_are_left_uncertain() -> None:
    truth = solid_solution(0.3, "Mn", "Fe")
    alike = refined(solid_solution(0.5, "Mn", "Fe"), truth, 0, lambda one: exchange(one, "Fe", "Mn", 0.3))
    assert alike.occupancies is not None
    assert alike.occupancies.error[0] > 0.2


@pytest.mark.parametrize("seed", [0, 2])
def test_empty_sites_are_found_with_much_evidence_and_full_ones_without(seed: int) -> None:
    def metals(crystal: Crystal) -> OccupancyFreedom:
        return vacancies(crystal, [np.flatnonzero(np.array(crystal.elements) == "Sn")], 0.25)

    gains = []
    for occupancy in (0.7, 1.0):
        symmetry = find_symmetry(defective(1.0))
        reflections = simulate_reflections([symmetry])[0]
        pattern = prepare(augmented_pattern(defective(occupancy), seed))
        fit = fit_strain(reflections, pattern.log_q, 0.0)
        full = refine(reflections, symmetry, fit, pattern.points)
        found = refine(reflections, symmetry, fit, pattern.points, freedom=metals(symmetry.primitive))
        assert found.occupancies is not None
        assert 1 - found.occupancies.change[0] == pytest.approx(occupancy, abs=3 * found.occupancies.error[0])
        gains.append(found.log_evidence - full.log_evidence)
    assert gains[0] > 15 > 3 > gains[1]


def test_slopes_equal_differences_for_atoms_and_occupancies() -> None:
    symmetry = find_symmetry(solid_solution(0.4))
    reflections = simulate_reflections([symmetry])[0]
    square = reflections.structure_factor_sq.astype(np.float64)
    lines = MovableLines(symmetry, reflections.hkl.astype(np.float64), square, 0.07, of_second(symmetry.primitive))
    assert lines.size == 2  # the anions move along one direction
    assert lines.square(np.zeros(2)) == pytest.approx(square, rel=1e-3, abs=1e-3 * square.max())
    at, slopes = np.array([0.3, -0.4]), lines.slopes(np.array([0.3, -0.4]))
    for column in range(2):
        step = np.zeros(2)
        step[column] = 1e-5
        difference = (lines.square(at + step) - lines.square(at - step)) / 2e-5
        assert slopes[:, column] == pytest.approx(difference, rel=1e-4, abs=1e-6 * square.max())


def test_occupancies_stay_between_their_bounds() -> None:
    crystal = find_symmetry(solid_solution(0.4)).primitive
    freedom = of_second(crystal)
    for along in (-100.0, 100.0):
        occupancies = freedom.occupancies(np.array([along]))
        assert occupancies.min() == pytest.approx(LEAST_OCCUPANCY)
        assert occupancies.max() <= 1.0
    emptied = vacancies(crystal, [np.arange(2)], 0.2)
    assert emptied.occupancies(np.array([-5.0]))[:2].max() <= 1.0


def test_orbits_of_a_disordered_crystal_count_a_shared_site_once() -> None:
    crystal = find_symmetry(solid_solution(0.4)).primitive
    orbits = orbits_of(crystal)
    by_orbit = {number: {crystal.elements[k] for k in np.flatnonzero(orbits == number)} for number in set(orbits)}
    assert sorted(map(sorted, by_orbit.values())) == [["O"], ["Sn", "Ti"]]
