"""Amorphous humps in the background of a powder pattern: a glass, a capillary, a foil, an amorphous part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.preprocess.powder import NetPattern
from xsearch.settings import setting

Array = NDArray[np.float64]

BY_HAND = "set by hand"


@dataclass(frozen=True, slots=True)
class AmorphousSettings:
    """What of a background is an amorphous hump."""

    widths_invA: tuple[float, ...] = setting(
        (0.45, 0.6, 0.8, 1.05, 1.4), "1/A", "physics: full widths of the first maximum of glasses, liquids and foils"
    )
    centre_step_invA: float = setting(0.1, "1/A", f"{BY_HAND}: distance of the places that are tried")
    last_invA: float = setting(4.5, "1/A", f"{BY_HAND}: later maxima of a glass are weak")
    decays_deg: tuple[float, ...] = setting((6.0, 12.0, 25.0), "deg", f"{BY_HAND}: of air scatter with the angle")
    powers: tuple[float, ...] = setting((1.0, 2.0, 4.0), "1", f"{BY_HAND}: of the direct beam's tail with the angle")
    points: int = setting(160, "points", f"{BY_HAND}: at which the background is taken apart")
    cost: float = setting(0.3, "points", f"{BY_HAND}: of humps, so that what falls with the angle is none")
    least_fraction: float = setting(0.1, "intensity", f"{BY_HAND}: smaller humps are not stated")
    least_height: float = setting(
        0.08, "highest line", f"{BY_HAND}: valleys between crowded lines of a weak pattern look like lower ones"
    )
    least_over_background: float = setting(0.25, "background", f"{BY_HAND}: of a hump over what else is below it")
    widest_invA: float = setting(1.6, "1/A", f"{BY_HAND}: what is wider is no hump")


AMORPHOUS = AmorphousSettings()


@dataclass(frozen=True, slots=True)
class AmorphousHump:
    """A broad maximum of the background.

    Attributes:
        two_theta_deg, fwhm_deg: its place and its full width at half maximum.
        height: relative to the highest line.
        fraction: its share of the intensity of humps and lines, 0 to 1.
    """

    two_theta_deg: float
    fwhm_deg: float
    height: float
    fraction: float


def amorphous_humps(net: NetPattern, settings: AmorphousSettings = AMORPHOUS) -> tuple[AmorphousHump, ...]:
    """The humps of a pattern's background, the largest first.

    The background is taken apart by non-negative least squares into what falls with the angle, a constant, and
    Gaussians in q of the widths that amorphous scatter has.
    """
    places = np.linspace(0, len(net.two_theta_deg) - 1, settings.points).round().astype(int)
    angle, q_invA, background = net.two_theta_deg[places], np.exp(net.ln_q[places]), net.background[places]
    slow, humps = _slow_parts(angle, settings), _humps(q_invA, settings)
    if humps.shape[1] == 0 or background.max() <= 0:
        return ()
    weight = 1 / np.sqrt(background + 0.01 * background.max())
    parts = np.concatenate([slow, humps], axis=1)
    cost = np.concatenate([np.zeros(slow.shape[1]), np.full(humps.shape[1], settings.cost)])
    amounts, _ = scipy.optimize.nnls(
        np.vstack([parts * weight[:, None], cost * weight.mean()]), np.append(background * weight, 0.0)
    )
    hump, below = humps @ amounts[slow.shape[1] :], slow @ amounts[: slow.shape[1]]
    spacing_deg = float(angle[1] - angle[0])
    lines = float(net.net.sum()) * net.step_deg
    total = lines + float(hump.sum()) * spacing_deg
    tops, _ = scipy.signal.find_peaks(np.concatenate([[0.0], hump, [0.0]]))
    found = []
    for top in tops - 1:
        left, right = _foot(hump, top, -1), _foot(hump, top, 1)
        fraction = float(hump[left : right + 1].sum()) * spacing_deg / total
        half = left + np.flatnonzero(hump[left : right + 1] >= hump[top] / 2)
        width_invA = q_invA[half[-1]] - q_invA[half[0]]
        high = hump[top] >= max(settings.least_height, settings.least_over_background * below[top])
        if high and fraction >= settings.least_fraction and width_invA <= settings.widest_invA:
            width_deg = float((half[-1] - half[0] + 1) * spacing_deg)
            found.append(AmorphousHump(float(angle[top]), width_deg, float(hump[top]), fraction))
    return tuple(sorted(found, key=lambda one: -one.fraction))


def amorphous_notes(net: NetPattern) -> tuple[str, ...]:
    """A line for each amorphous hump of a pattern."""
    return tuple(
        f"Amorphous hump at {one.two_theta_deg:.0f}°, {100 * one.fraction:.0f} % of the intensity above the background."
        for one in amorphous_humps(net)
    )


def _slow_parts(angle: Array, settings: AmorphousSettings) -> Array:
    """(n, k) what a background without humps is made of: it is even or falls with the angle, or rises slowly."""
    relative = np.maximum(angle[0], 0.1) / np.maximum(angle, 0.1)
    falling = [np.exp(-(angle - angle[0]) / decay) for decay in settings.decays_deg]
    return np.column_stack(
        [np.ones(len(angle)), angle / angle[-1], *falling, *(relative**power for power in settings.powers)]
    )


def _humps(q_invA: Array, settings: AmorphousSettings) -> Array:
    """(n, k) Gaussians whose maximum and lower half lie in the range."""
    columns = []
    for width in settings.widths_invA:
        first, last = q_invA[0] + width / 2, min(q_invA[-1] - width / 2, settings.last_invA)
        columns += [
            np.exp(-4 * np.log(2) * ((q_invA - centre) / width) ** 2)
            for centre in np.arange(first, last, settings.centre_step_invA)
        ]
    return np.column_stack(columns) if columns else np.empty((len(q_invA), 0))


def _foot(hump: Array, top: int, direction: int) -> int:
    """Where a maximum ends on one side: at the next minimum."""
    place = top
    while 0 <= place + direction < len(hump) and hump[place + direction] <= hump[place]:
        place += direction
    return int(place)
