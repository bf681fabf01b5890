"""What site models read: computed spectra of any code, whatever its grid and scale, in the window of measured ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.preprocess.edge import core_hole_width, edge_centre
from xsearch.preprocess.xanes import NormalizedXanes, WINDOW_GRID_eV, XanesWindow, window
from xsearch.settings import setting
from xsearch.spectra.edges import tabulated_edge
from xsearch.spectra.xanes import Xanes

BY_HAND = "set by hand"


@dataclass(frozen=True, slots=True)
class ComputedSettings:
    """How computed spectra are extended and scaled."""

    extended_eV: float = setting(35.0, "eV", f"{BY_HAND}: how far below its start a spectrum is continued")
    step_eV: float = setting(0.25, "eV", f"{BY_HAND}: of the continued part; FEFF's own near the edge")
    tail_eV: tuple[float, float] = setting((15.0, 60.0), "eV", f"{BY_HAND}: above the rise, whose mean is the step")
    rise_eV: float = setting(25.0, "eV", f"{BY_HAND}: from the start, within which the edge lies")
    least_rise: float = setting(0.2, "of the spectrum's height", f"{BY_HAND}: less is no edge")
    smoothing_eV: float = setting(1.0, "eV", f"{BY_HAND}: standard deviation, of the slope's maximum; as `find_e0`")


COMPUTED = ComputedSettings()


def normalize_computed(xanes: Xanes, settings: ComputedSettings = COMPUTED) -> NormalizedXanes:
    """A computed spectrum with an edge step of one.

    It has no background, may start less than 3 eV below the edge and need not tend to one. Below its start it goes on
    as a convolution with the core hole's Lorentzian makes it, scaled to its first value. The mean from
    15 eV above the rise is the edge step, as in `normalize` for short scans.

    Args:
        xanes: computed, without a background.
        settings: of the extension and the scale.

    Raises:
        SpectrumError: where nothing rises.
    """
    energy, mu = xanes.energy_eV, xanes.mu
    if not float(np.ptp(mu)) > settings.least_rise * float(np.abs(mu).max()):
        raise SpectrumError(f"{xanes.source or 'computed spectrum'}: nothing rises in it.")
    below = np.arange(energy[0] - settings.extended_eV, energy[0] - settings.step_eV / 2, settings.step_eV)
    tail = _lorentzian_tail(np.append(below, energy[0]), energy, mu, core_hole_width(xanes.absorber, xanes.edge))
    energy = np.concatenate([below, energy])
    mu = np.concatenate([tail[:-1] * max(float(mu[0]), 0.0) / tail[-1], mu])
    grid = np.arange(energy[0], min(energy[-1], xanes.energy_eV[0] + settings.rise_eV), settings.step_eV)
    smooth = scipy.ndimage.gaussian_filter1d(
        np.interp(grid, energy, mu), settings.smoothing_eV / settings.step_eV, mode="nearest"
    )
    e0 = float(grid[np.argmax(np.gradient(smooth))])
    low, high = settings.tail_eV
    after = (energy > e0 + low) & (energy < e0 + high)
    if after.sum() < 5:
        raise SpectrumError(f"{xanes.source or 'computed spectrum'}: it ends less than {low:g} eV above its edge.")
    step = float(np.average(mu[after], weights=np.gradient(energy)[after]))
    return NormalizedXanes(
        energy_eV=energy,
        mu=mu / step,
        absorber=xanes.absorber,
        edge=xanes.edge,
        e0_eV=e0,
        centre_eV=edge_centre(energy, mu / step, e0),
        tabulated_e0_eV=tabulated_edge(xanes.absorber, xanes.edge).energy_eV,
        edge_step=step,
        method="short",
        source=xanes.source,
    )


def _lorentzian_tail(
    at_eV: NDArray[np.float64], energy_eV: NDArray[np.float64], mu: NDArray[np.float64], width_eV: float
) -> NDArray[np.float64]:
    """(k,) what a spectrum convolved with a Lorentzian leaves below its start; beyond its end it stays level."""
    half = max(width_eV, 0.2) / 2
    apart = energy_eV[None] - at_eV[:, None]
    weights = np.gradient(energy_eV)[None] * half / (apart**2 + half**2) / np.pi
    beyond = 0.5 - np.arctan((energy_eV[-1] - at_eV) / half) / np.pi
    return np.asarray(weights @ mu + beyond * mu[-1], np.float64)


def computed_window(xanes: Xanes) -> XanesWindow:
    """The window of a computed spectrum, see `normalize_computed`."""
    return window(normalize_computed(xanes))


def step_scaled(values: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(n, 200) windows divided by the mean of their tails.

    The edge step of a measured spectrum comes from a far post-edge, that of a computed or short one from its tail; a
    model that reads both must see them on one scale, and does not depend on how well a step was found.

    Args:
        values: (n, 200), zero where unknown.
        known: (n, 200).
    """
    tail = known & (WINDOW_GRID_eV > COMPUTED.tail_eV[0])
    enough = tail.sum(1) >= 10
    # a scan that ends early has its last part for a tail
    last = known & (WINDOW_GRID_eV > 0.5 * np.where(known, WINDOW_GRID_eV, -np.inf).max(1, keepdims=True))
    tail = np.where(enough[:, None], tail, last)
    mean = (values * tail).sum(1) / np.maximum(tail.sum(1), 1)
    return (values / np.clip(mean, 0.2, 5.0)[:, None]).astype(np.float32)
