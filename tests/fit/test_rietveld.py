"""The last look: refinement against the points of a pattern."""

import numpy as np
import pytest

from tests.peaks import plain_pseudo_voigt
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.fit.prepared_pattern import prepare
from xsearch.fit.rietveld import refine
from xsearch.fit.rietveld_kernels import draw, draw_changes, draw_slopes
from xsearch.fit.strain_fit import fit_strain
from xsearch.simulate.powder import simulate_reflections
from xsearch.spectra import PowderPattern


def rutile(metal: str, x: float = 0.305) -> Crystal:
    positions = [
        [0, 0, 0],
        [0.5, 0.5, 0.5],
        [x, x, 0],
        [1 - x, 1 - x, 0],
        [0.5 - x, 0.5 + x, 0.5],
        [0.5 + x, 0.5 - x, 0.5],
    ]
    return Crystal.ordered(np.diag([4.59, 4.59, 2.96]), positions, [metal, metal, "O", "O", "O", "O"])


def looked_at(crystal: Crystal, pattern: PowderPattern):
    symmetry = find_symmetry(crystal)
    reflections = simulate_reflections([symmetry])[0]
    return refine(reflections, symmetry, fit_strain(reflections, prepare(pattern).log_q, 0.0), prepare(pattern).points)


@pytest.mark.parametrize("seed", [1, 5, 9])
def test_the_right_crystal_explains_a_disturbed_pattern_to_within_its_errors(seed):
    refined = looked_at(rutile("Ti"), augmented_pattern(rutile("Ti"), seed))
    assert refined.misfit < 3
    assert refined.moved_A < 0.1


@pytest.mark.parametrize("seed", [1, 5, 9])
def test_the_right_crystal_has_more_evidence_than_one_of_another_element(seed):
    pattern = augmented_pattern(rutile("Ti"), seed)
    right, wrong = looked_at(rutile("Ti"), pattern), looked_at(rutile("Pb"), pattern)
    assert right.log_evidence > wrong.log_evidence + 10


def test_atoms_that_stand_a_little_off_are_moved_to_where_they_belong():
    pattern = augmented_pattern(rutile("Ti", 0.305), 5)
    off = looked_at(rutile("Ti", 0.285), pattern)
    # four oxygen atoms of six, 0.02 · 4.59 √2 Å away
    assert off.moved_A == pytest.approx(0.02 * 4.59 * np.sqrt(2) * np.sqrt(4 / 6), abs=0.03)
    assert off.misfit < 1.5


def test_atoms_far_off_are_moved_as_far_though_most_templates_are_close():
    pattern = augmented_pattern(rutile("Ti", 0.305), 5)
    off = looked_at(rutile("Ti", 0.255), pattern)
    # 0.32 Å for each oxygen, more than four times the typical displacement
    assert off.moved_A == pytest.approx(0.05 * 4.59 * np.sqrt(2) * np.sqrt(4 / 6), abs=0.03)
    assert off.misfit < 1.5


def test_the_refined_crystal_is_the_one_that_was_measured():
    truth = rutile("Ti", 0.305)
    off = looked_at(rutile("Ti", 0.285), augmented_pattern(truth, 5))
    oxygen = [k for k, element in enumerate(off.crystal.elements) if element == "O"]
    x = np.abs(off.crystal.frac_coords[oxygen] - np.round(off.crystal.frac_coords[oxygen]))[:, :2].min()
    assert min(x, 0.5 - x) == pytest.approx(0.5 - 0.305, abs=0.006)
    assert find_symmetry(off.crystal, 0.01).number == 136
    assert find_symmetry(off.crystal, 0.01).cell == pytest.approx(off.cell, rel=1e-3)


def test_a_crystal_without_a_line_in_the_pattern_is_distinguished_from_one_that_explains_it():
    pattern = augmented_pattern(rutile("Ti"), 5)
    symmetry = find_symmetry(rutile("Ti"))
    reflections = simulate_reflections([symmetry])[0]
    fit = fit_strain(reflections, prepare(pattern).log_q, 0.0)
    none = simulate_reflections([symmetry], d_min_A=3.0)[0]
    part = np.flatnonzero(none.hkl[:, 0] > 99)
    empty = type(none)(none.hkl[part], none.structure_factor_sq[part], none.multiplicity[part], none.cell, "tetragonal")
    counts = prepare(pattern).points
    without = refine(empty, symmetry, fit, counts)
    assert without.log_evidence < refine(reflections, symmetry, fit, counts).log_evidence - 20
    assert without.moved_A == 0.0


def test_drawn_lines_are_pseudo_voigts():
    out, squares = np.empty(400), np.empty(400)
    draw(np.array([12.0]), np.array([3.0]), np.array([0.2]), 0.5, 10.0, 0.01, out, squares)
    slow = 3.0 * plain_pseudo_voigt(10.0 + 0.01 * np.arange(400) - 12.0, 0.2)
    near = np.abs(10.0 + 0.01 * np.arange(400) - 12.0) < 1.1
    assert out[near] == pytest.approx(slow[near], rel=1e-3)
    assert squares[near] == pytest.approx(slow[near] ** 2, rel=1e-3)


def test_slopes_are_drawn_as_the_lines_are():
    angles, widths = np.array([11.0, 12.0]), np.array([0.2, 0.3])
    areas = np.array([[1.0, -2.0], [0.5, 3.0]])
    many = draw_slopes(angles, areas, widths, 0.4, 10.0, 0.01, 400)
    for column in range(2):
        out, squares = np.empty(400), np.empty(400)
        draw(angles, areas[:, column], widths, 0.4, 10.0, 0.01, out, squares)
        assert many[:, column] == pytest.approx(out, abs=1e-12)


def test_changes_are_drawn_as_differences_of_drawn_patterns():
    rng = np.random.default_rng(3)
    lines = {"angle": np.array([11.0, 12.1]), "area": np.array([2.0, 5.0]), "width": np.array([0.2, 0.3])}
    slopes = {name: rng.normal(size=(2, 3)) * scale for name, scale in (("angle", 0.02), ("area", 1), ("width", 0.05))}
    by_share, share = np.array([0.2, -0.1, 0.0]), 0.4

    def drawn(step, column):
        out, squares = np.empty(400), np.empty(400)
        angle, area, width = (lines[name] + step * slopes[name][:, column] for name in ("angle", "area", "width"))
        draw(angle, area, width, share + step * by_share[column], 10.0, 0.01, out, squares)
        return out

    changes = draw_changes(
        lines["angle"], lines["area"], lines["width"], share, slopes["angle"], slopes["width"], by_share,
        slopes["area"], 10.0, 0.01, 400,
    )  # fmt: skip
    for column in range(3):
        slow = (drawn(1e-4, column) - drawn(-1e-4, column)) / 2e-4
        off = np.abs(changes[:, column] - slow)
        # at the four ends of the lines, differences see a point come or go
        assert np.sort(off)[:-4].max() < 2e-3 * np.abs(changes[:, column]).max()
