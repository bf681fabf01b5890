"""Screening and strain fit of substituted crystals."""

import numpy as np
import pytest
from scipy.optimize import minimize

from xsearch.chemistry.crystal import Crystal, cell_parameters, lattice_from_parameters
from xsearch.chemistry.space_groups import TETRAGONAL, TRICLINIC
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import SpectrumError
from xsearch.fit.log_q_pattern import N_BINS, STEP, binned, tap_table
from xsearch.fit.prepared_pattern import prepare
from xsearch.fit.settings import LOG_Q, STRAIN_FIT
from xsearch.fit.strain import strained
from xsearch.fit.strain_descent_kernels import descend, loss
from xsearch.fit.strain_fit import _state, cell_directions, fit_strain
from xsearch.fit.strain_fit_kernels import correlate, deposit, positions
from xsearch.infer.screening import screen
from xsearch.simulate.powder import line_positions, simulate_reflections, spacings
from xsearch.spectra import PowderPattern

WAVELENGTH_A = 1.5406


def pattern_of(crystal, cell=None, zero_shift_deg=0.0, hump=0.0):
    reflections = simulate_reflections([find_symmetry(crystal)])[0]
    angles, intensity, _ = line_positions(reflections, WAVELENGTH_A, cell)
    x = np.arange(10.0, 90.0, 0.02)
    y = sum(
        i * np.exp(-4 * np.log(2) * ((x - a - zero_shift_deg) / 0.15) ** 2)
        for a, i in zip(angles, intensity, strict=True)
    )
    glass = hump * np.exp(-0.5 * ((x - 30) / 6) ** 2)
    return PowderPattern(x, (y / y.max() + glass) * 1e4 + 50, WAVELENGTH_A)


def test_the_right_crystal_scores_highest_at_its_scale(crystals):
    target = prepare(pattern_of(crystals[9])).log_q
    wrong_cell = type(crystals[9])(
        crystals[9].lattice_A * 0.98, crystals[9].frac_coords, crystals[9].elements, crystals[9].occupancies
    )
    score, scale = screen([crystals[9], wrong_cell, crystals[4], crystals[17]], target)
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
    fit = fit_strain(reflections, prepare(pattern_of(crystals[14], cell)).log_q, 0.0)
    assert fit.cell[0] == pytest.approx(cell[0], rel=3e-3)
    assert fit.cell[2] == pytest.approx(cell[2], rel=5e-3)
    assert fit.cell[3:].tolist() == [90.0, 90.0, 90.0]
    assert fit.correlation[-1] > 0.9
    assert fit.unexplained < 0.1
    assert fit.missing < 0.1


def test_a_zero_shift_is_not_taken_for_strain(crystals):
    symmetry = find_symmetry(crystals[9])
    pattern = pattern_of(crystals[9], zero_shift_deg=0.06)
    fit = fit_strain(simulate_reflections([symmetry])[0], prepare(pattern).log_q, 0.0)
    assert fit.zero_shift_deg == pytest.approx(0.06, abs=0.03)
    assert abs(fit.strain) < 0.002


def test_a_wrong_crystal_leaves_much_unexplained(crystals):
    pattern = prepare(pattern_of(crystals[14])).log_q
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
    out = np.zeros(N_BINS)
    log_q = np.log(2.0)
    deposit(np.array([log_q]), np.array([9.0]), np.array([0.004]), *tap_table(), 0, N_BINS, out)
    assert out.sum() == pytest.approx(9.0, rel=1e-6)
    assert np.average(np.arange(N_BINS), weights=out) == pytest.approx((log_q - np.log(0.35)) / STEP, abs=0.1)


def test_slopes_of_the_correlation_agree_with_differences():
    lattice = lattice_from_parameters(5.1, 6.2, 7.3, 85.0, 98.0, 105.0)
    crystal = Crystal.ordered(lattice, np.array([[0, 0, 0], [0.3, 0.45, 0.2], [0.61, 0.8, 0.75]]), ["Ca", "O", "Cl"])
    reflections = simulate_reflections([find_symmetry(crystal)])[0]
    target = prepare(pattern_of(crystal)).log_q
    hkl, d_A = reflections.hkl.astype(float), spacings(reflections.hkl, reflections.cell)
    directions = cell_directions(TRICLINIC)
    log_q, sigma, out, slopes = np.empty(len(hkl)), np.empty(len(hkl)), np.zeros(N_BINS), np.empty(len(directions) + 2)
    away = np.array([0.2, -0.4, 0.3, 0.2, 0.2, -0.2, 0.4, 0.8, 0.5])

    def correlation(x):
        change = x[:-2] @ directions
        state = np.array([*reflections.cell, STRAIN_FIT.zero_sigma_deg * x[-2], 0.2])
        state[:3] *= np.exp(change[:3])
        state[3:6] += change[3:]
        intensity = reflections.structure_factor_sq * np.exp(-x[-1] / 2 / d_A**2)
        return correlate(
            hkl, intensity, state, directions, target.rows[0], *tap_table(), target.low, target.high, target.total,
            target.cuts[0], LOG_Q.smoothings[0], WAVELENGTH_A, STRAIN_FIT.zero_sigma_deg, log_q, sigma, out, slopes,
        )  # fmt: skip

    correlation(away)
    analytic = slopes.copy()
    for i, slope in enumerate(analytic):
        step = 0.02 * np.eye(len(away))[i]
        difference = (correlation(away + step) - correlation(away - step)) / 0.04
        # lines that enter at the edges and change their width with the angle are left out of the slopes
        assert slope == pytest.approx(difference, rel=0.1, abs=0.012)


def test_a_sheared_triclinic_cell_is_recovered():
    lattice = lattice_from_parameters(5.1, 6.2, 7.3, 85.0, 98.0, 105.0)
    crystal = Crystal.ordered(lattice, np.array([[0, 0, 0], [0.3, 0.45, 0.2], [0.61, 0.8, 0.75]]), ["Ca", "O", "Cl"])
    symmetry = find_symmetry(crystal)
    cell = symmetry.cell * np.exp([0.01, -0.012, 0.015, 0, 0, 0]) + np.array([0, 0, 0, 1.2, -0.9, 0.8])
    fit = fit_strain(simulate_reflections([symmetry])[0], prepare(pattern_of(crystal, cell)).log_q, 0.0)
    assert np.allclose(fit.cell[:3], cell[:3], rtol=4e-3)
    assert np.allclose(fit.cell[3:], cell[3:], atol=0.3)


def test_a_broad_hump_does_not_spoil_the_fit(crystals):
    symmetry = find_symmetry(crystals[14])
    fit = fit_strain(simulate_reflections([symmetry])[0], prepare(pattern_of(crystals[14], hump=0.05)).log_q, 0.0)
    assert fit.correlation[2] > 0.9
    assert np.allclose(fit.cell, symmetry.cell, rtol=2e-3)


def test_straining_a_primitive_cell_gives_the_requested_conventional_one(crystals):
    for crystal in (crystals[0], crystals[14], crystals[17]):
        symmetry = find_symmetry(crystal)
        cell = symmetry.cell.copy()
        cell[:3] *= 1.03
        assert np.allclose(find_symmetry(strained(symmetry, cell)).cell, cell, rtol=1e-4)


def test_a_monoclinic_cell_is_strained_by_its_angle():
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


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_farthest_changes_still_give_a_pattern(crystals, sign):
    symmetry = find_symmetry(crystals[14])
    reflections, target = simulate_reflections([symmetry])[0], prepare(pattern_of(crystals[14])).log_q
    directions = cell_directions(TETRAGONAL)
    farthest = np.full(len(directions) + 2, sign * STRAIN_FIT.farthest)
    state = _state(np.array([*symmetry.cell, 0.0, 0.1]), directions, farthest)
    # the motion of the atoms makes weak lines strong where it is taken to be far below none
    s_sq = 0.25 / spacings(reflections.hkl, symmetry.cell) ** 2
    strength = reflections.structure_factor_sq * np.exp(-2 * STRAIN_FIT.b_sigma_A2 * farthest[-1] * s_sq)
    taps, reaches = tap_table()
    log_q, sigma, out = np.empty(len(strength)), np.empty(len(strength)), np.zeros(N_BINS)
    slopes = np.empty(len(farthest))
    r = correlate(
        reflections.hkl.astype(float), strength, state, directions, target.rows[0], taps, reaches, target.low,
        target.high, target.total, target.cuts[0], LOG_Q.smoothings[0], WAVELENGTH_A,
        STRAIN_FIT.zero_sigma_deg, log_q, sigma, out, slopes,
    )  # fmt: skip
    assert -1 <= r <= 1
    assert np.isfinite(slopes).all()


@pytest.mark.parametrize("place", [4, 9, 14])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_descent_ends_as_low_as_that_of_scipy(crystals, place, seed):
    symmetry = find_symmetry(crystals[place])
    reflections = simulate_reflections([symmetry])[0]
    target = prepare(pattern_of(crystals[place], zero_shift_deg=0.03)).log_q
    directions = cell_directions(reflections.system)
    d_A = spacings(reflections.hkl, reflections.cell)
    start = np.random.default_rng(seed).normal(size=len(directions) + 2) * 0.3
    taps, reaches = tap_table()
    problem = (
        reflections.hkl.astype(float), reflections.structure_factor_sq.astype(float), 0.25 / d_A**2,
        np.array([*reflections.cell, 0.0, target.fwhm_deg]), directions, target.rows[1], taps, reaches, target.low,
        target.high, target.total, target.cuts[1], target.settings.smoothings[1], target.wavelength_A,
        STRAIN_FIT.zero_sigma_deg, STRAIN_FIT.b_sigma_A2,
    )  # fmt: skip
    weights = STRAIN_FIT.misfit_weight, STRAIN_FIT.least_misfit

    def plain(x):
        slopes = np.empty(len(x))
        value = loss(x, problem, *weights, slopes)
        return value, slopes

    slow = minimize(plain, start, jac=True, method="L-BFGS-B", bounds=[(-12, 12)] * len(start))
    found = descend(start, problem, *weights, 12.0, 60, 12, 1e-9, 1e-4)
    assert plain(found)[0] <= slow.fun + 0.02 * abs(slow.fun)
    assert np.abs(found).max() <= 12
