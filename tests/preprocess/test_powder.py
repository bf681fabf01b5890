"""Background, noise and line width of measured patterns."""

import numpy as np
import pytest

from tests.crystals import perovskite
from xsearch.errors import SpectrumError
from xsearch.preprocess.axis import RECALL_AXIS, LogQAxis
from xsearch.preprocess.kernels import broaden, snip
from xsearch.preprocess.powder import NET_PATTERN, clipping_reach, net_pattern
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


def test_noise_leaves_little_behind() -> None:
    net = net_pattern(pattern(noise=5))
    away = np.all([np.abs(net.two_theta_deg - centre) > 1 for centre in (20, 31, 55.5)], axis=0)
    assert 0.005 < net.noise < 0.008  # 5 counts of 1000, and smoothing lowers the highest line
    assert net.net[away].mean() < net.noise / 3


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
        curve = pattern_curve(found, found.cell, angles, wavelength, 0.06)
        net = net_pattern(PowderPattern(angles, curve, wavelength))
        made.append(net.profile(RECALL_AXIS, lp_wavelength_A=REFERENCE_WAVELENGTH_A) ** RECALL_AXIS.power)
    first, last = 150, 440
    assert np.corrcoef(made[0][first:last], made[1][first:last])[0, 1] > 0.995


def test_clipping_never_rises_above_the_counts() -> None:
    counts = np.random.default_rng(0).gamma(2.0, 100.0, 500)
    assert (snip(counts, np.full(500, 20.0), np.array([1.0, 0.5, 0.2])) <= counts + 1e-6).all()


def test_the_hump_of_a_glass_is_background() -> None:
    lines = pattern()
    hump = 300 * np.exp(-0.5 * ((ANGLES - 24) / 5) ** 2)
    net = net_pattern(PowderPattern(ANGLES, lines.intensity + hump, 1.5406))
    away = np.all([np.abs(net.two_theta_deg - centre) > 1 for centre in (20, 31, 55.5)], axis=0)
    assert net.net[away].max() < 0.1  # of 0.3


def test_crowded_lines_at_high_angles_are_kept() -> None:
    crowd = sum(100 * np.exp(-4 * np.log(2) * ((ANGLES - centre) / 0.3) ** 2) for centre in np.arange(66, 74, 0.45))
    net = net_pattern(PowderPattern(ANGLES, pattern().intensity + crowd, 1.5406))
    on = np.abs(net.two_theta_deg - 69.6).argmin()
    assert net.net[on - 20 : on + 20].max() > 0.07


@pytest.mark.parametrize("wavelength", [0.5594, 1.5406])
def test_the_clipping_reaches_as_far_in_q_at_every_wavelength(wavelength: float) -> None:
    q = np.array([1.5, 3.0])
    angles = 2 * np.degrees(np.arcsin(q * wavelength / (4 * np.pi)))
    reach_points = [clipping_reach(angle + np.array([0, 0.01]), wavelength)[0] for angle in angles]
    ahead = [angle + points * 0.01 for angle, points in zip(angles, reach_points, strict=True)]
    reach_in_q = 4 * np.pi * np.sin(np.radians(np.array(ahead) / 2)) / wavelength - q
    assert reach_in_q == pytest.approx(NET_PATTERN.background_reach_invA + NET_PATTERN.reach_growth * q, rel=0.03)
