"""Amorphous humps in a background."""

import numpy as np
import pytest

from xsearch.preprocess.amorphous import amorphous_humps, amorphous_notes
from xsearch.preprocess.powder import net_pattern
from xsearch.spectra import PowderPattern

ANGLES = np.arange(8, 85, 0.02)


def gaussian(centre: float, height: float, fwhm: float) -> np.ndarray:
    return height * np.exp(-4 * np.log(2) * ((ANGLES - centre) / fwhm) ** 2)


LINES = sum(gaussian(at, height, 0.2) for at, height in ((20, 1000), (31, 600), (42, 400), (55.5, 300), (66, 200)))
AIR = 60 + 150 * np.exp(-(ANGLES - 8) / 12)


def counted(curve: np.ndarray, seed: int = 0) -> PowderPattern:
    return PowderPattern(ANGLES, np.random.default_rng(seed).poisson(curve).astype(float), 1.5406)


@pytest.mark.parametrize(("centre", "fwhm", "height"), [(22, 9, 0.3), (22, 9, 3.0), (27, 15, 1.0), (19, 9, 0.5)])
def test_a_hump_is_found_with_its_place_width_and_fraction(centre: float, fwhm: float, height: float) -> None:
    hump = gaussian(centre, 1000 * height, fwhm)
    (found,) = amorphous_humps(net_pattern(counted(AIR + LINES + hump)))
    assert found.two_theta_deg == pytest.approx(centre, abs=1.5)
    assert found.fwhm_deg == pytest.approx(fwhm, rel=0.25)
    assert found.height == pytest.approx(height, rel=0.35)
    assert found.fraction == pytest.approx(hump.sum() / (hump + LINES).sum(), abs=0.08)


def test_two_humps_are_told_apart() -> None:
    pattern = counted(AIR + LINES + gaussian(16, 500, 8) + gaussian(42, 400, 10))
    places = sorted(one.two_theta_deg for one in amorphous_humps(net_pattern(pattern)))
    assert places == pytest.approx([16, 42], abs=2)


@pytest.mark.parametrize("background", [AIR, 60 + 3000 * (8 / ANGLES) ** 4, np.full(len(ANGLES), 3000.0)])
def test_what_falls_with_the_angle_or_is_even_is_no_hump(background: np.ndarray) -> None:
    assert amorphous_notes(net_pattern(counted(background + LINES))) == ()


def test_a_note_says_where_and_how_much() -> None:
    (note,) = amorphous_notes(net_pattern(counted(AIR + LINES + gaussian(22, 300, 9))))
    assert note.startswith("Amorphous hump at 22°, ")
    assert note.endswith("% of the intensity above the background.")
