"""How strongly a crystal absorbs X-rays, and what coarse particles of different absorption do to line intensities."""

from __future__ import annotations

from functools import cache

import gemmi
import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal

ELECTRON_RADIUS_A = 2.8179403262e-5
"""Classical radius of the electron (CODATA 2018)."""

EV_ANGSTROM = 12398.419843
"""Energy of a photon times its wavelength."""

MICROMETRE_A = 1e4
POINTS = 24
"""Quadrature points along each of the three coordinates of a sphere."""


def linear_absorption_per_um(crystal: Crystal, wavelength_A: float) -> float:
    """Linear absorption coefficient in 1/µm, by the optical theorem from f'' of free atoms.

    The cross-section of an atom is 2 r λ f'' (Als-Nielsen and McMorrow, Elements of Modern X-ray Physics (2011),
    ch. 8); f'' is that of Cromer and Liberman (J. Chem. Phys. 53 (1970) 1891), as gemmi gives it.

    Args:
        crystal: its occupancies count.
        wavelength_A: in Å.
    """
    energy_eV = EV_ANGSTROM / wavelength_A
    section_A2 = sum(
        count
        * 2
        * ELECTRON_RADIUS_A
        * wavelength_A
        * gemmi.cromer_liberman(gemmi.Element(symbol).atomic_number, energy_eV)[1]
        for symbol, count in crystal.composition.items()
    )
    return float(section_A2 / crystal.volume_A3 * MICROMETRE_A)


def brindley_factor(contrast: float) -> float:
    """The mean of exp(-(µ - µ̄) x) over the paths x of the beam through a sphere of a phase.

    Weights from scale factors are divided by it (G. W. Brindley, Phil. Mag. 36 (1945) 347). The beam is taken to leave
    at a right angle; the factor hardly depends on the angle.

    Args:
        contrast: (µ - µ̄) D, the absorption of the phase less the mean of the sample, times the particles' diameter.
    """
    paths, weights = _paths()
    return float(weights @ np.exp(-contrast * paths))


@cache
def _paths() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Paths through a sphere of diameter one to and from points within it, and the points' shares of the volume."""
    at, weight = np.polynomial.legendre.leggauss(POINTS)
    radius = (at + 1) / 4
    turn = 2 * np.pi * (np.arange(POINTS) + 0.5) / POINTS
    r, cosine, phi = np.meshgrid(radius, at, turn, indexing="ij")
    sine = np.sqrt(1 - cosine**2)
    points = np.stack([r * cosine, r * sine * np.cos(phi), r * sine * np.sin(phi)])
    share = weight[:, None, None] * radius[:, None, None] ** 2 * weight[None, :, None] * np.ones(POINTS)

    def to_surface(along: NDArray[np.float64]) -> NDArray[np.float64]:
        """From each point in a direction, (3,)."""
        forward = np.tensordot(along, points, 1)
        return np.asarray(np.sqrt(0.25 - (points**2).sum(axis=0) + forward**2) - forward)

    path = to_surface(np.array([-1.0, 0.0, 0.0])) + to_surface(np.array([0.0, 1.0, 0.0]))
    return path.ravel(), (share / share.sum()).ravel()
