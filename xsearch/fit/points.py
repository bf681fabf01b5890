"""A measured pattern point by point: what stands above the background, and how far each point can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.settings import POINTS, PointSettings
from xsearch.preprocess.powder import NetPattern
from xsearch.spectra.radiation import LINES_A

Array = NDArray[np.float64]

SAME_LINE_A = 3e-4
"""A stated wavelength so close to that of a Kα1 is taken as Kα1."""


@dataclass(frozen=True, slots=True, eq=False)
class PatternPoints:
    """A pattern ready to be compared point by point.

    Attributes:
        two_theta_deg: (n,) even axis.
        excess: (n,) above the background, the highest about 1.
        variance: (n,) of the excess by counting.
        background_functions: (n, k) slow functions of the angle, by which the background may have been taken wrongly.
        wavelength_A, polarisation: as stated.
        second_A: Kα2 where the stated wavelength is that of Kα1, else 0.
        width_deg: typical full width at half maximum of a line, after the smoothing.
    """

    two_theta_deg: Array
    excess: Array
    variance: Array
    background_functions: Array
    wavelength_A: float
    polarisation: float
    second_A: float
    width_deg: float

    @property
    def step_deg(self) -> float:
        """Distance of two points."""
        return float(self.two_theta_deg[1] - self.two_theta_deg[0])

    @property
    def independent(self) -> float:
        """Points a line: neighbours within a line's width are not independent."""
        return self.step_deg / self.width_deg


def points_of(net: NetPattern, settings: PointSettings = POINTS) -> PatternPoints:
    """The points of a pattern, with the variance of counting."""
    x, excess, variance = (
        values[: len(values) // settings.merged * settings.merged].reshape(-1, settings.merged).mean(axis=1)
        for values in (net.two_theta_deg, net.excess, net.variance(net.background + net.excess))
    )
    knots = np.linspace(x[0], x[-1], max(3, int((x[-1] - x[0]) / settings.knot_deg) + 1))
    functions = np.maximum(0.0, 1 - np.abs(x[:, None] - knots) / (knots[1] - knots[0]))
    return PatternPoints(
        two_theta_deg=x,
        excess=excess,
        variance=variance,
        background_functions=functions,
        wavelength_A=net.wavelength_A,
        polarisation=net.polarisation,
        second_A=second_line(net.wavelength_A),
        width_deg=float(np.clip(net.fwhm_deg, settings.narrowest_steps * net.step_deg, settings.widest_deg)),
    )


def second_line(wavelength_A: float) -> float:
    """Kα2 that comes with a Kα1, 0 where the wavelength is none."""
    pairs = ((first, second) for first, second, _ in LINES_A.values())
    return next((second for first, second in pairs if abs(first - wavelength_A) < SAME_LINE_A), 0.0)
