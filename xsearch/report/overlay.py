"""What a plot of a hit over its pattern shows, as numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.hit import Hit
from xsearch.fit.pattern_fit import PatternFit
from xsearch.preprocess.profile import best_scale
from xsearch.report.lines import lines_in_range, reflections_in_range
from xsearch.report.settings import SETTINGS
from xsearch.simulate import Reflections
from xsearch.simulate.profile_curve import pattern_curve
from xsearch.spectra import PowderPattern
from xsearch.spectra.radiation import LINES_A, mean_kalpha_A

WIDTH_FACTORS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5)
"""The typical width was read off smoothed lines, doublets included: a drawing tries these multiples of it."""

SAME_WAVELENGTH = 2e-4
"""Relative difference within which a stated wavelength is the mean of a doublet."""

FAINT = 1.0
"""Per cent of the strongest line below which the compressed scale is nearly linear."""


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A hit drawn over a pattern.

    Attributes:
        measured: (n,) float64, the pattern's intensities scaled so that its net maximum is 100.
        background: (n,) float64 on the same scale.
        calculated: (n,) float64, background plus the hit's profile, scaled to the pattern by least squares.
        ticks_deg: (m,) float64, where the hit's lines are seen, zero shift included.
        tick_heights: (m,) float64, their intensities relative to the strongest in range.
        tick_hkl: (m, 3) their indices.
    """

    measured: NDArray[np.float64]
    background: NDArray[np.float64]
    calculated: NDArray[np.float64]
    ticks_deg: NDArray[np.float64]
    tick_heights: NDArray[np.float64]
    tick_hkl: NDArray[np.integer]

    @property
    def difference(self) -> NDArray[np.float64]:
        """(n,) measured minus calculated."""
        return self.measured - self.calculated

    def compressed(self) -> Overlay:
        """The same on a scale that is linear in the noise and a square root above it, to show weak lines too."""
        floor = float(self.background.min())
        # neighbouring points differ by noise alone, except in the few on a line
        noise = 1.05 * float(np.median(np.abs(np.diff(self.measured))))
        soft = max(FAINT, 4 * noise)

        def squeeze(level: NDArray[np.float64]) -> NDArray[np.float64]:
            above = level - floor
            return np.sign(above) * (np.sqrt(np.abs(above) + soft) - np.sqrt(soft))

        return replace(
            self,
            measured=squeeze(self.measured),
            background=squeeze(self.background),
            calculated=squeeze(self.calculated),
        )


def overlay(hit: Hit, pattern: PowderPattern, background: NDArray[np.float64]) -> Overlay:
    """A hit over the pattern, as `overlay_of` does."""
    return overlay_of(hit.fitted, reflections_in_range(hit, pattern), pattern, background)


def overlay_of(
    fit: PatternFit, reflections: Reflections, pattern: PowderPattern, background: NDArray[np.float64]
) -> Overlay:
    """A crystal's calculated profile in its strained cell, over the pattern.

    Args:
        fit: of the crystal to the pattern.
        reflections: of the crystal.
        pattern: what was measured.
        background: (n,) under the pattern, in its units.
    """
    net = pattern.intensity - background
    unit = 100 / max(float(net.max()), np.finfo(float).tiny)
    calculated = best_profile(fit, reflections, pattern, net * unit)
    ticks, heights, which = lines_in_range(fit, reflections, pattern, SETTINGS.faintest_tick)
    return Overlay(
        measured=pattern.intensity * unit,
        background=background * unit,
        calculated=background * unit + calculated,
        ticks_deg=ticks,
        tick_heights=heights,
        tick_hkl=reflections.hkl[which],
    )


def best_profile(
    fit: PatternFit, reflections: Reflections, pattern: PowderPattern, net: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) the crystal's profile that comes closest to the net intensities, its height and line width chosen freely."""
    x, cell, shift_deg = pattern.two_theta_deg, np.array(fit.cell), fit.zero_shift_deg
    best, least = np.zeros(len(x)), np.inf
    for factor in WIDTH_FACTORS:
        profile = np.zeros(len(x))
        for wavelength_A, share in beam(pattern.wavelength_A):
            profile += share * pattern_curve(reflections, cell, x, wavelength_A, factor * fit.fwhm_deg, shift_deg)
        profile *= best_scale(net, profile)
        if (misfit := float(np.sum((net - profile) ** 2))) < least:
            best, least = profile, misfit
    return best


def beam(wavelength_A: float) -> tuple[tuple[float, float], ...]:
    """Wavelengths and shares of the beam: the mean of a tube's Kα doublet stands for both of its lines."""
    for kalpha1_A, kalpha2_A, _ in LINES_A.values():
        if abs(mean_kalpha_A(kalpha1_A, kalpha2_A) / wavelength_A - 1) < SAME_WAVELENGTH:
            return (kalpha1_A, 2 / 3), (kalpha2_A, 1 / 3)
    return ((wavelength_A, 1.0),)
