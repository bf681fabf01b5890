"""Lines of a pattern that its first hit does not have: those of a second phase, or of the tube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.fit.correlation import Matches
from xsearch.fit.le_bail import FittedLines, fitted_lines
from xsearch.indexes import Index
from xsearch.preprocess.axis import FloatOrArray
from xsearch.preprocess.kernels import gaussian_average
from xsearch.preprocess.powder import NetPattern
from xsearch.search.settings import DEFAULTS, SecondPhaseSettings
from xsearch.spectra.radiation import W_LALPHA_A, kbeta_of

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ForeignLines:
    """Lines that the first hit has not.

    Attributes:
        two_theta_deg: of another phase, the highest first.
        tube: lines of the tube beside Kα that the pattern shows, with their intensity relative to Kα.
    """

    two_theta_deg: tuple[float, ...] = ()
    tube: tuple[tuple[str, float], ...] = ()


def second_phase_notes(
    index: Index, pattern: NetPattern, best: Matches, settings: SecondPhaseSettings = DEFAULTS.second_phase
) -> tuple[str, ...]:
    """Notes on lines that the best match, if there is one, has not."""
    if len(best.rows) == 0:
        return ()
    found = foreign_lines(index, pattern, best, settings)
    notes = [
        f"The pattern shows {name} lines of the tube, about {100 * share:.0f} % of Kα; they count as no other phase."
        for name, share in found.tube
    ]
    if found.two_theta_deg:
        listed = ", ".join(f"{angle:.2f}" for angle in sorted(found.two_theta_deg[: settings.most_named]))
        word = "lines" if len(found.two_theta_deg) > 1 else "line"
        notes.append(
            f"The first hit has no {word} at {listed}° and the pattern does: perhaps a second phase; try --phases auto."
        )
    return tuple(notes)


def foreign_lines(index: Index, pattern: NetPattern, best: Matches, settings: SecondPhaseSettings) -> ForeignLines:
    """Lines of a pattern where the best match has none, with its calculated intensities nor with free ones.

    Texture changes intensities; where the crystal has a line at all, however weak it should be, none is foreign.
    """
    fitted = fitted_lines(index.reflections(int(best.rows[0])), pattern, best.starts(0))
    if fitted is None:
        return ForeignLines()
    smooth, sigma_steps = _matched(pattern, fitted, settings)
    widest_steps = settings.widest * float(np.median(fitted.fwhm_deg)) / pattern.step_deg + sigma_steps
    peaks, height = _peaks(pattern, smooth, sigma_steps, widest_steps, settings)
    within = 2 * int(_tolerance_deg(fitted, settings) / pattern.step_deg) + 3

    def share(curve: Array) -> Array:
        nearby = scipy.ndimage.maximum_filter1d(gaussian_average(np.maximum(curve, 0.0), sigma_steps), within)
        return np.asarray(nearby[peaks] / height)

    absent = (share(fitted.calculated) < settings.absent_share) & (share(fitted.free) < settings.absent_free_share)
    faint = height < settings.clear_height * float(smooth.max())
    absent &= ~(faint & (height < settings.least_over_background * pattern.background[peaks]))
    tube = []
    for name, ratio in _tube_lines(pattern.wavelength_A):
        # beyond the image of the last angle stand images of lines that were not measured
        image, strength = _tube_image(pattern, smooth, ratio, settings)
        of_tube = absent & (height < settings.tube_forgiven * strength * image[peaks])
        if of_tube.any():
            tube.append((name, strength))
            absent &= ~of_tube & (pattern.two_theta_deg[peaks] < _image_deg(pattern.two_theta_deg[-1], ratio))
    order = np.argsort(-height[absent], kind="stable")
    return ForeignLines(tuple(pattern.two_theta_deg[peaks[absent]][order].tolist()), tuple(tube))


def _matched(pattern: NetPattern, fitted: FittedLines, settings: SecondPhaseSettings) -> tuple[Array, float]:
    """(n,) the excess averaged over the width that finds its lines best, and that width in steps."""
    width_deg = settings.matched_width * float(np.median(fitted.fwhm_deg))
    sigma_steps = max(width_deg, pattern.smoothing_deg) / pattern.step_deg
    return gaussian_average(pattern.excess, sigma_steps), sigma_steps


def _peaks(
    pattern: NetPattern, smooth: Array, sigma_steps: float, widest_steps: float, settings: SecondPhaseSettings
) -> tuple[NDArray[np.intp], Array]:
    """Maxima as narrow as lines whose rise is above the noise, and their heights."""
    first_steps = pattern.smoothing_deg / pattern.step_deg
    averaged = first_steps / np.hypot(first_steps, sigma_steps)
    noise = np.sqrt(
        averaged * gaussian_average(pattern.variance(pattern.background + np.maximum(smooth, 0)), sigma_steps)
    )
    peaks, _ = scipy.signal.find_peaks(
        smooth,
        height=settings.least_height * float(smooth.max()),
        prominence=settings.least_noise * noise,
        width=(None, widest_steps),
    )
    return peaks, smooth[peaks]


def _tolerance_deg(fitted: FittedLines, settings: SecondPhaseSettings) -> float:
    """How far from a line of the crystal a maximum may be its own."""
    return max(settings.near_widths * float(np.median(fitted.fwhm_deg)), settings.near_deg)


def _tube_lines(wavelength_A: float) -> tuple[tuple[str, float], ...]:
    """Names of a tube's lines beside Kα, and their wavelengths over that of the pattern; empty for other beams."""
    beta_A = kbeta_of(wavelength_A)
    if beta_A is None:
        return ()
    return (("Kβ", beta_A / wavelength_A), ("W Lα", W_LALPHA_A / wavelength_A))


def _tube_image(pattern: NetPattern, smooth: Array, ratio: float, settings: SecondPhaseSettings) -> tuple[Array, float]:
    """The pattern as another wavelength would show it, and the share of it that all of the strongest lines allow."""
    x = pattern.two_theta_deg
    image = np.interp(_image_deg(x, 1 / ratio), x, smooth, left=0.0, right=0.0)
    tops, _ = scipy.signal.find_peaks(image, height=settings.tube_from_height * float(smooth.max()))
    strongest = tops[np.argsort(-image[tops], kind="stable")[: settings.fewest_tube_lines + 1]]
    if len(strongest) < settings.fewest_tube_lines:
        return image, 0.0
    share = float(np.min(smooth[strongest] / image[strongest]))
    return image, share if 0 < share < settings.most_of_tube else 0.0


def _image_deg(two_theta_deg: FloatOrArray, ratio: float) -> FloatOrArray:
    """Angles of the same planes at a wavelength so many times as long."""
    return 2 * np.degrees(np.arcsin(np.minimum(np.sin(np.radians(two_theta_deg / 2)) * ratio, 1.0)))
