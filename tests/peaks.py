"""Plain formulas of powder lines, which the compiled ones are compared with."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def plain_pseudo_voigt(away_deg: Array, fwhm_deg: float, lorentzian: float = 0.5) -> Array:
    """A line of area one: a Lorentzian and a Gaussian of one width."""
    u = 2 * away_deg / fwhm_deg
    gaussian = np.sqrt(np.log(2) / np.pi) * np.exp(-np.log(2) * u**2)
    return (lorentzian / (np.pi * (1 + u**2)) + (1 - lorentzian) * gaussian) * 2 / fwhm_deg


def plain_lorentz_polarisation(two_theta_deg: Array) -> Array:
    """(1 + cos² 2θ) / (sin² θ cos θ)."""
    theta = np.radians(two_theta_deg / 2)
    return (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
