"""Background, noise and line width of measured patterns."""

import numpy as np
import pytest

from tests.crystals import perovskite
from xsearch.errors import SpectrumError
from xsearch.preprocess.axis import RECALL_AXIS, LogQAxis
from xsearch.preprocess.kernels import broaden
from xsearch.preprocess.powder import NET_PATTERN, background_under, net_pattern
from xsearch.spectra import PowderPattern

ANGLES = np.arange(10, 80, 0.02)


def pattern(*, background: float = 200.0, noise: float = 0.0, fwhm: float = 0.15, scale: float = 1.0) -> PowderPattern:
    counts = background * np.exp(-ANGLES / 40) + 50
    for centre, height in ((20.0, 1000.0), (31.0, 400.0), (55.5, 150.0)):
        counts = counts + height * np.exp(-4 * np.log(2) * ((ANGLES - centre) / fwhm) ** 2)
    counts = counts + np.random.default_rng(0).normal(0, 1, len(ANGLES)) * noise
    return PowderPattern(ANGLES, counts * scale, 1.5406, source="made")


def test_the_background_goes_and_the_lines_stay() -> None:
    net = net_pattern(pattern())
    away = np.all([np.abs(net.two_theta_deg - centre) > 1 for centre in (20, 31, 55.5)], axis=0)
    assert net.net[away].max() < 0.01
    assert net.net[np.abs(net.two_theta_deg - 31).argmin()] == pytest.approx(0.4, abs=0.03)


def test_the_unit_of_the_intensity_does_not_matter() -> None:
    assert np.allclose(net_pattern(pattern(noise=3)).net, net_pattern(pattern(noise=3, scale=1e-4)).net, atol=1e-9)


@pytest.mark.parametrize("fwhm", [0.1, 0.3, 0.6])
def test_the_width_of_the_lines_is_found(fwhm: float) -> None:
    assert net_pattern(pattern(fwhm=fwhm)).fwhm_deg == pytest.approx(fwhm, abs=0.08)


def test_noise_leaves_nothing_behind() -> None:
    net = net_pattern(pattern(noise=5))
    away = np.all([np.abs(net.two_theta_deg - centre) > 1 for centre in (20, 31, 55.5)], axis=0)
    averaged = 1 / np.sqrt(2 * np.sqrt(np.pi) * NET_PATTERN.smoothing_steps)
    # 5 counts of 1000, and the average lowers the highest line
    assert np.median(net.noise) == pytest.approx(averaged * 5 / 900, rel=0.25)
    assert net.net[away].max() == 0
    assert np.std(net.excess[away]) == pytest.approx(float(np.median(net.noise)), rel=0.25)


def test_a_range_without_a_line_is_refused() -> None:
    flat = PowderPattern(ANGLES, 100 + np.random.default_rng(1).normal(0, 10, len(ANGLES)), 1.54, source="empty.xy")
    with pytest.raises(SpectrumError, match=r"empty\.xy: no line stands out of the noise"):
        net_pattern(flat)


def test_constant_counts_are_refused() -> None:
    with pytest.raises(SpectrumError, match="same everywhere"):
        net_pattern(PowderPattern(ANGLES, np.full(len(ANGLES), 7.0), 1.54))


def test_a_range_too_short_is_refused() -> None:
    with pytest.raises(SpectrumError, match="2° are needed"):
        net_pattern(PowderPattern(np.linspace(20, 21, 60), np.arange(60.0), 1.54))


def test_broadening_agrees_with_the_plain_sum() -> None:
    axis = LogQAxis(step=0.004, width=0.01)
    centres, heights = np.array([0.1, 0.5, 1.2]), np.array([3.0, 1.0, 2.0])
    plain = (heights * np.exp(-0.5 * ((axis.values()[:, None] - centres) / axis.width) ** 2)).sum(axis=1)
    assert np.allclose(broaden(centres, heights, axis.start, axis.step, axis.bins, axis.width), plain, atol=2e-3)


def test_strain_is_a_shift_on_the_axis() -> None:
    lines = np.array([0.0, 0.7, 1.3])
    ones = np.ones(3)
    a = broaden(lines, ones, RECALL_AXIS.start, RECALL_AXIS.step, RECALL_AXIS.bins, RECALL_AXIS.width)
    b = broaden(
        lines + 5 * RECALL_AXIS.step, ones, RECALL_AXIS.start, RECALL_AXIS.step, RECALL_AXIS.bins, RECALL_AXIS.width
    )
    assert np.allclose(a[:-5], b[5:], atol=1e-9)


def test_another_wavelength_gives_the_same_profile() -> None:
    from xsearch.chemistry.symmetry import find_symmetry
    from xsearch.preprocess.profile import REFERENCE_WAVELENGTH_A
    from xsearch.simulate.powder import simulate_reflections
    from xsearch.simulate.profile_curve import pattern_curve

    crystal = perovskite("Sr", "Ti", 3.905)
    (found,) = simulate_reflections([find_symmetry(crystal)])
    made = []
    for wavelength, last in ((1.540593, 80.0), (0.70932, 34.4)):
        angles = np.arange(10 * wavelength / 1.5406, last, 0.005)
        curve = pattern_curve(found, found.cell, angles, wavelength, 0.06 * wavelength / 1.5406)
        net = net_pattern(PowderPattern(angles, curve, wavelength))
        made.append(net.profile(RECALL_AXIS, lp_wavelength_A=REFERENCE_WAVELENGTH_A) ** RECALL_AXIS.power)
    first, last = 150, 440
    assert np.corrcoef(made[0][first:last], made[1][first:last])[0, 1] > 0.995


def counted(curve: np.ndarray, seed: int = 0, wavelength_A: float = 1.5406) -> PowderPattern:
    return PowderPattern(ANGLES, np.random.default_rng(seed).poisson(curve).astype(float), wavelength_A)


def gaussian(centre: float, height: float, fwhm: float) -> np.ndarray:
    return height * np.exp(-4 * np.log(2) * ((ANGLES - centre) / fwhm) ** 2)


LINES = gaussian(20.0, 1000.0, 0.2) + gaussian(31.0, 400.0, 0.2) + gaussian(55.5, 150.0, 0.2)


@pytest.mark.parametrize(("centre", "fwhm", "height"), [(22, 9, 1000), (22, 9, 3000), (27, 15, 3000), (19, 9, 1000)])
def test_a_hump_is_background_whatever_its_height(centre: float, fwhm: float, height: float) -> None:
    net = net_pattern(counted(100 + LINES + gaussian(centre, height, fwhm)))
    away = np.all([np.abs(net.two_theta_deg - at) > 1 for at in (20, 31, 55.5)], axis=0)
    assert net.net[away].max() < 0.03
    for at, line in ((31, 0.4), (55.5, 0.15)):
        assert net.net[np.abs(net.two_theta_deg - at) < 0.1].max() == pytest.approx(line, abs=0.06)
    on_hump = np.abs(net.two_theta_deg - centre).argmin()
    assert net.background[on_hump] * net.unit + net.offset == pytest.approx(100 + height, rel=0.03)


def test_the_tail_of_the_direct_beam_is_background() -> None:
    net = net_pattern(counted(100 + LINES + 10_000 * (ANGLES[0] / ANGLES) ** 4))
    away = np.all([np.abs(net.two_theta_deg - at) > 1 for at in (20, 31, 55.5)], axis=0)
    assert net.net[away].max() < 0.03


def test_broad_lines_are_lines() -> None:
    broad = gaussian(30, 1000, 3.0) + gaussian(48, 600, 3.2) + gaussian(58, 300, 3.4)
    net = net_pattern(counted(100 + broad))
    assert net.fwhm_deg == pytest.approx(3.1, abs=0.5)
    at = np.abs(net.two_theta_deg - 48).argmin()
    assert net.net[at - 50 : at + 50].max() == pytest.approx(0.6, abs=0.07)


def test_background_runs_through_the_middle_of_the_noise() -> None:
    net = net_pattern(counted(3000 + gaussian(40, 3000, 0.3)))
    away = np.abs(net.two_theta_deg - 40) > 2
    assert abs(net.excess[away].mean()) < 0.2 * np.median(net.noise)


def test_weak_lines_on_fluorescence_are_found() -> None:
    net = net_pattern(counted(3000 + gaussian(40, 100, 0.3) + gaussian(60, 80, 0.3)))
    found = net.two_theta_deg[net.net > 0]
    assert all(np.min(np.abs(found - at)) < 0.1 for at in (40, 60))
    assert np.all((np.abs(found - 40) < 1) | (np.abs(found - 60) < 1))


@pytest.mark.parametrize("level", [1, 10, 300, 30_000])
def test_counting_noise_alone_is_refused(level: float) -> None:
    for seed in range(5):
        with pytest.raises(SpectrumError, match="no line stands out"):
            net_pattern(counted(level + gaussian(25, 2 * level, 12.0), seed))


@pytest.mark.parametrize("factor", [1.0, 0.013, 250.5])
def test_noise_goes_with_the_counts_whatever_their_scale(factor: float) -> None:
    pattern = counted(50 + LINES + gaussian(24, 900, 12.0))
    net = net_pattern(PowderPattern(ANGLES, factor * pattern.intensity, 1.5406))
    for low, high in ((22, 26), (60, 75)):
        part = (net.two_theta_deg > low) & (net.two_theta_deg < high)
        assert np.std(net.excess[part]) == pytest.approx(float(np.median(net.noise[part])), rel=0.3)


def test_the_noise_that_a_file_states_is_used() -> None:
    sigma = np.full(len(ANGLES), 30.0)
    noisy = PowderPattern(ANGLES, np.random.default_rng(0).normal(LINES + 200, 30.0), 1.5406, sigma=sigma)
    net = net_pattern(noisy)
    part = (net.two_theta_deg > 60) & (net.two_theta_deg < 75)
    assert np.std(net.excess[part]) == pytest.approx(float(np.median(net.noise[part])), rel=0.3)


def test_a_stated_noise_that_the_points_contradict_is_raised() -> None:
    pattern = counted(3000 + gaussian(40, 3000, 0.3))
    net = net_pattern(PowderPattern(ANGLES, pattern.intensity, 1.5406, sigma=np.full(len(ANGLES), 1.0)))
    away = np.abs(net.two_theta_deg - 40) > 2
    assert net.net[away].max() < 0.02
    assert (net.net[away] > 0).mean() < 0.02


def test_a_gap_between_two_ranges_holds_no_line() -> None:
    pattern = counted(200 + LINES + gaussian(24, 800, 12.0))
    kept = (ANGLES < 34) | (ANGLES > 47)
    net = net_pattern(PowderPattern(ANGLES[kept], pattern.intensity[kept], 1.5406))
    assert net.net[(net.two_theta_deg > 33) & (net.two_theta_deg < 48)].max() < 0.02
    assert net.net[np.abs(net.two_theta_deg - 55.5) < 0.1].max() == pytest.approx(0.15, abs=0.04)


def test_a_smoothed_pattern_has_no_lines_in_its_noise() -> None:
    raw = counted(400 + gaussian(40, 4000, 0.3)).intensity
    smoothed = np.convolve(np.pad(raw, 4, mode="edge"), np.ones(9) / 9, mode="valid")
    net = net_pattern(PowderPattern(ANGLES, smoothed, 1.5406))
    away = np.abs(net.two_theta_deg - 40) > 2
    assert (net.net[away] > 0).mean() < 0.02


def test_a_short_wavelength_is_averaged_over_as_little_in_q() -> None:
    angles = np.arange(1.5, 9.0, 0.002)
    lines = sum(1000 * np.exp(-4 * np.log(2) * ((angles - at) / 0.02) ** 2) for at in (2.4, 3.1, 4.4, 5.5))
    assert net_pattern(PowderPattern(angles, lines + 20, 0.165)).fwhm_deg < 0.03


def test_the_background_of_a_pattern_is_given_at_its_own_angles_and_in_its_units() -> None:
    pattern = counted(500 + LINES)
    assert background_under(pattern) == pytest.approx(500, abs=15)
    assert background_under(PowderPattern(ANGLES, 0.01 * pattern.intensity - 7, 1.5406)) == pytest.approx(-2, abs=0.15)


def test_crowded_lines_at_high_angles_are_kept() -> None:
    crowd = sum(100 * np.exp(-4 * np.log(2) * ((ANGLES - centre) / 0.3) ** 2) for centre in np.arange(66, 74, 0.45))
    net = net_pattern(PowderPattern(ANGLES, pattern().intensity + crowd, 1.5406))
    on = np.abs(net.two_theta_deg - 69.6).argmin()
    assert net.net[on - 20 : on + 20].max() > 0.07


def test_only_lines_of_small_crystals_are_broader_than_sharp_ones() -> None:
    q_invA = np.exp(net_pattern(pattern()).ln_q)
    sharp, broad = net_pattern(pattern(fwhm=0.15)), net_pattern(pattern(fwhm=3.0))
    assert sharp.breadth_invA == 0
    assert sharp.calculated_widths(sharp.ln_q, 0.004) == pytest.approx(0.004)
    sigma_deg = 3.0 / 2.355
    expected = np.radians(sigma_deg) * 2 * np.pi * np.cos(np.radians(12)) / 1.5406
    assert broad.breadth_invA == pytest.approx(expected, rel=0.2)
    assert broad.calculated_widths(broad.ln_q, 0.004)[500] == pytest.approx(broad.breadth_invA / q_invA[500], rel=0.01)


def test_a_pattern_beyond_the_compared_lines_is_refused_with_its_range() -> None:
    with pytest.raises(SpectrumError, match=r"covers q of 6\.6.* check the wavelength, 0\.165 Å"):
        net_pattern(PowderPattern(ANGLES + (10 - ANGLES[0]), pattern().intensity, 0.165))
