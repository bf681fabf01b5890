"""What a measurement does, one effect at a time."""

from dataclasses import replace

import numpy as np
import pytest

from tests.crystals import rutile
from tests.peaks import plain_pseudo_voigt
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.simulate.conditions import MEAN_STRAIN, Conditions, draw_conditions, draw_many
from xsearch.simulate.measurement import (
    amorphous,
    background,
    beam_tail,
    counted,
    debye_waller,
    directional,
    displaced,
    fluorescent,
    foreign_lines,
    measure,
    widths,
    zero_shifted,
)
from xsearch.simulate.powder import line_positions, simulate_reflections
from xsearch.simulate.reflections import Reflections

IDEAL = Conditions(
    wavelength_A=1.540593,
    alpha2_A=0.0,
    first_deg=10.0,
    last_deg=90.0,
    step_deg=0.01,
    mean_strain=0.0,
    shape_strain=(0.0,) * 6,
    zero_deg=0.0,
    displacement_deg=0.0,
    b_iso_A2=0.0,
    march=1.0,
    axis=(0, 0, 1),
    grain_scatter=0.0,
    instrument_deg=0.1,
    size_A=1e9,
    microstrain=0.0,
    direction=0.0,
    lorentzian=0.5,
    counts=1e6,
    floor=1e-6,
    fluorescence=0.0,
    slope=0.0,
    tail=0.0,
    humps=(),
    tube=(),
    foreign=(),
)


@pytest.fixture(scope="module")
def lines() -> Reflections:
    return simulate_reflections([find_symmetry(rutile())])[0]


def strongest(reflections: Reflections, conditions: Conditions) -> float:
    angles, counts = measure(reflections, conditions, np.random.default_rng(0))
    return float(angles[counts.argmax()])


def test_an_ideal_measurement_is_the_calculated_pattern(lines: Reflections) -> None:
    angles, counts = measure(lines, IDEAL, np.random.default_rng(0))
    where, intensity, _ = line_positions(lines, IDEAL.wavelength_A)
    expected = sum(i * plain_pseudo_voigt(angles - at, 0.1) for at, i in zip(where, intensity, strict=True))
    assert np.corrcoef(counts, expected)[0, 1] > 0.9995


def test_a_larger_cell_scatters_at_smaller_angles(lines: Reflections) -> None:
    wide = strongest(lines, replace(IDEAL, mean_strain=0.01))
    sine = np.sin(np.radians(strongest(lines, IDEAL) / 2)) / np.exp(0.01)
    assert wide == pytest.approx(2 * np.degrees(np.arcsin(sine)), abs=0.02)


def test_zero_and_displacement_move_lines() -> None:
    angles = np.array([20.0, 60.0, 120.0])
    assert zero_shifted(angles, 0.1) == pytest.approx(angles + 0.1)
    moved = displaced(angles, 0.1) - angles
    assert moved == pytest.approx([0.1 * np.cos(np.radians(a / 2)) for a in angles])


def test_thermal_motion_weakens_high_angles() -> None:
    factor = debye_waller(np.array([0.0, 0.1, 0.2]), 1.0)
    assert factor == pytest.approx([1.0, np.exp(-0.2), np.exp(-0.4)])


def test_small_crystals_and_strain_widen_lines() -> None:
    angles = np.array([30.0, 90.0])
    sharp = widths(angles, 1.5406, 0.1, 1e9, 0.0)
    assert sharp == pytest.approx([0.1, 0.1], rel=1e-6)
    small = widths(angles, 1.5406, 0.0, 100.0, 0.0)
    assert small[0] == pytest.approx(np.degrees(0.9 * 1.5406 / (100 * np.cos(np.radians(15)))))
    assert widths(angles, 1.5406, 0.0, 1e9, 0.002)[1] == pytest.approx(np.degrees(0.008))


def test_plates_widen_the_lines_along_their_axis_only() -> None:
    factor = directional(np.array([1.0, 0.0]), 0.6)
    assert factor == pytest.approx([np.exp(0.4), np.exp(-0.2)])
    broad = widths(np.array([40.0, 40.0]), 1.5406, 0.05, 300.0, 0.001, factor)
    assert broad[0] > widths(np.array([40.0]), 1.5406, 0.05, 300.0, 0.001)[0] > broad[1] > 0.05


def test_fluorescence_raises_all_angles_alike(lines: Reflections) -> None:
    net = np.array([0.0, 1.0, 0.5])
    assert fluorescent(net, 0.2) == pytest.approx([0.2, 1.2, 0.7])
    _, without = measure(lines, IDEAL, np.random.default_rng(0))
    _, counts = measure(lines, replace(IDEAL, fluorescence=0.3), np.random.default_rng(0))
    assert np.median(counts - without) == pytest.approx(0.3 * IDEAL.counts, rel=0.02)


def test_kalpha2_is_half_as_strong_on_the_right(lines: Reflections) -> None:
    angles, counts = measure(
        lines, replace(IDEAL, alpha2_A=1.544427, instrument_deg=0.04, first_deg=85), np.random.default_rng(0)
    )
    first = counts.argmax()
    at = 2 * np.degrees(np.arcsin(np.sin(np.radians(angles[first] / 2)) * 1.544427 / 1.540593))
    second = counts[np.abs(angles - at) < 0.03].max()
    assert second / counts[first] == pytest.approx(0.5, abs=0.06)


def test_background_falls_with_the_angle() -> None:
    assert (np.diff(background(np.arange(10, 90, 0.1), 2.0)) < 0).all()


def test_a_hump_has_its_place_width_and_height() -> None:
    angles = np.arange(10, 90, 0.1)
    hump = amorphous(angles, ((22.0, 9.0, 3.0),))
    assert angles[hump.argmax()] == pytest.approx(22.0)
    assert hump.max() == pytest.approx(3.0)
    assert np.ptp(angles[hump > 1.5]) == pytest.approx(9.0, abs=0.2)


def test_the_tail_of_the_beam_falls_from_the_first_angle() -> None:
    tail = beam_tail(np.array([5.0, 10.0, 20.0]), 2.0)
    assert tail == pytest.approx([2.0, 2 / 16, 2 / 256])


def test_a_further_line_of_the_tube_gives_each_line_again(lines: Reflections) -> None:
    beta_A = 1.392250
    _, without = measure(lines, IDEAL, np.random.default_rng(0))
    angles, counts = measure(lines, replace(IDEAL, tube=((beta_A, 0.2),)), np.random.default_rng(0))
    strongest_deg = angles[without.argmax()]
    at = 2 * np.degrees(np.arcsin(np.sin(np.radians(strongest_deg / 2)) * beta_A / IDEAL.wavelength_A))
    nearby = np.abs(angles - at) < 0.05
    assert counts[nearby].max() / without.max() == pytest.approx(
        0.2 * 1.24, rel=0.05
    )  # the Lorentz-polarisation factor
    assert without[nearby].max() < 0.01 * without.max()


def test_counts_scatter_like_their_root() -> None:
    counts = counted(np.full(20_000, 400.0), np.random.default_rng(1))
    assert counts.mean() == pytest.approx(400, rel=0.01)
    assert counts.std() == pytest.approx(20, rel=0.03)


def test_a_foreign_line_has_the_height_that_is_asked_for() -> None:
    net = np.zeros(2001)
    foreign_lines(np.array([[20.0, 0.3]]), 0.1, 0.5, 10.0 + 0.01 * np.arange(2001), net)
    assert net.argmax() == 1000
    assert net.max() == pytest.approx(0.3, rel=0.35)  # a line of this width and area; its shape decides the rest


def test_foreign_lines_stand_where_they_are_put(lines: Reflections) -> None:
    _, without = measure(lines, IDEAL, np.random.default_rng(0))
    angles, counts = measure(lines, replace(IDEAL, foreign=((47.0, 0.2),)), np.random.default_rng(0))
    assert angles[(counts - without).argmax()] == pytest.approx(47.0, abs=0.02)


def test_drawn_measurements_are_usable_and_repeatable(lines: Reflections) -> None:
    for seed in range(40):
        conditions = draw_conditions(np.random.default_rng(seed))
        assert conditions == draw_conditions(np.random.default_rng(seed))
        angles, counts = measure(lines, conditions, np.random.default_rng(seed))
        assert (np.diff(angles) > 0).all()
        assert np.isfinite(counts).all()
        assert counts.max() > 0
        assert 0 < angles[0] < angles[-1] < 180


def test_drawn_ranges_steps_and_tubes_vary() -> None:
    c = draw_many(4000, np.random.default_rng(0))
    copper = c[np.abs(c["wavelength_A"] - 1.5406) < 0.01]
    assert 0.75 < len(copper) / len(c) < 0.95
    assert (copper["alpha2_A"] == 0).any()
    assert copper["last_deg"].min() < 55 < 85 < copper["last_deg"].max()
    assert copper["first_deg"].min() < 5 < 20 < copper["first_deg"].max()
    assert set(np.round(copper["step_deg"], 3)) == {0.01, 0.02, 0.04, 0.06}
    assert np.median(c["mean_strain"]) == pytest.approx(MEAN_STRAIN, abs=0.001)
    assert 0.05 < (c["fluorescence"] > 0).mean() < 0.15
    mo = c[c["wavelength_A"] < 0.75]
    assert np.median(mo["last_deg"]) < 0.6 * np.median(copper["last_deg"])
