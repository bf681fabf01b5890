"""The powder lines of a crystal as functions of its strain and of a zero shift, linear in both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.strain import MAX_MODES, ZERO_SHIFT
from xsearch.fit.strain_kernels import line_design
from xsearch.preprocess.axis import MATCH_AXIS
from xsearch.preprocess.kernels import broaden_each
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.line_kernels import LARGEST_SINE, line_intensities
from xsearch.simulate.reflections import Reflections
from xsearch.simulate.strain import STRAIN_MODES

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class StrainedLines:
    """The lines of one crystal.

    Attributes:
        hkl: (n, 3) in the conventional cell.
        ln_q: (n,) without strain, q in 1/Å.
        design: (n, modes + 1); ln q falls by `design @ amplitudes`, the zero shift in degrees last.
        areas: (n,) |F|² times the Lorentz-polarisation factor; 0 beyond the wavelength's reach.
        wavelength_A: in Å.
    """

    hkl: NDArray[np.int16]
    ln_q: Array
    design: Array
    areas: Array
    wavelength_A: float

    @classmethod
    def of(cls, reflections: Reflections, pattern: NetPattern) -> StrainedLines:
        """All lines of a crystal, at the wavelength and polarisation of a pattern."""
        modes = int(STRAIN_MODES[reflections.system])
        ln_q, design = np.empty(len(reflections)), np.zeros((len(reflections), modes + 1))
        line_design(reflections.hkl, reflections.cell, modes, pattern.wavelength_A, ln_q, design)
        areas = line_intensities(
            ln_q, reflections.structure_factor_sq.astype(np.float64), pattern.wavelength_A, pattern.polarisation
        )
        return cls(reflections.hkl, ln_q, design, areas, pattern.wavelength_A)

    def parameters(self, amplitudes: Array) -> Array:
        """(modes + 1,) of the seven amplitudes those that this crystal has."""
        return np.append(amplitudes[: self.design.shape[1] - 1], amplitudes[ZERO_SHIFT])

    def amplitudes(self, parameters: Array) -> Array:
        """(7,) strain modes and zero shift of those that this crystal has; what `parameters` takes apart."""
        found = np.zeros(MAX_MODES)
        found[: len(parameters) - 1], found[ZERO_SHIFT] = parameters[:-1], parameters[-1]
        return found

    def moved(self, parameters: Array) -> Array:
        """(n,) ln q under strain amplitudes and a zero shift."""
        return np.asarray(self.ln_q - self.design @ parameters)

    def two_theta_deg(self, parameters: Array) -> Array:
        """(n,) angles in degrees under strain amplitudes and a zero shift."""
        sines = np.exp(self.moved(parameters)) * self.wavelength_A / (4 * np.pi)
        return np.asarray(2 * np.degrees(np.arcsin(np.minimum(sines, LARGEST_SINE))))

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> StrainedLines:
        """Some of them."""
        return replace(
            self,
            hkl=self.hkl[chosen],
            ln_q=self.ln_q[chosen],
            design=self.design[chosen],
            areas=self.areas[chosen],
        )


def strained_profiles(
    reflections: Reflections, pattern: NetPattern, amplitudes: Array, widths: tuple[float, ...]
) -> Array:
    """(widths, bins) linear profiles of a crystal on `MATCH_AXIS` under a strain and zero shift.

    Args:
        reflections: of the crystal.
        pattern: gives wavelength and polarisation.
        amplitudes: (7,) strain modes and the zero shift in degrees.
        widths: standard deviations of a line in ln q.
    """
    lines = StrainedLines.of(reflections, pattern)
    return profiles(lines.moved(lines.parameters(amplitudes)), lines.areas, pattern, widths)


def profiles(ln_q: Array, areas: Array, pattern: NetPattern, widths: tuple[float, ...]) -> Array:
    """(widths, bins) linear profiles of lines on `MATCH_AXIS`; widths are standard deviations of a line in ln q."""
    axis = MATCH_AXIS
    return np.array(
        [
            broaden_each(ln_q, areas, pattern.calculated_widths(ln_q, width), axis.start, axis.step, axis.bins)
            for width in widths
        ]
    )
