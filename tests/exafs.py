"""Simulated EXAFS: two shells on the atomic background of a scan."""

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.exafs import INV_A2_PER_eV
from xsearch.spectra.xanes import Xanes

OXYGEN_A, METAL_A = 1.95, 3.0


def chi_of_two_shells(
    k_invA: NDArray[np.float64], oxygen_A: float = OXYGEN_A, metal_A: float = METAL_A, sigma2_A2: float = 0.004
) -> NDArray[np.float64]:
    """χ(k) of six light and six heavy neighbours by the EXAFS equation, with smooth amplitudes and phases."""
    k = np.maximum(k_invA, 0.5)
    shells = (
        (6, oxygen_A, sigma2_A2, 0.6 * np.exp(-k / 6), 1 - 0.48 * k),
        (6, metal_A, 1.5 * sigma2_A2, 0.9 * np.exp(-(((k - 7) / 5) ** 2)), 2 - 0.3 * k),
    )
    chi = np.zeros(len(k_invA))
    for count, distance, sigma2, amplitude, phase in shells:
        damped = np.exp(-2 * sigma2 * k**2 - 2 * distance / 8)
        chi += count * amplitude / (k * distance**2) * damped * np.sin(2 * k_invA * distance + phase)
    return 0.85 * chi


def scan(
    white_line: float = 0.3,
    absorber: str = "Cu",
    edge: str = "K",
    e0_eV: float = 8979.0,
    points_per_step: int = 1,
    **shells: float,
) -> Xanes:
    """A scan as beamlines make it: coarse before the edge, 0.5 eV through it, even in k beyond."""
    step = 1 / points_per_step
    beyond = np.arange(np.sqrt(INV_A2_PER_eV * 50), 15.0, 0.05 * step) ** 2 / INV_A2_PER_eV
    near = np.arange(-20.0, 50.0, 0.5 * step)
    energy = e0_eV + np.concatenate([np.arange(-200.0, -20.0, 5.0), near, beyond])
    above = np.maximum(energy - e0_eV, 0.0)
    k = np.sqrt(INV_A2_PER_eV * above)
    chi = chi_of_two_shells(k, **shells) * (1 - np.exp(-((k / 2.5) ** 4)))
    atomic = 1 + 0.05 * np.exp(-above / 40) + 0.02 * np.sin(above / 180) * np.exp(-above / 600)
    rise = 0.5 + np.arctan((energy - e0_eV) / 1.2) / np.pi
    mu = 0.3 + 2 * (e0_eV / energy) ** 3 + 0.8 * rise * (atomic + chi) * (1 - 2e-4 * above)
    mu += 0.8 * white_line * np.exp(-(((energy - e0_eV - 4) / 3) ** 2))
    return Xanes(energy, mu, absorber, edge, f"{absorber}_{edge}.dat")
