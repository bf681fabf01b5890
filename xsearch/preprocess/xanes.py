"""XANES made comparable: background removed, edge step one, and the fixed window that models and indexes read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.elements import ATOMIC_NUMBERS, highest_oxidation_state
from xsearch.errors import SpectrumError
from xsearch.preprocess.edge import edge_centre, find_e0
from xsearch.preprocess.ranges import surroundings
from xsearch.settings import setting
from xsearch.spectra.edges import tabulated_edge
from xsearch.spectra.xanes import Xanes

WINDOW_eV = (-10.0, 46.0)
"""From the centre of the rise: what indexes store and models read, so that another window needs both made anew."""
WINDOW_POINTS = 200
"""As many are stored and read."""
WINDOW_GRID_eV: NDArray[np.float64] = np.linspace(*WINDOW_eV, WINDOW_POINTS)
"""(200,) energies of the window relative to the centre of the rise, in eV."""

BY_HAND = "set by hand"
CHECKED = f"{BY_HAND}; published normalisations are reproduced to 0.015 in the median (tests/preprocess/test_xanes.py)"


@dataclass(frozen=True, slots=True)
class NormalisationSettings:
    """How the background is removed, and what cannot be used."""

    long_pre_edge_eV: float = setting(30.0, "eV", f"below E0, where a line is fitted; {CHECKED}")
    longest_pre_edge_eV: float = setting(200.0, "eV", "below E0, where a pre-edge line begins, as in Athena")
    least_pre_edge_eV: float = setting(20.0, "eV", f"long a pre-edge that falls clearly is a line; {BY_HAND}")
    clear_pre_edge_eV: float = setting(8.0, "eV", f"below E0, where the line of a short pre-edge ends; {BY_HAND}")
    falls_by: float = setting(0.1, "of the height above the pre-edge", f"in 20 eV, that is no constant; {BY_HAND}")
    constant_below_eV: float = setting(50.0, "eV", "a stated post-edge that is shorter is a constant, as in Larch")
    long_post_edge_eV: float = setting(60.0, "eV", f"above E0, from which a post-edge curve is fitted; {CHECKED}")
    post_edge_start_eV: float = setting(150.0, "eV", f"above E0, of a long scan; {CHECKED}")
    parabola_from_eV: float = setting(350.0, "eV", f"length of a post-edge that has a curvature; {CHECKED}")
    least_range_eV: tuple[float, float] = setting((3.0, 8.0), "eV", f"below and above E0; {BY_HAND}")
    coarsest_step_eV: float = setting(6.0, "eV", f"near the edge; {BY_HAND}")
    negligible_background: float = setting(0.08, "of the spectrum's height", f"{BY_HAND}: not removed")
    shift_eV: tuple[float, float] = setting(
        (-7.0, 8.0), "eV", "of E0 of a metal from the tabulated edge, and of compounds of no oxidation"
    )
    shift_per_oxidation_eV: tuple[float, float] = setting(
        (2.8, 1.5),
        "eV",
        "of the rise: of K edges up to zinc, tetrahedral oxyanions included (Wong et al., Phys. Rev. B "
        "30 (1984) 5596), and of others",
    )
    noisiest: float = setting(0.25, "edge steps", f"{BY_HAND}: more noise is refused")
    noisy: float = setting(0.01, "edge steps", f"{BY_HAND}: windows with more are smoothed before models read them")
    smoothing_eV: float = setting(0.56, "eV", f"{BY_HAND}: standard deviation of the Gaussian that smooths them")


NORMALISATION = NormalisationSettings()


@dataclass(frozen=True, slots=True, eq=False)
class NormalizedXanes:
    """A spectrum with its background removed and an edge step of one.

    Attributes:
        energy_eV: (n,) float64.
        mu: (n,) float64, flattened where the scan is long enough for it.
        absorber, edge: as in `Xanes`.
        e0_eV: the edge found in the spectrum, its steepest rise.
        centre_eV: the mean energy of the rise, on which windows are centred.
        tabulated_e0_eV: the element's tabulated edge.
        edge_step: what the spectrum was divided by.
        method: `flattened` (pre-edge line and post-edge curve) or `short` (constants only).
        notes: what was assumed, one line each.
        source: as in `Xanes`.
    """

    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]
    absorber: str
    edge: str
    e0_eV: float
    centre_eV: float
    tabulated_e0_eV: float
    edge_step: float
    method: str
    notes: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class XanesWindow:
    """The part of a normalised spectrum that models and indexes read.

    Attributes:
        values: (200,) float32 at `WINDOW_GRID_eV`; zero where not measured.
        known: (200,) bool, which of them were measured.
        offset_eV: the window's zero, the centre of the rise, less the tabulated edge.
        absorber, edge: as in `Xanes`.
    """

    values: NDArray[np.float32]
    known: NDArray[np.bool_]
    offset_eV: float
    absorber: str
    edge: str


def normalize(xanes: Xanes, settings: NormalisationSettings = NORMALISATION) -> NormalizedXanes:
    """Remove the background and bring the edge step to one.

    The pre-edge is a straight line, the post-edge a polynomial whose degree grows with the length of the scan
    (constant, line, parabola), the edge step their difference at E0; above E0 the curvature of the post-edge is
    taken out (flattening), as Ravel and Newville describe (J. Synchrotron Rad. 12 (2005) 537). A scan too short for
    that loses only a constant, and is scaled by the mean of its tail.

    Args:
        xanes: the spectrum.
        settings: of the normalisation.

    Raises:
        SpectrumError: where there is no edge, the scan stops too early, or noise drowns it.
    """
    name = xanes.source or "XANES spectrum"
    table = tabulated_edge(xanes.absorber, xanes.edge).energy_eV
    stated = xanes.normalisation
    try:
        e0 = find_e0(xanes.energy_eV, xanes.mu, near_eV=table) if stated.e0_eV is None else stated.e0_eV
    except SpectrumError as error:
        raise SpectrumError(f"{name} ({xanes.absorber} {xanes.edge}): {error}") from None
    _check_range(name, xanes, e0, settings)
    relative = xanes.energy_eV - e0
    part = surroundings(xanes, e0)
    pre, pre_note = _pre_edge(relative, xanes.mu, settings, stated.pre_edge_eV, part.low_eV - e0, name)
    risen = xanes.mu - pre
    curve, method = _post_edge(relative, risen, settings, stated.post_edge_eV, part.high_eV - e0, name)
    step = float(curve[np.searchsorted(relative, 0.0)])
    if not step > 0:
        raise SpectrumError(
            f"{name}: the post-edge lies below the pre-edge; is this a transmission signal upside down?"
        )
    mu = risen / step
    if method == "flattened":
        mu = np.where(relative > 0, mu - curve / step + 1.0, mu)
    noise = _noise(relative, mu)
    if noise > settings.noisiest:
        raise SpectrumError(
            f"{name}: the noise is {noise:.0%} of the edge step; at most {settings.noisiest:.0%} can be used."
        )
    notes = [*xanes.notes, *part.notes, *pre_note]
    if not settings.shift_eV[0] <= e0 - table <= _most_shift_eV(xanes, settings):
        notes.append(f"E0 {e0:.1f} eV lies {e0 - table:+.1f} eV from the tabulated edge; check the energy calibration.")
    if method == "short":
        notes.append("The scan is short: the edge step is the mean of its tail.")
    return NormalizedXanes(
        energy_eV=xanes.energy_eV,
        mu=mu,
        absorber=xanes.absorber,
        edge=xanes.edge,
        e0_eV=e0,
        centre_eV=edge_centre(xanes.energy_eV, mu, e0),
        tabulated_e0_eV=table,
        edge_step=step,
        method=method,
        notes=tuple(notes),
        source=xanes.source,
    )


def window(spectrum: NormalizedXanes) -> XanesWindow:
    """The 200 points from 10 eV below the edge to 46 eV above it; what lies outside the scan is marked as unknown."""
    relative = spectrum.energy_eV - spectrum.centre_eV
    known = (WINDOW_GRID_eV >= relative[0] - 0.15) & (WINDOW_GRID_eV <= relative[-1] + 0.15)
    values = np.where(known, _resample(relative, spectrum.mu), 0.0).astype(np.float32)
    return XanesWindow(values, known, spectrum.centre_eV - spectrum.tabulated_e0_eV, spectrum.absorber, spectrum.edge)


def smoothed(
    values: NDArray[np.float32], known: NDArray[np.bool_], settings: NormalisationSettings = NORMALISATION
) -> NDArray[np.float32]:
    """Windows as models read them: noisy ones convolved with a Gaussian, the others as they are.

    Noise is judged by fourth differences of every other point in the last part of a window, where a near-edge spectrum
    is smooth: neighbouring points of a coarse scan are interpolated and share their noise.

    Args:
        values: (n, 200), zero where unknown.
        known: (n, 200), in one piece each.
        settings: which are noisy, and the Gaussian.
    """
    tail = known & (WINDOW_GRID_eV > WINDOW_eV[0] + 15)
    five = np.stack([values[:, k : k + WINDOW_POINTS - 8] for k in (0, 2, 4, 6, 8)])
    all_known = np.stack([tail[:, k : k + WINDOW_POINTS - 8] for k in (0, 2, 4, 6, 8)]).all(0)
    fourth = np.tensordot(np.array([1, -4, 6, -4, 1], np.float32), five, 1) ** 2 / 70
    noise = np.sqrt((fourth * all_known).sum(1) / np.maximum(all_known.sum(1), 1))
    if not (noisy := noise > settings.noisy).any():
        return values
    sigma = settings.smoothing_eV / float(WINDOW_GRID_eV[1] - WINDOW_GRID_eV[0])
    weight = scipy.ndimage.gaussian_filter1d(known[noisy].astype(np.float32), sigma, axis=1, mode="constant")
    smooth = scipy.ndimage.gaussian_filter1d(values[noisy], sigma, axis=1, mode="constant") / np.maximum(weight, 1e-6)
    found = values.copy()
    found[noisy] = np.where(known[noisy], smooth, 0.0)
    return found


def deglitch(xanes: Xanes, threshold: float = 6.0) -> Xanes:
    """Replace outliers of a single point by the median of five points.

    Args:
        xanes: the spectrum.
        threshold: how far from the median an outlier lies, in robust standard deviations of such distances.
    """
    middle = scipy.ndimage.median_filter(xanes.mu, size=5, mode="nearest")
    distance = np.abs(xanes.mu - middle)
    # The edge itself is steep: distances are judged against those of their own surroundings.
    usual = scipy.ndimage.median_filter(distance, size=21, mode="nearest") * 1.4826 + 1e-4 * float(np.ptp(xanes.mu))
    glitches = distance > threshold * usual
    glitches[:2] = glitches[-2:] = False
    if not glitches.any():
        return xanes
    mended = replace(xanes, mu=np.where(glitches, middle, xanes.mu))
    return mended.with_notes(f"{int(glitches.sum())} glitches were replaced by the median of their neighbours.")


def _check_range(name: str, xanes: Xanes, e0: float, settings: NormalisationSettings) -> None:
    before, after = e0 - xanes.energy_eV[0], xanes.energy_eV[-1] - e0
    least_before, least_after = settings.least_range_eV
    if before < least_before or after < least_after:
        raise SpectrumError(
            f"{name}: the scan runs from {-before:+.0f} to {after:+.0f} eV around its edge at {e0:.1f} eV; at least "
            f"{-least_before:+.0f} to {least_after:+.0f} eV are needed."
        )
    near = (xanes.energy_eV > e0 - 10) & (xanes.energy_eV < e0 + 30)
    coarsest = float(np.diff(xanes.energy_eV[near]).max(initial=0.0))
    if coarsest > settings.coarsest_step_eV:
        raise SpectrumError(
            f"{name}: points near the edge lie up to {coarsest:.1f} eV apart; at most "
            f"{settings.coarsest_step_eV:g} eV can be used."
        )


def _most_shift_eV(xanes: Xanes, settings: NormalisationSettings) -> float:
    """By how much oxidation can move a rise up: more for K edges of light elements in high states."""
    light = xanes.edge == "K" and ATOMIC_NUMBERS[xanes.absorber] <= ATOMIC_NUMBERS["Zn"]
    each = settings.shift_per_oxidation_eV[0 if light else 1]
    return settings.shift_eV[1] + each * highest_oxidation_state(xanes.absorber)


def _pre_edge(
    relative: NDArray[np.float64],
    mu: NDArray[np.float64],
    settings: NormalisationSettings,
    stated_eV: tuple[float, float] | None,
    low_eV: float,
    name: str,
) -> tuple[NDArray[np.float64], list[str]]:
    """(n,) background under the edge; `low_eV` is where its part of the scan begins."""
    if stated_eV is not None:
        return _polynomial(relative, mu, _stated(relative, stated_eV, 2, "pre-edge", name), 1), []
    start = max(low_eV, -settings.longest_pre_edge_eV)
    far = (relative < -settings.long_pre_edge_eV) & (relative >= start)
    if far.sum() < 5:
        far = (relative < -settings.long_pre_edge_eV) & (relative >= low_eV)
    if far.sum() >= 5 and max(relative[0], low_eV) < -2 * settings.long_pre_edge_eV:
        # The first point is often off: the monochromator is still settling.
        far[0] = False
        return _polynomial(relative, mu, far, 1), []
    short = (relative < min(relative[0] / 3, -settings.clear_pre_edge_eV)) & (relative >= low_eV)
    if relative[0] < -settings.least_pre_edge_eV and short.sum() >= 5:
        line = _polynomial(relative, mu, short, 1)
        fall = float(np.interp(-20.0, relative, line) - np.interp(0.0, relative, line))
        if fall > settings.falls_by * _tail_level(relative, mu - line):
            return line, []
    before = relative < max(relative[0] + 2.0, -15.0)
    level = float(np.mean(mu[before & (relative >= low_eV)] if np.any(before & (relative >= low_eV)) else mu[before]))
    if 0 <= level < settings.negligible_background * min(float(mu.max()), 2 * _tail_level(relative, mu)):
        return np.zeros_like(mu), []
    return np.full_like(mu, level), ["The pre-edge is short: a constant was subtracted instead of a line."]


def _tail_level(relative: NDArray[np.float64], mu: NDArray[np.float64]) -> float:
    """The level behind a white line."""
    tail = mu[relative > min(15.0, 0.5 * float(relative[-1]))]
    return max(float(np.median(tail)), 0.0) if len(tail) else 0.0


def _post_edge(
    relative: NDArray[np.float64],
    risen: NDArray[np.float64],
    settings: NormalisationSettings,
    stated_eV: tuple[float, float] | None,
    high_eV: float,
    name: str,
) -> tuple[NDArray[np.float64], str]:
    """(n,) smooth post-edge curve, and which kind it is; `high_eV` is where the edge's part of the scan ends."""
    if stated_eV is not None:
        fitted = _stated(relative, stated_eV, 3, "post-edge", name)
        length = min(stated_eV[1], float(relative[-1])) - stated_eV[0]
        degree = 0 if length < settings.constant_below_eV else 1 if length < settings.parabola_from_eV else 2
        return _polynomial(relative, risen, fitted, degree), "flattened"
    end = min(float(relative[-1]), high_eV)
    if end < settings.long_post_edge_eV:
        tail = (relative > min(15.0, 0.5 * end)) & (relative <= end)
        weights = np.gradient(relative)[tail]
        return np.full_like(risen, np.average(risen[tail], weights=weights)), "short"
    start = min(settings.post_edge_start_eV, 5.0 * round(end / 15.0))
    degree = 2 if end - start > settings.parabola_from_eV else 1
    fitted = (relative >= start) & (relative <= end)
    if fitted.sum() < 5:
        fitted = (relative >= 0.3 * end) & (relative <= end)
    return _polynomial(relative, risen, fitted, degree), "flattened"


def _stated(
    relative: NDArray[np.float64], bounds_eV: tuple[float, float], least: int, what: str, name: str
) -> NDArray[np.bool_]:
    """(n,) points in a stated range.

    Raises:
        SpectrumError: where they are too few for a fit.
    """
    inside = _within(relative, bounds_eV)
    if inside.sum() < least:
        raise SpectrumError(
            f"{name}: the {what} range {bounds_eV[0]:g} to {bounds_eV[1]:g} eV holds {int(inside.sum())} points of a "
            f"scan from {relative[0]:+.0f} to {relative[-1]:+.0f} eV around E0; give another."
        )
    return inside


def _within(relative: NDArray[np.float64], bounds_eV: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((relative >= bounds_eV[0]) & (relative <= bounds_eV[1]))


def _polynomial(
    x: NDArray[np.float64], y: NDArray[np.float64], fitted: NDArray[np.bool_], degree: int
) -> NDArray[np.float64]:
    """(n,) polynomial through the fitted points, everywhere; of a lower degree where they are too few."""
    degree = min(degree, len(np.unique(x[fitted])) - 1)
    return np.asarray(np.polynomial.Polynomial.fit(x[fitted], y[fitted], degree)(x), np.float64)


def _noise(relative: NDArray[np.float64], mu: NDArray[np.float64]) -> float:
    """Root mean square of second differences beyond E0 + 15 eV, scaled to the noise of one point."""
    tail = mu[(relative > 15) & (relative < 60)]
    return float(np.sqrt(np.mean(np.diff(tail, 2) ** 2) / 6)) if len(tail) > 5 else 0.0


def _resample(relative: NDArray[np.float64], mu: NDArray[np.float64]) -> NDArray[np.float64]:
    """(200,) values on the window's grid; a scan finer than the grid is averaged over each of its steps."""
    step = WINDOW_GRID_eV[1] - WINDOW_GRID_eV[0]
    edges = np.append(WINDOW_GRID_eV - step / 2, WINDOW_GRID_eV[-1] + step / 2)
    inside = (relative > edges[0]) & (relative < edges[-1])
    if inside.sum() < 2.5 * WINDOW_POINTS:
        return np.interp(WINDOW_GRID_eV, relative, mu)
    area = np.concatenate([[0.0], np.cumsum(np.diff(relative) * (mu[1:] + mu[:-1]) / 2)])
    return np.diff(np.interp(edges, relative, area)) / step
