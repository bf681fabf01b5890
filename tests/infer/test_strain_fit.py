"""The first and the closer look at substituted crystals."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import cell_parameters, lattice_from_parameters
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import SpectrumError
from xsearch.infer.engine import strained
from xsearch.infer.kernels import deposit, positions
from xsearch.infer.profile import N_BINS, STEP, binned, tap_table
from xsearch.infer.screen import screen
from xsearch.infer.strain_fit import fit_strain, prepare
from xsearch.preprocess.powder import net_pattern
from xsearch.simulate.powder import line_positions, simulate_reflections, spacings
from xsearch.spectra import PowderPattern

WAVELENGTH_A = 1.5406


def pattern_of(crystal, cell=None, zero_shift_deg=0.0):
    reflections = simulate_reflections([find_symmetry(crystal)])[0]
    angles, intensity, _ = line_positions(reflections, WAVELENGTH_A, cell)
    x = np.arange(10.0, 90.0, 0.02)
    y = sum(
        i * np.exp(-4 * np.log(2) * ((x - a - zero_shift_deg) / 0.15) ** 2)
        for a, i in zip(angles, intensity, strict=True)
    )
    return PowderPattern(x, y / y.max() * 1e4 + 50, WAVELENGTH_A)


def bins_of(pattern):
    net = net_pattern(pattern)
    return binned(net.two_theta_deg, net.net, net.wavelength_A)


def test_the_right_crystal_scores_highest_at_its_scale(crystals):
    bins = bins_of(pattern_of(crystals[9]))
    wrong_cell = type(crystals[9])(
        crystals[9].lattice_A * 0.98, crystals[9].frac_coords, crystals[9].elements, crystals[9].occupancies
    )
    score, scale = screen([crystals[9], wrong_cell, crystals[4], crystals[17]], bins, WAVELENGTH_A)
    assert score[0] == score.max()
    assert score[0] > 0.9
    assert abs(scale[0]) <= STEP
    assert scale[1] == pytest.approx(-np.log(0.98), abs=2 * STEP)
    assert score[2:].max() < score[0] - 0.2


@pytest.mark.parametrize("change", [(0.02, -0.015), (-0.01, 0.03), (0.0, 0.0)])
def test_a_strained_tetragonal_cell_is_recovered(crystals, change):
    symmetry = find_symmetry(crystals[14])
    cell = symmetry.cell * np.exp([change[0], change[0], change[1], 0, 0, 0])
    reflections = simulate_reflections([symmetry])[0]
    fit = fit_strain(reflections, prepare(bins_of(pattern_of(crystals[14], cell)), WAVELENGTH_A), 0.0)
    assert fit.cell[0] == pytest.approx(cell[0], rel=3e-3)
    assert fit.cell[2] == pytest.approx(cell[2], rel=5e-3)
    assert fit.cell[3:].tolist() == [90.0, 90.0, 90.0]
    assert fit.correlation[-1] > 0.9
    assert fit.unexplained < 0.1
    assert fit.missing < 0.1


def test_a_zero_shift_is_not_taken_for_strain(crystals):
    symmetry = find_symmetry(crystals[9])
    pattern = pattern_of(crystals[9], zero_shift_deg=0.06)
    fit = fit_strain(simulate_reflections([symmetry])[0], prepare(bins_of(pattern), WAVELENGTH_A), 0.0)
    assert fit.zero_shift_deg == pytest.approx(0.06, abs=0.03)
    assert abs(fit.strain) < 0.002


def test_a_wrong_crystal_leaves_much_unexplained(crystals):
    pattern = prepare(bins_of(pattern_of(crystals[14])), WAVELENGTH_A)
    fit = fit_strain(simulate_reflections([find_symmetry(crystals[0])])[0], pattern, 0.0)
    assert fit.correlation[-1] < 0.6
    assert fit.unexplained > 0.3


def test_compiled_positions_agree_with_plain_spacings():
    hkl = np.array([[1, 0, 0], [0, 2, 1], [1, -1, 3], [2, 2, -1]], float)
    cell = np.array([5.1, 6.2, 7.3, 85.0, 98.0, 105.0])
    log_q, sigma = np.empty(4), np.empty(4)
    assert positions(hkl, np.array([*cell, 0.0, 0.1]), WAVELENGTH_A, 0.004, log_q, sigma)
    assert np.allclose(np.exp(log_q), 2 * np.pi / spacings(hkl, cell))
    assert not positions(hkl, np.array([5, 6, 7, 30.0, 30.0, 170.0, 0.0, 0.1]), WAVELENGTH_A, 0.004, log_q, sigma)


def test_a_deposited_line_keeps_its_area_and_place():
    out = np.zeros(N_BINS, np.float32)
    log_q = np.log(2.0)
    norm = deposit(np.array([log_q]), np.array([9.0]), np.array([0.004]), *tap_table(), 0, N_BINS, out)
    area = (out - out.min()).astype(float) ** 2
    assert area.sum() == pytest.approx(9.0, rel=0.02)
    assert norm == pytest.approx(np.linalg.norm(out), rel=1e-5)
    assert np.average(np.arange(N_BINS), weights=area) == pytest.approx((log_q - np.log(0.35)) / STEP, abs=0.1)


def test_straining_a_primitive_cell_gives_the_conventional_one_asked_for(crystals):
    for crystal in (crystals[0], crystals[14], crystals[17]):
        symmetry = find_symmetry(crystal)
        cell = symmetry.cell.copy()
        cell[:3] *= 1.03
        assert np.allclose(find_symmetry(strained(symmetry, cell)).cell, cell, rtol=1e-4)


def test_a_monoclinic_cell_is_strained_by_its_angle():
    from xsearch.chemistry.crystal import Crystal

    lattice = lattice_from_parameters(5.0, 6.0, 7.0, 90.0, 105.0, 90.0)
    crystal = Crystal.ordered(lattice, np.array([[0, 0, 0], [0.3, 0.5, 0.2], [0.7, 0.5, 0.8]]), ["Ca", "O", "O"])
    symmetry = find_symmetry(crystal)
    cell = symmetry.cell + np.array([0.05, 0.0, -0.02, 0, 0.8, 0])
    changed = find_symmetry(strained(symmetry, cell)).primitive
    assert changed.volume_A3 == pytest.approx(abs(np.linalg.det(lattice_from_parameters(*cell))), rel=1e-6)
    assert len(cell_parameters(changed.lattice_A)) == 6


def test_a_pattern_that_covers_too_little_is_refused():
    with pytest.raises(SpectrumError, match="too little"):
        binned(np.linspace(20, 22, 100), np.ones(100), WAVELENGTH_A)
