"""Computed near-edge spectra made comparable: edge step one, and the mean over a material's sites."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.edge import core_hole_width

MEAN_STEP_eV = 0.25
"""Grid of a mean over sites: that of FEFF near the edge."""

TAIL_eV = 15.0
"""Of the end of a spectrum, over which the absorption of the free atom gives the edge step. Set by hand."""

FERMI_AFTER_START_eV = 2.439
"""FEFF's grid begins at k = -0.8 / Å, which is this far below the Fermi level (the card XANES 3.7 0.04)."""

PRE_EDGE_eV, PRE_EDGE_STEP_eV = 40.0, 0.5
"""How far below its first point a spectrum is continued, and in which steps. Set by hand: the levels below an edge are
taken there."""


def feff_near_edge(
    energy_eV: NDArray[np.float64],
    mu: NDArray[np.float64],
    mu0: NDArray[np.float64],
    absorber: str,
    edge: str,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What FEFF gives, as a near-edge spectrum can be used: edge step one, and continued below its first point.

    Args:
        energy_eV: (n,) ascending, on FEFF's grid.
        mu, mu0: (n,) absorption in the crystal, and of the atom in the same potential.
        absorber, edge: of the spectrum.

    Returns:
        (m,) energies and absorption in edge steps.
    """
    return with_pre_edge(energy_eV, edge_step_one(energy_eV, mu, mu0), core_hole_width(absorber, edge))


def with_pre_edge(
    energy_eV: NDArray[np.float64], mu: NDArray[np.float64], width_eV: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A spectrum of FEFF continued below its first point, which lies on the foot of the edge.

    A core hole of several eV has lifted the absorption to half the edge step there. What lies below is the Lorentzian
    tail of all that is above the Fermi level: the spectrum convolved with the core hole's width, scaled to its first
    point.

    Args:
        energy_eV: (n,) ascending, on FEFF's grid.
        mu: (n,) in edge steps.
        width_eV: of the core hole, full width at half maximum.

    Returns:
        (m,) energies and absorption, in steps of 0.5 eV from 40 eV below the first point.
    """
    below = energy_eV[0] - np.arange(PRE_EDGE_STEP_eV, PRE_EDGE_eV + 1e-9, PRE_EDGE_STEP_eV)[::-1]
    above = energy_eV >= energy_eV[0] + FERMI_AFTER_START_eV
    half = width_eV / 2

    def tail(at: NDArray[np.float64]) -> NDArray[np.float64]:
        lorentzian = half / np.pi / ((energy_eV[above] - at[:, None]) ** 2 + half**2)
        beyond = 0.5 - np.arctan((energy_eV[-1] - at) / half) / np.pi
        return np.asarray(np.trapezoid(mu[above] * lorentzian, energy_eV[above], axis=1) + beyond)

    scaled = tail(below) * (mu[0] / tail(energy_eV[:1]))
    return np.concatenate([below, energy_eV]), np.concatenate([scaled, mu])


def edge_step_one(
    energy_eV: NDArray[np.float64], mu: NDArray[np.float64], mu0: NDArray[np.float64]
) -> NDArray[np.float64]:
    """FEFF's absorption in edge steps.

    FEFF scales µ by the absorption of the atom 50 eV above the edge, and with some cards by more, so that µ does not
    tend to 1. The edge step is µ0 at the end of the spectrum: it has no fine structure, where µ itself still
    oscillates.

    Args:
        energy_eV: (n,) ascending.
        mu, mu0: (n,) absorption in the crystal, and of the atom in the same potential.

    Returns:
        (n,) µ in edge steps.
    """
    tail = energy_eV >= energy_eV[-1] - TAIL_eV
    return np.asarray(mu / float(np.mean(mu0[tail])), np.float64)


def mean_over_sites(
    curves: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], weights: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energies (eV) that all sites cover, and the weighted mean of their absorption; one code's energies agree.

    Args:
        curves: energies and absorption of each site.
        weights: multiplicity of each.
    """
    low, high = max(float(energy[0]) for energy, _ in curves), min(float(energy[-1]) for energy, _ in curves)
    grid = np.arange(low, high + 1e-6, MEAN_STEP_eV)
    return grid, np.average([np.interp(grid, energy, mu) for energy, mu in curves], axis=0, weights=weights)
