"""The shape of a known phase's lines, and their sum at the points of a pattern."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.points import second_line
from xsearch.fit.rietveld_kernels import draw
from xsearch.fit.settings import KnownPhaseSettings
from xsearch.preprocess.kernels import gaussian_average
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.line_kernels import LARGEST_SINE
from xsearch.simulate.profile_curve import LORENTZIAN

Array = NDArray[np.float64]


class LineShape(NamedTuple):
    """Full width at half maximum in degrees, and the intensity of Kα2 over that of Kα1, 0 for one line."""

    fwhm_deg: float
    second: float


def best_shape(pattern: NetPattern, angles: Array, areas: Array, settings: KnownPhaseSettings) -> LineShape:
    """The shape with which the profiles of the strongest lines resemble the pattern most, wherever they stand nearby.

    Where the wavelength is that of Kα1, a monochromator may or may not have left Kα2.
    """
    strongest = np.argsort(-areas, kind="stable")[: settings.shape_lines]
    half = int(settings.shape_window * pattern.fwhm_deg / pattern.step_deg) + 1
    shift = int(settings.near_widths * pattern.fwhm_deg / pattern.step_deg) + 1
    centres = np.rint((angles[strongest] - pattern.two_theta_deg[0]) / pattern.step_deg).astype(int)
    centres = centres[(centres >= half + shift) & (centres < len(pattern.excess) - half - shift)]
    measured = np.maximum(pattern.excess, 0.0)
    best, found = -np.inf, LineShape(pattern.fwhm_deg, 0.0)
    for factor in settings.width_factors:
        for second in (0.5, 0.0) if second_line(pattern.wavelength_A) else (0.0,):
            shape = LineShape(factor * pattern.fwhm_deg, second)
            profile = drawn(pattern, angles, areas, shape, pattern.smoothing_deg / pattern.step_deg)
            alike = [_resemblance(profile, measured, centre, half, shift) for centre in centres]
            value = float(np.mean(alike)) if alike else 0.0
            if value > best:
                best, found = value, shape
    return found


def _resemblance(profile: Array, measured: Array, centre: int, half: int, shift: int) -> float:
    """Highest correlation of the profile about a point with the measured one, at any shift up to a largest one."""
    one = profile[centre - half : centre + half + 1]
    other = np.lib.stride_tricks.sliding_window_view(
        measured[centre - half - shift : centre + half + shift + 1], len(one)
    )
    one, other = one - one.mean(), other - other.mean(axis=1)[:, None]
    norms = np.linalg.norm(one) * np.linalg.norm(other, axis=1)
    return float((other @ one / np.maximum(norms, 1e-12)).max())


def drawn(pattern: NetPattern, angles: Array, areas: Array, shape: LineShape, sigma_steps: float) -> Array:
    """(n,) lines at the points of a pattern, averaged over a Gaussian of so many steps."""
    if shape.second:
        sine = np.sin(np.radians(angles / 2)) * second_line(pattern.wavelength_A) / pattern.wavelength_A
        angles = np.concatenate([angles, 2 * np.degrees(np.arcsin(np.minimum(sine, LARGEST_SINE)))])
        areas = np.concatenate([areas, shape.second * areas]) / (1 + shape.second)
    out, squares = np.empty(len(pattern.excess)), np.empty(len(pattern.excess))
    widths = np.full(len(angles), max(shape.fwhm_deg, 2 * pattern.step_deg))
    draw(angles, areas, widths, LORENTZIAN, pattern.two_theta_deg[0], pattern.step_deg, out, squares)
    return np.asarray(gaussian_average(out, sigma_steps))


def highest(curve: Array, centre: int, reach: int) -> float | None:
    """Place in points of the highest maximum near a point, from a parabola; None where there is none."""
    low, high = max(centre - reach, 1), min(centre + reach + 1, len(curve) - 1)
    if high - low < 3:
        return None
    top = low + int(np.argmax(curve[low:high]))
    if top in (low, high - 1) or curve[top] <= 0:
        return None
    left, middle, right = curve[top - 1 : top + 2]
    bend = left - 2 * middle + right
    return top + (0.5 * float((left - right) / bend) if bend < 0 else 0.0)
