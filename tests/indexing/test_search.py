"""Cells from line positions."""

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch import report
from xsearch.chemistry.space_groups import (
    CRYSTAL_SYSTEMS,
    CUBIC,
    HEXAGONAL,
    MONOCLINIC,
    ORTHORHOMBIC,
    TETRAGONAL,
    TRICLINIC,
)
from xsearch.indexing import kernels
from xsearch.indexing.lines import Lines, find_lines
from xsearch.indexing.pattern import cells_of
from xsearch.indexing.search import find_cells
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.simulate.powder import spacings
from xsearch.spectra import PowderPattern

WAVELENGTH_A = 1.540593

KNOWN = {
    "cubic": (5.4309, 5.4309, 5.4309, 90, 90, 90),  # silicon
    "hexagonal": (3.2498, 3.2498, 5.2066, 90, 90, 120),  # zincite
    "tetragonal": (4.5937, 4.5937, 2.9587, 90, 90, 90),  # rutile
    "orthorhombic": (5.4047, 7.6400, 5.2610, 90, 90, 90),  # a perovskite
    "monoclinic": (5.1505, 5.2116, 5.3173, 90, 99.23, 90),  # baddeleyite
    "triclinic": (7.12, 7.85, 5.57, 89.9, 101.1, 106.0),  # kyanite
}
"""Cells of minerals by lattice, with all their reflections: no centring or glide leaves any out."""


def lines_of(cell: tuple[float, ...], *, seen: float = 0.8, error_deg: float = 0.01, zero_deg: float = 0.0) -> Lines:
    """The lines of a cell with some missing and small errors."""
    random = np.random.default_rng(3)
    steps = np.arange(-8, 9)
    hkl = np.array(np.meshgrid(steps, steps, steps)).reshape(3, -1).T
    d = spacings(hkl[np.any(hkl != 0, axis=1)].astype(np.int16), np.array(cell, float))
    two_theta = np.unique(np.round(2 * np.degrees(np.arcsin(WAVELENGTH_A / (2 * d[d > 1.2]))), 2))
    two_theta = two_theta[np.insert(np.diff(two_theta) > 0.15, 0, True)]
    two_theta = two_theta[random.random(len(two_theta)) < seen]
    two_theta = np.sort(two_theta + random.normal(zero_deg, error_deg, len(two_theta)))[:20]
    return Lines(two_theta, np.ones(len(two_theta)), 0.035, WAVELENGTH_A)


def volume(cell: tuple[float, ...]) -> float:
    cosines = np.cos(np.radians(cell[3:]))
    return float(np.prod(cell[:3]) * np.sqrt(1 - (cosines**2).sum() + 2 * cosines.prod()))


@pytest.mark.parametrize("lattice", KNOWN)
def test_the_cell_of_a_mineral_is_found_again(lattice: str) -> None:
    best = find_cells(lines_of(KNOWN[lattice], zero_deg=0.02))[0]
    assert (best.lattice, best.centring) == (lattice, "P")
    assert best.volume_A3 == pytest.approx(volume(KNOWN[lattice]), rel=0.005)
    assert best.m_n > 20


@pytest.mark.parametrize("zero_deg", [-0.09, 0.09])
def test_a_large_zero_shift_is_found_with_the_cell(zero_deg: float) -> None:
    best = find_cells(lines_of(KNOWN["orthorhombic"], zero_deg=zero_deg))[0]
    assert best.lattice == "orthorhombic"
    assert best.volume_A3 == pytest.approx(volume(KNOWN["orthorhombic"]), rel=0.005)
    assert best.zero_shift_deg == pytest.approx(zero_deg, abs=0.03)


@pytest.mark.parametrize("lattice", ["tetragonal", "monoclinic"])
def test_the_best_few_are_those_of_the_whole_list(lattice: str) -> None:
    lines = lines_of(KNOWN[lattice], zero_deg=0.02)
    everything, few = find_cells(lines), find_cells(lines, 3)
    assert [cell.volume_A3 for cell in few] == [cell.volume_A3 for cell in everything[:3]]


def test_one_foreign_line_is_left_over() -> None:
    clean = lines_of(KNOWN["tetragonal"])
    two_theta = np.sort(np.append(clean.two_theta_deg, 33.2))
    spoiled = Lines(two_theta, np.ones(len(two_theta)), clean.error_deg, WAVELENGTH_A)
    best = find_cells(spoiled)[0]
    assert best.lattice == "tetragonal"
    assert best.volume_A3 == pytest.approx(volume(KNOWN["tetragonal"]), rel=0.005)
    assert best.unindexed == 1


def test_lines_at_random_have_no_likely_cell_of_high_symmetry() -> None:
    two_theta = np.sort(np.random.default_rng(1).uniform(15, 50, 20))
    found = find_cells(Lines(two_theta, np.ones(20), 0.03, WAVELENGTH_A))
    assert not any(cell.is_likely for cell in found if cell.lattice in ("cubic", "tetragonal", "hexagonal"))


def test_compiled_assignment_agrees_with_every_reflection_tried() -> None:
    cell = KNOWN["triclinic"]
    lines = lines_of(cell)
    steps = np.arange(-7, 8)
    hkl = np.array(np.meshgrid(steps, steps, steps)).reshape(3, -1).T
    hkl = hkl[np.any(hkl != 0, axis=1)]
    a, b, c, al, be, ga = (*cell[:3], *np.radians(cell[3:]))
    metric = np.array(
        [
            [a * a, a * b * np.cos(ga), a * c * np.cos(be)],
            [a * b * np.cos(ga), b * b, b * c * np.cos(al)],
            [a * c * np.cos(be), b * c * np.cos(al), c * c],
        ]
    )
    star = np.linalg.inv(metric)
    form = np.array([star[0, 0], star[1, 1], star[2, 2], 2 * star[1, 2], 2 * star[0, 2], 2 * star[0, 1]])
    assert kernels.volume(form) == pytest.approx(volume(cell))
    q = lines.inverse_d_sq
    all_q = np.einsum("ij,jk,ik->i", hkl, star, hkl)
    expected = np.abs(all_q[None] - q[:, None]).min(axis=1)
    away, found = np.empty(len(q)), np.zeros((len(q), 3), np.int64)
    count = kernels.assign(form, TRICLINIC, 0, q, away, found)
    assert np.abs(away) == pytest.approx(expected, abs=1e-12)
    assert np.einsum("ij,jk,ik->i", found, star, found) == pytest.approx(q + away)
    assert count == (all_q <= q[-1] * 1.0005).sum() / 2
    error = lines.inverse_d_sq_error
    for i in range(len(q)):
        assert kernels.is_explained(form, TRICLINIC, q[i], error[i]) == (expected[i] < error[i])


@pytest.mark.parametrize(
    ("lattice", "form"),
    [
        (CUBIC, (0.0339, 0.0339, 0.0339, 0, 0, 0)),
        (TETRAGONAL, (0.0474, 0.0474, 0.1142, 0, 0, 0)),
        (HEXAGONAL, (0.1262, 0.1262, 0.0369, 0, 0, 0.1262)),
        (ORTHORHOMBIC, (0.0342, 0.0171, 0.0361, 0, 0, 0)),
        (MONOCLINIC, (0.0387, 0.0368, 0.0363, 0, 0.0120, 0)),
    ],
)
def test_the_quick_look_agrees_with_the_full_one(lattice: int, form: tuple[float, ...]) -> None:
    g = np.array(form, float)
    q = np.sort(np.random.default_rng(0).uniform(0.01, 0.6, 200))
    error, away, hkl = 0.002, np.empty(2), np.zeros((2, 3), np.int64)
    explained = 0
    for value in q:
        kernels.assign(g, lattice, 0, np.array([value, 0.8]), away, hkl)
        quick = kernels.is_explained(g, lattice, value, error)
        assert quick == (abs(away[0]) < error)
        explained += quick
    assert 0 < explained < len(q)


@pytest.mark.parametrize("name", ["cubic", "hexagonal", "tetragonal", "orthorhombic", "monoclinic"])
def test_measured_patterns_give_their_cells(prototypes: SearchIndex, measured: Measure, name: str) -> None:
    columns = prototypes.index.columns
    rows = np.flatnonzero(columns.crystal_system == CRYSTAL_SYSTEMS.index(name))
    right = []
    for row in rows[:2].tolist():
        answer = cells_of(measured(row, zero_deg=0.02), top=1)
        size = volume(tuple(columns.cell[row].tolist()))
        right.append(bool(answer.cells) and abs(answer.cells[0].volume_A3 / size - 1) < 0.01)
    assert np.mean(right) >= 0.5


def test_a_cell_is_given_once_and_in_its_usual_setting(prototypes: SearchIndex, measured: Measure) -> None:
    names = [material.reduced_formula for material in prototypes.index.materials(range(len(prototypes.index)))]
    row = names.index("NaCl")
    answer = cells_of(measured(row))
    best = answer.cells[0]
    assert (best.lattice, best.centring) == ("cubic", "F")
    assert best.parameters[0] == pytest.approx(prototypes.index.columns.cell[row, 0], rel=2e-3)
    assert best.is_likely()
    assert answer.verdict == "cell found"
    assert len({(cell.lattice, cell.centring, round(cell.volume_A3)) for cell in answer.cells}) == len(answer.cells)
    written = report.to_dict(answer)["cells"][0]
    assert written["a_A"] == pytest.approx(best.parameters[0], abs=1e-5)
    assert written["likely"]


def test_a_second_wavelengths_lines_are_taken_out() -> None:
    angles = np.arange(20, 140, 0.02)
    at = 2 * np.degrees(np.arcsin(1.540593 / 2 / np.array([3.1, 1.9, 1.1, 0.9])))
    curve = np.zeros(len(angles))
    for wavelength, height in ((1.540593, 2000), (1.544427, 1000)):
        for angle in 2 * np.degrees(np.arcsin(wavelength / 2 / np.array([3.1, 1.9, 1.1, 0.9]))):
            curve += height * np.exp(-0.5 * ((angles - angle) / 0.05) ** 2)
    pattern = PowderPattern(angles, np.random.default_rng(0).poisson(curve + 20).astype(float), 1.540593)
    found = find_lines(net_pattern(pattern))
    assert len(found.two_theta_deg) == 4
    assert found.two_theta_deg[2:] == pytest.approx(at[2:], abs=0.03)


def test_only_cells_that_hold_whole_units_of_a_formula_are_given(measured: Measure) -> None:
    free, told = cells_of(measured(0)), cells_of(measured(0), formula={"Cs": 7, "I": 9})
    assert len(told.cells) < len(free.cells)
    assert sum(one.probability for one in told.cells) <= 1
