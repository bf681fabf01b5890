"""Free and calculated line intensities: kernels against slow references, and what the misfits tell."""

from dataclasses import replace

import numpy as np
import pytest
import scipy
from numpy.typing import NDArray

from tests.prototypes import Measure
from xsearch.fit.intensity_kernels import fit_intensities, line_products
from xsearch.fit.le_bail import NOTHING_FITS, le_bail
from xsearch.fit.le_bail_kernels import REACH, add_profile, free_areas, position_step, shape_table
from xsearch.fit.pattern_fit import LeBailFit
from xsearch.fit.settings import LE_BAIL
from xsearch.preprocess.powder import NetPattern, net_pattern
from xsearch.search import SearchIndex
from xsearch.search.match import match
from xsearch.simulate.lattice_kernels import reciprocal_metric
from xsearch.simulate.texture import march_dollase, textured

START, STEP, POINTS = 10.0, 0.02, 1500
POSITIONS = np.array([15.0, 20.1, 20.35, 27.0, 33.3])
FWHM = np.array([0.12, 0.15, 0.15, 0.18, 0.2])
AREAS = np.array([0.1, 0.06, 0.15, 0.02, 0.08])

Array = NDArray[np.float64]


def profile(positions: Array = POSITIONS, fwhm: Array = FWHM, areas: Array = AREAS) -> Array:
    out = np.zeros(POINTS)
    add_profile(positions, fwhm, areas, START, STEP, shape_table(), out)
    return out


def slow_profile(position: float, fwhm: float, area: float) -> Array:
    u = (START + STEP * np.arange(POINTS) - position) / fwhm
    inside = np.abs(u) <= REACH
    return np.where(inside, area / fwhm * 0.5 * (np.exp(-4 * np.log(2) * u**2) + 1 / (1 + 4 * u**2)), 0)


def test_a_profile_is_the_sum_of_half_gaussian_half_lorentzian_lines() -> None:
    slow = sum(slow_profile(*line) for line in zip(POSITIONS, FWHM, AREAS, strict=True))
    away = np.abs(START + STEP * np.arange(POINTS)[:, None] - POSITIONS) / FWHM
    uncut = (np.abs(away - REACH) > 0.2).all(axis=1)
    assert np.abs(profile() - slow)[uncut].max() < 2e-4 * np.max(slow)


def test_free_areas_are_those_of_least_squares_where_lines_overlap() -> None:
    counts = profile() + 1e-3 * np.random.default_rng(0).standard_normal(POINTS)
    columns = np.stack([slow_profile(p, w, 1.0) for p, w in zip(POSITIONS, FWHM, strict=True)], axis=1)
    least, _ = scipy.optimize.nnls(columns, counts)
    areas, out = np.full(5, 0.1), np.zeros(POINTS)
    free_areas(POSITIONS, FWHM, areas, counts, LE_BAIL.weight_floor, 60, START, STEP, shape_table(), out)
    assert np.allclose(areas, least, atol=2e-3)
    assert np.allclose(out, profile(areas=areas))


def test_a_step_finds_the_shift_and_the_width_of_lines() -> None:
    shifted, wider = POSITIONS + 0.004, FWHM * np.exp(0.02)
    sums = profile()
    change = position_step(
        POSITIONS, FWHM, AREAS, np.ones((5, 1)), np.zeros(5), profile(shifted, wider), sums, LE_BAIL.weight_floor,
        np.array([0.0, 0.0, 1.0]), np.zeros(3), START, STEP, shape_table(),
    )  # fmt: skip
    assert change[0] == pytest.approx(0.004, rel=0.1)
    assert change[1] == pytest.approx(0.02, rel=0.15)
    assert change[2] == 0


@pytest.mark.parametrize("log_march", [-0.7, 0.0, 0.5])
def test_the_fit_of_intensities_finds_scale_thermal_motion_and_orientation(log_march: float) -> None:
    squares = np.stack([np.linspace(0.9, 0.0, 5), np.array([0.1, 0.8, 0.2, 0.9, 0.5])])[:, :, None]
    falls = np.linspace(-1, 1, 5)
    truth = AREAS * np.exp(0.3 + 0.4 * falls) * march_dollase(squares[1, :, 0], np.exp(log_march))
    counts = profile(areas=truth)
    products = line_products(POSITIONS, FWHM, counts, np.ones(POINTS), START, STEP, shape_table())
    scale, b_iso, found, axis, areas = fit_intensities(
        AREAS, falls, squares, np.array([1, 1]), np.array(LE_BAIL.tried_log_march), *products, 0.0, 0.0, 20, 0.7
    )
    assert (scale, b_iso, found) == pytest.approx((0.3, -0.4, log_march), abs=0.02)
    assert areas == pytest.approx(truth, rel=0.01)
    assert axis == 1 or log_march == 0


def test_products_of_lines_are_those_of_their_drawn_profiles() -> None:
    counts, weights = profile(), np.linspace(1, 2, POINTS)
    drawn = [profile(POSITIONS[k : k + 1], FWHM[k : k + 1], np.ones(1)) for k in range(5)]
    with_pattern, first, products = line_products(POSITIONS, FWHM, counts, weights, START, STEP, shape_table())
    assert with_pattern == pytest.approx([weights @ (line * counts) for line in drawn], rel=0.01)
    for k in range(5):
        for place in range(first[k], first[k + 1]):
            other = drawn[k + place - first[k]]
            assert products[place] == pytest.approx(weights @ (drawn[k] * other), rel=0.02)
    assert first.tolist() == [0, 1, 3, 4, 5, 6]


def fitted(index: SearchIndex, pattern: NetPattern, row: int) -> LeBailFit:
    """The lines of a row where the match puts them."""
    found = match(index.index, pattern, np.array([row]), threads=1)
    return le_bail(index.index.reflections(row), pattern, found.amplitudes[0])


def row_of(index: SearchIndex, formula: str, group: int) -> int:
    where = "reduced_formula = ? and space_group = ?"
    return int(index.index.sql(f"select row_id from catalog where {where}", [formula, group]).fetchall()[0][0])


def test_the_right_crystal_gives_cell_and_intensities(prototypes: SearchIndex, measured: Measure) -> None:
    for row in (20, 60, 110, 160):
        found = fitted(prototypes, net_pattern(measured(row, strain=0.004, zero_deg=0.02)), row)
        assert max(found.cell, found.whole) < 0.1
        assert found.crystal < 0.03


def test_another_crystal_of_the_same_cell_has_the_lines_and_not_the_intensities(
    prototypes: SearchIndex, measured: Measure
) -> None:
    salt, sulphide = row_of(prototypes, "NaCl", 225), row_of(prototypes, "ZnS", 216)
    lengths = [prototypes.index.reflections(row).cell[0] for row in (salt, sulphide)]
    pattern = net_pattern(measured(salt, strain=float(np.log(lengths[1] / lengths[0]))))
    right, wrong = fitted(prototypes, pattern, salt), fitted(prototypes, pattern, sulphide)
    assert wrong.cell < 3 * max(right.cell, 0.03)
    assert wrong.crystal > 10 * right.crystal


def test_a_foreign_line_is_no_fault_of_the_crystal(prototypes: SearchIndex, measured: Measure) -> None:
    row = row_of(prototypes, "NaCl", 225)
    clean = measured(row)
    angles = clean.two_theta_deg
    foreign = clean.intensity + 0.5 * clean.intensity.max() * np.exp(-0.5 * ((angles - 38.6) / 0.06) ** 2)
    before = fitted(prototypes, net_pattern(clean), row)
    after = fitted(prototypes, net_pattern(replace(clean, intensity=foreign)), row)
    assert after.cell > 3 * before.cell
    assert after.crystal < before.crystal + 0.02


@pytest.mark.parametrize("r", [0.45, 1.8])
def test_preferred_orientation_is_found_and_costs_little(
    prototypes: SearchIndex, measured: Measure, monkeypatch: pytest.MonkeyPatch, r: float
) -> None:
    row = row_of(prototypes, "TiO2", 136)
    found = prototypes.index.reflections(row)
    factor = textured(found.hkl, reciprocal_metric(found.cell), found.system, (0, 0, 1), r)
    oriented = replace(found, structure_factor_sq=found.structure_factor_sq * factor)
    with monkeypatch.context() as patch:
        patch.setattr(type(prototypes.index), "reflections", lambda *_: oriented)
        pattern = net_pattern(measured(row))
    fit = fitted(prototypes, pattern, row)
    assert fit.log_march == pytest.approx(np.log(r), abs=0.05)
    assert fit.crystal < 0.03
    assert min(fit.correlations) > 0.95


def test_where_no_line_lies_in_the_pattern_nothing_fits(prototypes: SearchIndex, measured: Measure) -> None:
    row = row_of(prototypes, "NaCl", 225)
    pattern = net_pattern(measured(row))
    inside = (pattern.two_theta_deg > 10) & (pattern.two_theta_deg < 20)
    short = replace(
        pattern,
        **{name: getattr(pattern, name)[inside] for name in ("two_theta_deg", "ln_q", "net", "excess", "background")},
    )
    assert le_bail(prototypes.index.reflections(row), short, np.zeros(7)) == NOTHING_FITS
