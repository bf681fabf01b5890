"""Lines of a pattern that its first hit does not have: those of a second phase."""

from __future__ import annotations

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.fit.correlation import Matches
from xsearch.fit.le_bail import FittedLines, fitted_lines
from xsearch.indexes import Index
from xsearch.preprocess.kernels import gaussian_average
from xsearch.preprocess.powder import NetPattern
from xsearch.preprocess.tube import at_wavelength
from xsearch.search.holder import holder_of
from xsearch.search.scope import Left
from xsearch.search.settings import DEFAULTS, SecondPhaseSettings

Array = NDArray[np.float64]


def second_phase_notes(
    index: Index,
    pattern: NetPattern,
    best: Matches,
    settings: SecondPhaseSettings = DEFAULTS.second_phase,
    left: Left | None = None,
) -> tuple[str, ...]:
    """Notes on lines that the best match, if there is one, has not.

    Args:
        index, pattern, settings: of the search.
        best: the best match, or none.
        left: of the pattern beside known phases; where their lines were, none is noted.
    """
    if len(best.rows) == 0:
        return ()
    found = foreign_lines(index, pattern, best, settings)
    if left is not None:
        found = found[left.share(found) > settings.least_kept]
    if len(found) == 0:
        return ()
    notes = []
    holder = holder_of(found, pattern, settings)
    if holder is not None:
        metal, its = holder
        notes.append(
            f"Lines at {_listed(found[its])}° are those of {metal.compound}, perhaps of the holder; if so, give "
            f"it with --known {metal.name}."
        )
        found = found[~its]
    if len(found):
        word = "lines" if len(found) > 1 else "line"
        notes.append(
            f"The first hit has no {word} at {_listed(found[: settings.most_named])}° and the pattern does: perhaps a "
            "second phase; try --phases auto."
        )
    return tuple(notes)


def _listed(angles_deg: Array) -> str:
    return ", ".join(f"{angle:.2f}" for angle in sorted(angles_deg))


def foreign_lines(index: Index, pattern: NetPattern, best: Matches, settings: SecondPhaseSettings) -> Array:
    """Angles of lines of a pattern where the best match has none, the highest first.

    It has none where neither its calculated intensities nor free ones reach a maximum. Texture changes intensities;
    where the crystal has a line at all, however weak it should be, none is foreign.
    """
    fitted = fitted_lines(index.reflections(int(best.rows[0])), pattern, best.starts(0))
    if fitted is None:
        return np.empty(0)
    width_deg = settings.matched_width * float(np.median(fitted.fwhm_deg))
    sigma_steps = max(width_deg, pattern.smoothing_deg) / pattern.step_deg
    smooth, noise = pattern.averaged(width_deg)
    widest_steps = settings.widest * float(np.median(fitted.fwhm_deg)) / pattern.step_deg + sigma_steps
    peaks, height = _peaks(smooth, noise, widest_steps, settings)
    within = 2 * int(_tolerance_deg(fitted, settings) / pattern.step_deg) + 3

    def share(curve: Array) -> Array:
        nearby = scipy.ndimage.maximum_filter1d(gaussian_average(np.maximum(curve, 0.0), sigma_steps), within)
        return np.asarray(nearby[peaks] / height)

    absent = (share(fitted.calculated) < settings.absent_share) & (share(fitted.free) < settings.absent_free_share)
    faint = height < settings.clear_height * float(smooth.max())
    absent &= ~(faint & (height < settings.least_over_background * pattern.background[peaks]))
    if pattern.of_tube is not None:  # a weak line below a line of the tube is taken off with it, and leaves its image
        absent &= height > settings.tube_forgiven * pattern.of_tube[peaks]
    for line in pattern.tube:  # beyond the image of the last angle stand images of lines that were not measured
        absent &= pattern.two_theta_deg[peaks] < at_wavelength(pattern.two_theta_deg[-1], line.ratio)
    order = np.argsort(-height[absent], kind="stable")
    return np.asarray(pattern.two_theta_deg[peaks[absent]][order])


def _peaks(
    smooth: Array, noise: Array, widest_steps: float, settings: SecondPhaseSettings
) -> tuple[NDArray[np.intp], Array]:
    """Maxima as narrow as lines whose rise is above the noise, and their heights."""
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
