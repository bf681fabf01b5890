"""A powder pattern as trial cells are compared with it: counts above the background, their errors, and line shapes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.le_bail_kernels import REACH
from xsearch.indexing import evidence_kernels as kernels
from xsearch.indexing.lines import Lines
from xsearch.indexing.settings import EvidenceSettings
from xsearch.preprocess.kernels import gaussian_average
from xsearch.preprocess.powder import NetPattern
from xsearch.spectra.radiation import LINES_A

Array = NDArray[np.float64]

KALPHA2_SHARE = 1 / 3
"""Of the area of a tube's Kα lines."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Counts of a pattern up to its last line that counts.

    Attributes:
        counts: (n,) above the background, the highest of the pattern 1.
        weights: (n,) inverse variances.
        start_deg, step_deg: of their angles.
        stated_A: wavelength that the pattern was given with.
        wavelengths_A: of the lines, Kα1 and Kα2; the same twice where there is one.
        share: of the area that is Kα2's; 0 without.
        lorentzian: share of a line's area.
        log_width, growth: natural logarithm of the full width in degrees at `middle`, and its growth with tan θ.
        middle: tan θ of the middle of the range.
        lines_deg: (k,) angles of the lines found, of Kα1.
    """

    counts: Array
    weights: Array
    start_deg: float
    step_deg: float
    stated_A: float
    wavelengths_A: tuple[float, float]
    share: float
    lorentzian: float
    log_width: float
    growth: float
    middle: float
    lines_deg: Array

    @property
    def end_deg(self) -> float:
        """The last angle."""
        return self.start_deg + self.step_deg * (len(self.counts) - 1)

    def fwhm_deg(self, two_theta_deg: Array, change: tuple[float, float] = (0.0, 0.0)) -> Array:
        """(n,) full widths at half maximum of lines at angles, with a change of `log_width` and `growth`."""
        away = np.tan(np.radians(two_theta_deg / 2)) - self.middle
        widths = np.exp(self.log_width + change[0] + (self.growth + change[1]) * away)
        return np.asarray(np.maximum(widths, 2 * self.step_deg))

    def second_deg(self, two_theta_deg: Array) -> Array:
        """(n,) angles of the Kα2 of lines."""
        sine = np.sin(np.radians(two_theta_deg / 2)) * self.wavelengths_A[1] / self.wavelengths_A[0]
        return np.asarray(2 * np.degrees(np.arcsin(np.minimum(sine, 1.0))))


@dataclass(frozen=True, slots=True, eq=False)
class DrawnLines:
    """Lines of unit area at the points of a pattern; see `evidence_kernels.draw_lines`."""

    low: NDArray[np.int64]
    first: NDArray[np.int64]
    shapes: Array
    slopes: Array
    widening: Array

    @classmethod
    def of(cls, profile: Profile, two_theta_deg: Array, fwhm_deg: Array) -> DrawnLines:
        """Draw lines at angles, which rise."""
        n = len(two_theta_deg)
        apart = profile.second_deg(two_theta_deg) if profile.share else two_theta_deg
        reach = 2 * REACH * fwhm_deg + (apart - two_theta_deg)
        space = int((reach / profile.step_deg + 3).sum())
        low, first = np.empty(n, np.int64), np.empty(n + 1, np.int64)
        shapes, slopes, widening = np.empty(space), np.empty(space), np.empty(space)
        kernels.draw_lines(
            two_theta_deg, apart, profile.share, fwhm_deg, profile.start_deg, profile.step_deg, len(profile.counts),
            kernels.shape_table(profile.lorentzian), low, first, shapes, slopes, widening,
        )  # fmt: skip
        return cls(low, first, shapes, slopes, widening)


def profile_of(net: NetPattern, lines: Lines, settings: EvidenceSettings) -> Profile:
    """The pattern that cells are compared with, and the shape of its lines."""
    strong = lines.two_theta_deg[lines.height >= settings.least_height]
    strong = strong if len(strong) else lines.two_theta_deg
    last = strong[min(len(strong), settings.n_lines) - 1] + settings.beyond_widths * net.fwhm_deg
    each = max(1, int(net.fwhm_deg / settings.points_per_width / net.step_deg))
    points = int(np.searchsorted(net.two_theta_deg, last)) // each
    counts = net.excess[: points * each].reshape(points, each).mean(axis=1)
    level = net.background[: points * each].reshape(points, each).mean(axis=1) + np.maximum(counts, 0)
    gain = net.gain[: points * each : each]
    # neighbours of the smoothed pattern scatter together; so do the errors of a line's shape
    together = max(2 * np.sqrt(np.pi) * net.smoothing_deg / (each * net.step_deg), 1.0)
    of_shape = max(net.fwhm_deg / (each * net.step_deg) / 2, 1.0)
    variance = together * gain * np.maximum(level, net.least)
    smooth = gaussian_average(np.maximum(counts, 0), 0.4 * net.fwhm_deg / (each * net.step_deg))
    variance = variance + of_shape * (settings.shape_error * smooth) ** 2 + settings.least_error**2
    start, step = float(net.two_theta_deg[0] + (each - 1) / 2 * net.step_deg), each * net.step_deg
    kept = lines.two_theta_deg[lines.two_theta_deg < last]
    one = (net.wavelength_A, net.wavelength_A)
    middle = float(np.tan(np.radians(np.median(kept) / 2)))
    single = Profile(
        counts,
        1 / variance,
        start,
        step,
        net.wavelength_A,
        one,
        0.0,
        0.5,
        float(np.log(net.fwhm_deg)),
        0.0,
        middle,
        kept,
    )
    double = doublet(single, settings)
    tried = [
        shaped(replace(waves, lorentzian=lorentzian), settings)
        for waves in ((single, double) if double is not None else (single,))
        for lorentzian in settings.lorentzians
    ]
    return min(tried, key=lambda found: found[1])[0]


def doublet(profile: Profile, settings: EvidenceSettings) -> Profile | None:
    """The same with Kα1 and Kα2, where the wavelength is that of a tube; None where it is not."""
    reach, stated = settings.same_wavelength_A, profile.wavelengths_A[0]
    pair = next(((one, two) for one, two, _ in LINES_A.values() if one - reach < stated < two), None)
    return None if pair is None else replace(profile, wavelengths_A=pair, share=KALPHA2_SHARE)


def shaped(profile: Profile, settings: EvidenceSettings) -> tuple[Profile, float]:
    """The profile with the widths that fit its lines wherever they stand, and the misfit then."""
    at = profile.lines_deg.copy()
    areas = np.zeros(len(at))
    width = np.zeros(2)
    moves = np.zeros((len(at), 0))
    stiffness = 1 / np.array([settings.width_sigma, settings.growth_sigma]) ** 2
    sums, squares = np.zeros(len(profile.counts)), np.inf
    for turn in range(settings.shape_rounds + 1):
        fwhm = profile.fwhm_deg(at, (float(width[0]), float(width[1])))
        drawn = DrawnLines.of(profile, at, fwhm)
        areas, _ = free_areas(profile, drawn, areas, settings.sweeps)
        kernels.sum_of_lines(drawn.low, drawn.first, drawn.shapes, areas, sums)
        squares = float(profile.weights @ (profile.counts - sums) ** 2)
        if turn == settings.shape_rounds:
            break
        growth = np.tan(np.radians(at / 2)) - profile.middle
        width += kernels.parameter_step(
            drawn.low, drawn.first, drawn.slopes, drawn.widening, areas, moves, growth, profile.counts, sums,
            profile.weights, stiffness, width,
        )  # fmt: skip
        width = np.clip(width, -1.5, 3.0)
        at = np.sort(at + moved_each(profile, drawn, areas, sums, settings))
    final = replace(
        profile, log_width=profile.log_width + float(width[0]), growth=profile.growth + float(width[1]), lines_deg=at
    )
    return final, squares


def moved_each(profile: Profile, drawn: DrawnLines, areas: Array, sums: Array, settings: EvidenceSettings) -> Array:
    """(n,) degrees by which each line lies beside its place, the others held."""
    left = profile.weights * (profile.counts - sums)
    out = np.zeros(len(areas))
    for k in range(len(areas)):
        part = slice(drawn.low[k], drawn.low[k] + drawn.first[k + 1] - drawn.first[k])
        steep = areas[k] * drawn.slopes[drawn.first[k] : drawn.first[k + 1]]
        curvature = float(profile.weights[part] @ steep**2)
        out[k] = float(steep @ left[part]) / curvature if curvature > 0 else 0.0
    reach = settings.largest_move * profile.fwhm_deg(profile.lines_deg)
    return np.clip(out, -reach, reach)


def free_areas(profile: Profile, drawn: DrawnLines, areas: Array, sweeps: int) -> tuple[Array, Array]:
    """(n,) areas of least squares, none below zero, from areas to start with; and (n, BAND) their normal matrix."""
    n = len(drawn.low)
    band, right = np.empty((n, kernels.BAND)), np.empty(n)
    kernels.normal_equations(drawn.low, drawn.first, drawn.shapes, profile.counts, profile.weights, band, right)
    found = areas.copy()
    kernels.least_squares(band, right, found, sweeps)
    return found, band
