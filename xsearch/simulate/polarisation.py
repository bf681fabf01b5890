"""The polarisation of a beam, as the Lorentz-polarisation factor takes it.

A powder scatters the two polarisations of a beam in the ratio 1 : cos² 2θ. What counts of a beam is therefore one
number, the intensity polarised in the plane of scattering over that polarised across it (International Tables C,
ch. 6.2).
"""

import numpy as np

from xsearch.errors import SpectrumError

UNPOLARISED = 1.0
"""A tube without a monochromator."""


def monochromator(two_theta_deg: float) -> float:
    """A tube with a crystal monochromator, before or behind the sample, in the plane of scattering.

    An ideally mosaic crystal leaves cos² 2θ_M of the polarisation in the plane (International Tables C, 6.2.2).

    Args:
        two_theta_deg: scattering angle 2θ_M of the monochromator: 26.6 for graphite and 27.3 for germanium (111) with
            Cu Kα.
    """
    if not 0 <= two_theta_deg < 180:
        raise SpectrumError(f"A monochromator at 2θ = {two_theta_deg:g}° is not possible; 0 to 180 are expected.")
    return float(np.cos(np.radians(two_theta_deg)) ** 2)


def synchrotron(degree: float) -> float:
    """A synchrotron's beam, scattered in the vertical plane.

    Args:
        degree: of horizontal polarisation, (I_horizontal - I_vertical) / (I_horizontal + I_vertical): 0 to 1, usually
            about 0.95 (Kahn et al., J. Appl. Cryst. 15 (1982) 330).
    """
    if not 0 <= degree <= 1:
        raise SpectrumError(f"A degree of polarisation of {degree:g} is not possible; 0 to 1 are expected.")
    return (1 - degree) / (1 + degree)
