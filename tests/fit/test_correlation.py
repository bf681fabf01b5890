"""The compiled match against slow and obvious references."""

from dataclasses import replace

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.chemistry.crystal import cell_parameters, lattice_from_parameters
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.data.simulated_measurements import measured_row
from xsearch.fit.correlation_kernels import convolve, solve_positive
from xsearch.fit.settings import CORRELATION
from xsearch.fit.strain import cell_under, strain_tensor
from xsearch.fit.strain_kernels import line_design
from xsearch.preprocess.axis import MATCH_AXIS, RECALL_AXIS
from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.profile import REFERENCE_WAVELENGTH_A
from xsearch.search import SearchIndex
from xsearch.search.match import match
from xsearch.search.recall import best_rows, recall
from xsearch.search.settings import DEFAULTS
from xsearch.simulate.conditions import conditions_of, ideal
from xsearch.simulate.line_kernels import line_intensities
from xsearch.simulate.polarisation import UNPOLARISED
from xsearch.simulate.powder import spacings
from xsearch.simulate.strain import strain_modes

CELLS = {
    "cubic": (5.0, 5.0, 5.0, 90.0, 90.0, 90.0),
    "hexagonal": (4.0, 4.0, 9.0, 90.0, 90.0, 120.0),
    "tetragonal": (4.0, 4.0, 7.0, 90.0, 90.0, 90.0),
    "orthorhombic": (4.0, 5.0, 7.0, 90.0, 90.0, 90.0),
    "monoclinic": (5.0, 6.0, 7.0, 90.0, 105.0, 90.0),
    "triclinic": (5.0, 6.0, 7.0, 80.0, 95.0, 103.0),
}


@pytest.mark.parametrize("system", CELLS)
def test_strain_moves_lines_as_the_strained_cell_does(system: str) -> None:
    cell = np.array(CELLS[system])
    modes = int(strain_modes(CRYSTAL_SYSTEMS.index(system)))
    rng = np.random.default_rng(0)
    hkl = rng.integers(-4, 5, (40, 3))
    hkl = hkl[np.any(hkl != 0, axis=1)].astype(np.int16)
    ln_q, design = np.empty(len(hkl)), np.zeros((len(hkl), modes + 1))
    line_design(hkl, cell, modes, 1.54, ln_q, design)
    amplitudes = np.zeros(7)
    amplitudes[:modes] = rng.normal(0, 0.004, modes)
    moved = spacings(hkl, np.array(cell_under(cell, amplitudes)))
    assert np.allclose(ln_q, np.log(2 * np.pi / spacings(hkl, cell)))
    assert np.allclose(ln_q - design[:, :modes] @ amplitudes[:modes], np.log(2 * np.pi / moved), atol=2e-4)


@pytest.mark.parametrize("system", CELLS)
def test_strain_keeps_the_crystal_system(system: str) -> None:
    modes = int(strain_modes(CRYSTAL_SYSTEMS.index(system)))
    amplitudes = np.zeros(7)
    amplitudes[:modes] = 0.01 * np.arange(1, modes + 1)
    before, after = np.array(CELLS[system]), np.array(cell_under(np.array(CELLS[system]), amplitudes))
    fixed = {"cubic": [3, 4, 5], "hexagonal": [3, 4, 5], "tetragonal": [3, 4, 5], "orthorhombic": [3, 4, 5]}
    for place in fixed.get(system, [3, 5] if system == "monoclinic" else []):
        assert after[place] == pytest.approx(before[place], abs=1e-6)
    if system in ("cubic", "hexagonal", "tetragonal"):
        assert after[0] == pytest.approx(after[1])


def test_the_zero_shift_moves_lines_by_its_angle() -> None:
    cell = np.array(CELLS["cubic"])
    hkl = np.array([[1, 0, 0], [2, 1, 0], [3, 1, 1]], np.int16)
    ln_q, design = np.empty(3), np.zeros((3, 2))
    line_design(hkl, cell, 1, 1.54, ln_q, design)
    moved = ln_q - design[:, 1] * 0.1
    angles = [2 * np.degrees(np.arcsin(np.exp(x) * 1.54 / (4 * np.pi))) for x in (ln_q, moved)]
    assert np.allclose(angles[1] - angles[0], 0.1, atol=1e-3)


@pytest.mark.parametrize("size_A", [2000.0, 40.0])
def test_correlations_agree_with_a_plain_calculation(prototypes: SearchIndex, size_A: float) -> None:
    index = prototypes.index
    conditions = replace(conditions_of(ideal(1, 0.004)[0]), size_A=size_A)
    pattern = net_pattern(measured_row(index, 30, conditions, np.random.default_rng(0)))
    assert (pattern.breadth_invA > 0) == (size_A < 100)
    rows = np.array([30, 31, 100, 200])
    found = match(index, pattern, rows, threads=1)
    first, last = pattern.window(MATCH_AXIS)
    for place, row in enumerate(rows):
        lines = index.reflections(int(row))
        cell = np.array(cell_under(lines.cell, found.amplitudes[place]))
        ln_q = np.log(2 * np.pi / spacings(lines.hkl, cell))
        sine = np.exp(ln_q) * pattern.wavelength_A / (4 * np.pi)
        ln_q = ln_q + found.zero_shift_deg[place] * np.pi / 180 * 0.5 * np.sqrt(1 - sine**2) / sine
        original = np.log(2 * np.pi / spacings(lines.hkl, lines.cell))
        area = line_intensities(original, lines.structure_factor_sq.astype(float), pattern.wavelength_A, UNPOLARISED)
        for scale, width in enumerate(CORRELATION.scales):
            widths = pattern.calculated_widths(ln_q, width)
            lines_at = np.exp(-0.5 * ((MATCH_AXIS.values()[:, None] - ln_q) / widths) ** 2)
            plain = (area / widths * lines_at).sum(axis=1)[first:last]
            seen = pattern.profile(MATCH_AXIS, width)[first:last]
            a, b = (MATCH_AXIS.compress(x / x.max()) for x in (plain, seen))
            assert found.correlations[place, scale] == pytest.approx(np.corrcoef(a, b)[0, 1], abs=0.02)


def test_recall_agrees_with_a_plain_calculation(prototypes: SearchIndex, measured: Measure) -> None:
    index = prototypes.index
    pattern = net_pattern(measured(10))
    rows = np.arange(0, 60)
    profiles = index.profiles[rows].astype(np.float32)
    found = recall(index, profiles, pattern, rows)
    first, last = pattern.window(RECALL_AXIS)
    unshifted = DEFAULTS.recall.strains[np.abs(DEFAULTS.recall.strains).argmin()]
    assert unshifted == pytest.approx(0)
    seen = pattern.profile(RECALL_AXIS, lp_wavelength_A=REFERENCE_WAVELENGTH_A)[first:last] ** RECALL_AXIS.power
    plain = np.array([np.corrcoef(profile[first:last], seen)[0, 1] for profile in profiles])
    assert found.score[10] == pytest.approx(plain[10], abs=5e-3)
    assert (found.score > plain - 0.05).all()
    assert found.rows[found.score.argmax()] == 10


def test_both_recall_lists_are_kept(prototypes: SearchIndex, measured: Measure) -> None:
    pattern = net_pattern(measured(10))
    rows = np.arange(len(prototypes))
    found = recall(prototypes.index, prototypes.index.profiles.astype(np.float32), pattern, rows)
    bonus = np.zeros(len(rows), np.float32)
    bonus[250:] = 10.0
    kept = best_rows(found, bonus, 20)
    assert found.score.argmax() in kept
    assert (kept >= 250).sum() >= 20


def test_an_identity_strain_leaves_the_cell() -> None:
    for cell in CELLS.values():
        assert np.allclose(cell_under(np.array(cell), np.zeros(7)), cell)
        assert np.allclose(cell_parameters(lattice_from_parameters(*cell)), cell)
    assert np.allclose(strain_tensor(np.zeros(7)), 0)


@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_small_systems_are_solved_as_lapack_does(size: int) -> None:
    random = np.random.default_rng(size)
    half = random.normal(size=(size, size + 2))
    matrix, right = half @ half.T, random.normal(size=size)
    wanted = np.linalg.solve(matrix, right)
    solve_positive(matrix, right)
    assert right == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("reach", [0, 1, 3, 4, 9, 30])
def test_a_symmetric_kernel_is_applied_as_numpy_does(reach: int) -> None:
    random = np.random.default_rng(reach)
    row, half = random.random(100), random.random(reach + 1)
    out = np.empty(100)
    convolve(row, half, out)
    assert out == pytest.approx(np.convolve(row, [*half[:0:-1], *half], mode="same"), rel=1e-12)
