"""Measured edges as other beamlines would have measured them: self-absorbed, short, noisy, on a wrong step, HERFD."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xsearch.preprocess.edge import core_hole_width
from xsearch.preprocess.xanes import normalize
from xsearch.spectra.xanes import Xanes


def conditions(seed: int = 0) -> dict[str, Callable[[Xanes], Xanes]]:
    """Ways in which beamlines measure otherwise, as changes of a spectrum: by name."""
    chance = np.random.default_rng(seed)

    def normal(xanes: Xanes) -> tuple[np.ndarray, float]:
        spectrum = normalize(xanes)
        return spectrum.mu, spectrum.e0_eV

    def self_absorbed(xanes: Xanes) -> Xanes:
        mu, _ = normal(xanes)
        a = 0.3 / 0.7
        return _with(xanes, xanes.energy_eV, mu * (1 + a) / (1 + a * np.maximum(mu, -0.5)))

    def short(xanes: Xanes) -> Xanes:
        mu, e0 = normal(xanes)
        kept = (xanes.energy_eV > e0 - 15) & (xanes.energy_eV < e0 + 45)
        return _with(xanes, xanes.energy_eV[kept], mu[kept])

    def noisy(xanes: Xanes) -> Xanes:
        mu, _ = normal(xanes)
        return _with(xanes, xanes.energy_eV, mu + chance.normal(0, 0.02, len(mu)))

    def wrong_step(xanes: Xanes) -> Xanes:
        # a background that bends upwards beyond the near edge, so that the post-edge points a tenth too high
        mu, e0 = normal(xanes)
        beyond = np.clip(xanes.energy_eV - e0, 0, None)
        return _with(xanes, xanes.energy_eV, mu + 0.1 * (1 - np.exp(-beyond / 60)))

    def sharpened(xanes: Xanes) -> Xanes:
        mu, e0 = normal(xanes)
        width = 0.5 * min(core_hole_width(xanes.absorber, xanes.edge), 5.0)
        near = np.arange(max(xanes.energy_eV[0], e0 - 60), min(xanes.energy_eV[-1], e0 + 150), 0.25)
        values = np.interp(near, xanes.energy_eV, mu)
        line = np.linspace(values[0], values[-1], len(values))
        f = np.fft.rfftfreq(len(values), 0.25)
        factor = np.exp(np.pi * f * width - 2 * (np.pi * f * width / 2.2) ** 2 - 2 * (np.pi * f * 0.3) ** 2)
        return _with(xanes, near, np.fft.irfft(np.fft.rfft(values - line) * factor, n=len(values)) + line)

    return {
        "self-absorption 30 %": self_absorbed,
        "-15 to +45 eV": short,
        "noise 2 %": noisy,
        "step off by 10 %": wrong_step,
        "lines narrowed (HERFD)": sharpened,
    }


def _with(xanes: Xanes, energy_eV: np.ndarray, mu: np.ndarray) -> Xanes:
    return Xanes(energy_eV, mu, xanes.absorber, xanes.edge, xanes.source)
