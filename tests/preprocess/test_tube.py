"""Lines of the tube beside Kα, recognised by their places and their one share."""

from dataclasses import replace

import numpy as np
import pytest

from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.tube import at_wavelength, tube_notes
from xsearch.simulate.conditions import conditions_of, ideal
from xsearch.simulate.line_kernels import add_lines
from xsearch.simulate.measurement import measured_angles, measured_counts
from xsearch.spectra import PowderPattern

COPPER = replace(
    conditions_of(ideal(1)[0]), wavelength_A=1.540593, alpha2_A=1.544427, counts=2e4, floor=50.0, first_deg=10.0
)
LINES = ((24.1, 0.6), (31.3, 1.0), (35.6, 0.4), (47.2, 0.5), (52.9, 0.3), (61.4, 0.35))
KBETA, TUNGSTEN = 1.392234 / 1.540593, 1.476390 / 1.540593


def pattern(extra: tuple[tuple[float, float], ...] = (), seed: int = 0) -> PowderPattern:
    """A pattern of `LINES` and some more."""
    angles = measured_angles(COPPER)
    lines = np.zeros(len(angles))
    where, area = np.array((*LINES, *extra)).T
    add_lines(where, area, np.full(len(where), 0.15), 0.5, 12.0, angles, lines)
    counts = measured_counts(lines, COPPER, angles, np.random.default_rng(seed))
    return PowderPattern(angles, counts, COPPER.wavelength_A)


def images(ratio: float, share: float) -> tuple[tuple[float, float], ...]:
    return tuple((float(at_wavelength(at, ratio)), share * area) for at, area in LINES)


@pytest.mark.parametrize(
    ("ratio", "name", "share"), [(KBETA, "Kβ", 0.2), (KBETA, "Kβ", 0.03), (TUNGSTEN, "W Lα", 0.05)]
)
def test_images_of_all_lines_are_found_and_taken_off(ratio: float, name: str, share: float) -> None:
    net = net_pattern(pattern(images(ratio, share)))
    assert [one.name for one in net.tube] == [name]
    assert name in tube_notes(net.tube)[0]
    plain = net_pattern(pattern())
    alone = [at for at, _ in images(ratio, share) if all(abs(at - other) > 0.8 for other, _ in LINES)]
    assert len(alone) > 3
    for at in alone:
        near = np.abs(net.two_theta_deg - at) < 0.3
        assert net.net[near].sum() < 0.2 * share * plain.net[np.abs(plain.two_theta_deg - 31.3) < 0.3].sum()


def test_a_pattern_without_them_is_left_as_it_is() -> None:
    net = net_pattern(pattern())
    assert net.tube == ()
    assert net.kept is None


def test_lines_in_such_places_without_one_share_are_a_phase() -> None:
    shares = (0.02, 0.3, 0.15, 0.0, 0.08, 0.35)
    uneven = tuple((at, share * area) for (at, area), share in zip(images(KBETA, 1.0), shares, strict=True))
    assert net_pattern(pattern(uneven)).tube == ()


def test_a_synchrotron_has_no_such_lines() -> None:
    made = pattern(images(KBETA, 0.2))
    assert net_pattern(replace(made, wavelength_A=1.2)).tube == ()
