"""The evidence of a whole pattern for a cell, and the parts that it is made of."""

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.chemistry.crystal import lattice_from_parameters
from xsearch.chemistry.space_groups import CUBIC, HEXAGONAL, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL, TRICLINIC
from xsearch.indexing import evidence_kernels as kernels
from xsearch.indexing import line_evidence_kernels as line_kernels
from xsearch.indexing.comparison import are_one_lattice, is_multiple, reduced_cell
from xsearch.indexing.derived import form_of, hermite_forms, multiples, parts, settings_of
from xsearch.indexing.evidence import fit_cell
from xsearch.indexing.kernels import CENTRINGS, P, is_allowed, volume
from xsearch.indexing.lines import find_lines
from xsearch.indexing.profile import DrawnLines, free_areas, profile_of
from xsearch.indexing.settings import THOROUGH
from xsearch.indexing.zone_kernels import find_planes, reduced_plane
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.simulate.powder import spacings

CELLS = {
    CUBIC: (5.43, 5.43, 5.43, 90, 90, 90),
    HEXAGONAL: (3.25, 3.25, 5.21, 90, 90, 120),
    TETRAGONAL: (4.59, 4.59, 2.96, 90, 90, 90),
    ORTHORHOMBIC: (5.40, 7.64, 5.26, 90, 90, 90),
    MONOCLINIC: (5.15, 5.21, 5.32, 90, 99.2, 90),
    TRICLINIC: (7.12, 7.85, 5.57, 89.9, 101.1, 106.0),
}


@pytest.mark.parametrize("lattice", CELLS)
@pytest.mark.parametrize("letter", ["P", "C", "I"])
def test_reflections_are_all_that_there_are(lattice: int, letter: str) -> None:
    cell = np.array(CELLS[lattice], float)
    centring, limit = CENTRINGS.index(letter), 0.5
    hkl, q = np.empty((2000, 3), np.int64), np.empty(2000)
    count = kernels.reflections(form_of(lattice_from_parameters(*cell)), lattice, centring, limit, hkl, q)
    steps = np.arange(-9, 10)
    every = np.array(np.meshgrid(steps, steps, steps)).reshape(3, -1).T
    kept = [bool(is_allowed(centring, *one)) and bool(one.any()) for one in every]
    d = spacings(every[kept].astype(np.int16), cell)
    expected = np.unique(np.round(d[d**-2 <= limit] ** -2, 6))
    if letter == "P" or lattice <= ORTHORHOMBIC:
        assert np.unique(np.round(q[:count], 6)) == pytest.approx(expected, abs=2e-6)
    assert kernels.reflections(form_of(lattice_from_parameters(*cell)), lattice, centring, 2.0, hkl[:5], q[:5]) == -1


def test_free_areas_are_those_of_dense_least_squares(prototypes: SearchIndex, measured: Measure) -> None:
    net = net_pattern(measured(0))
    profile = profile_of(net, find_lines(net), THOROUGH.evidence)
    at = np.sort(np.random.default_rng(0).uniform(profile.start_deg + 2, profile.end_deg - 2, 12))
    drawn = DrawnLines.of(profile, at, profile.fwhm_deg(at))
    areas, band = free_areas(profile, drawn, np.zeros(len(at)), 400)
    dense = np.zeros((len(profile.counts), len(at)))
    for k in range(len(at)):
        part = drawn.shapes[drawn.first[k] : drawn.first[k + 1]]
        dense[drawn.low[k] : drawn.low[k] + len(part), k] = part
    from scipy.optimize import nnls

    root = np.sqrt(profile.weights)
    assert areas == pytest.approx(nnls(root[:, None] * dense, root * profile.counts)[0], abs=1e-6)
    normal = dense.T @ (profile.weights[:, None] * dense)
    ridge, pivots = np.full(len(at), 10.0), np.empty(len(at))
    kernels.pivots(band, ridge, pivots)
    assert np.log(pivots).sum() == pytest.approx(np.linalg.slogdet(normal + np.diag(ridge))[1])


def test_a_line_of_unit_area_has_it() -> None:
    for lorentzian in (0.0, 0.5):
        table = kernels.shape_table(lorentzian)
        area = 2 * np.trapezoid(table[:, 0], dx=1 / kernels.TABLE_STEPS)
        assert area == pytest.approx(1.0, abs=0.05)


def test_the_evidence_of_lines_is_what_the_formula_says() -> None:
    q, away = np.array([0.1, 0.2, 0.4]), np.array([1e-4, 0.05, -2e-4])
    sigma, foreign, belongs = np.full(3, 2e-4), np.full(3, 0.1), np.empty(3)
    found = line_kernels.line_evidence(away, q, sigma, foreign, 20, belongs)
    dense = 1.5 * 20 * np.sqrt(q / 0.4) / 0.4
    there = 0.9 * np.exp(-0.5 * (away / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi)) / dense
    assert found == pytest.approx(np.log(0.1 + there).sum())
    assert belongs == pytest.approx(there / (0.1 + there))


@pytest.mark.parametrize("lattice", CELLS)
def test_a_cell_is_refined_to_its_lines(lattice: int) -> None:
    form = form_of(lattice_from_parameters(*CELLS[lattice]))
    hkl, q = np.empty((2000, 3), np.int64), np.empty(2000)
    count = kernels.reflections(form, lattice, P, 0.35, hkl, q)
    lines = np.unique(np.round(q[:count], 7))[:20]
    free = line_kernels.FREE_FORMS[lattice, : line_kernels.FREE_COUNTS[lattice]]
    start, best = form * 1.0002, np.empty(8)
    sigma = np.full(len(lines), 8e-5)
    line_kernels.refine(
        start, lattice, P, free, lines, np.full(len(lines), 0.005), sigma, np.full(len(lines), 0.1), 0.0, 1e-3, 4, best
    )
    assert volume(best[:6]) == pytest.approx(volume(form), rel=1e-4)


def test_planes_are_reduced_and_found() -> None:
    a, c, e = reduced_plane(0.02, 0.026, -0.038)
    assert a <= c
    assert e <= a * (1 + 1e-9)
    assert 4 * a * c - e * e == pytest.approx(4 * 0.02 * 0.026 - 0.038**2)
    grid = [a * h * h + c * k * k + e * h * k for h in range(-5, 6) for k in range(6) if (h, k) != (0, 0)]
    q = np.unique(np.round(grid, 9))
    q = q[q > 0.8 * c][:20]  # the shortest row is not among the lines
    planes = np.zeros((10, 3))
    count = find_planes(q, np.full(len(q), 2e-5), planes)
    assert any(np.allclose(plane, (a, c, e), rtol=1e-3) for plane in planes[:count])


def test_multiples_and_parts_of_a_lattice_have_their_volumes_and_are_told() -> None:
    assert [len(hermite_forms(index)) for index in (1, 2, 3, 4)] == [1, 7, 13, 35]
    lattice = lattice_from_parameters(*CELLS[TRICLINIC])
    cell = reduced_cell(np.array(CELLS[TRICLINIC], float))
    for one in multiples(lattice, 2):
        assert abs(np.linalg.det(one)) == pytest.approx(2 * np.linalg.det(lattice))
        a, b, c = (np.linalg.norm(v) for v in one)
        angles = np.degrees(np.arccos([one[1] @ one[2] / b / c, one[0] @ one[2] / a / c, one[0] @ one[1] / a / b]))
        assert is_multiple(reduced_cell(np.array([a, b, c, *angles])), cell, 2, 0.001, 0.1)
    assert {round(float(np.linalg.det(lattice) / abs(np.linalg.det(one)))) for one in parts(lattice, 3)} == {3}


def test_lattices_are_the_same_whatever_their_axes() -> None:
    centred = reduced_cell(np.array([5.0, 7.0, 6.0, 90, 104, 90]), "C")
    other = reduced_cell(np.array([5.02, 6.98, 6.01, 90, 104.3, 90]), "C")
    assert are_one_lattice(centred, other, 0.01, 1.0)
    assert not are_one_lattice(centred, other, 0.001, 1.0)
    assert not are_one_lattice(centred, reduced_cell(np.array([5.0, 7.0, 6.0, 90, 104, 90])), 0.01, 1.0)


@pytest.mark.parametrize(("letter", "lattice"), [("F", CUBIC), ("R", HEXAGONAL), ("I", TETRAGONAL), ("C", MONOCLINIC)])
def test_the_symmetry_of_a_lattice_is_seen_through_errors(letter: str, lattice: int) -> None:
    exact = reduced_cell(np.array(CELLS[lattice], float), letter)
    spoiled = exact * (1 + 0.001 * np.random.default_rng(1).standard_normal(6))
    found = settings_of(lattice_from_parameters(*spoiled), (0.02,))
    assert (found[0][1], CENTRINGS[found[0][2]]) == (lattice, letter)


def test_the_right_cell_has_more_evidence_than_its_multiples_and_parts(
    prototypes: SearchIndex, measured: Measure
) -> None:
    names = [material.reduced_formula for material in prototypes.index.materials(range(len(prototypes.index)))]
    row = names.index("NaCl")
    net = net_pattern(measured(row))
    profile = profile_of(net, find_lines(net), THOROUGH.evidence)
    edge = float(prototypes.index.columns.cell[row, 0])
    scored = {}
    for factor in (0.5, 1.0, 2.0):
        form = np.array([1, 1, 1, 0, 0, 0]) / (factor * edge) ** 2
        free = line_kernels.FREE_FORMS[CUBIC, :1]
        fit = fit_cell(profile, form, CUBIC, CENTRINGS.index("F"), free, 0.0, THOROUGH.evidence)
        if fit is not None:
            squares, occam, _, foreign, _, _ = fit.parts(1.0, 0.0)
            scored[factor] = squares + occam + 5 * foreign
    assert max(scored, key=lambda factor: scored[factor]) == 1.0
