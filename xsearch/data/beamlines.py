"""Errors of beamlines: where their energies lie, and how well they resolve.

A monochromator is set to the edge of a metal foil. Two tables of these energies are in use: the tabulated ones
(Bearden and Burr 1967; Elam et al. 2002) and those measured on an absolute scale by Kraft et al. (Rev. Sci. Instrum. 67
(1996) 681), which differ by up to 3 eV. Beside that the foil's inflection depends on resolution and step, and a
monochromator drifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.settings import setting

BY_HAND = "set by hand"
FWHM = 2.3548
"""Full width at half maximum of a Gaussian, in standard deviations."""


@dataclass(frozen=True, slots=True)
class BeamlineSettings:
    """How beamlines err in energy, and what they resolve."""

    tables_eV: float = setting(
        1.57,
        "eV",
        "standard deviation over 23 K and L3 edges, V to Pb, of the energies of Kraft et al. (1996) less those that "
        "xraydb tabulates",
    )
    by_kraft: float = setting(
        0.2,
        "probability",
        f"{BY_HAND}: that a beamline uses the former; most set foils to the tabulated ones, as an example of Larch "
        "(xafs/mono) says",
    )
    foil_eV: float = setting(
        0.3, "eV", f"standard deviation, {BY_HAND}: of a foil's inflection, by resolution and step"
    )
    drifted: float = setting(0.15, "probability", f"{BY_HAND}: that no foil was measured with the sample")
    drift_eV: float = setting(
        1.5, "eV", "standard deviation; an eV or two is not uncommon (S. Calvin, Ifeffit mailing list, June 2011)"
    )
    resolution: tuple[float, float] = setting(
        (3e-5, 2.6e-4),
        "ΔE/E",
        "full width at half maximum: that of Si(311), and twice the 1.3e-4 of Si(111), for slits that are wide open",
    )
    most: int = setting(4, "beamlines", f"{BY_HAND}: that measured the references of an edge, at most")


BEAMLINES = BeamlineSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Beamlines:
    """Beamlines at one edge.

    Attributes:
        calibration_eV: (b,) that each adds to the energies.
        resolution_eV: (b,) standard deviation of the Gaussian that each convolves spectra with.
    """

    calibration_eV: NDArray[np.float64]
    resolution_eV: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.calibration_eV)

    def take(self, places: NDArray[np.int64]) -> Beamlines:
        """Some of them, one for each place."""
        return Beamlines(self.calibration_eV[places], self.resolution_eV[places])


def draw_beamlines(
    count: int, edge_eV: float, random: np.random.Generator, settings: BeamlineSettings = BEAMLINES
) -> Beamlines:
    """Beamlines drawn at random.

    Args:
        count: how many.
        edge_eV: energy of the edge: resolution is relative to it, and so, at one edge, is what two tables differ by.
        random: where chance comes from.
        settings: of the errors.
    """
    tables_eV = random.normal(0.0, settings.tables_eV)
    calibration = np.where(random.random(count) < settings.by_kraft, tables_eV, 0.0)
    calibration = calibration + random.normal(0.0, settings.foil_eV, count)
    drift = random.normal(0.0, settings.drift_eV, count)
    calibration = calibration + np.where(random.random(count) < settings.drifted, drift, 0.0)
    low, high = np.log(settings.resolution)
    return Beamlines(calibration, edge_eV * np.exp(random.uniform(low, high, count)) / FWHM)
