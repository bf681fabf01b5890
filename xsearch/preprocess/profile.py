"""Powder profiles on the log-q axis: of crystals, the vectors that an index searches, and of what is searched for."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.axis import RECALL_AXIS, LogQAxis
from xsearch.preprocess.kernels import broaden
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.line_kernels import line_intensities
from xsearch.simulate.polarisation import UNPOLARISED
from xsearch.simulate.powder import spacings
from xsearch.simulate.reflections import Reflections

REFERENCE_WAVELENGTH_A = 1.540593
"""Stored profiles carry the Lorentz-polarisation factor of Cu Kα1; measured ones are brought to it."""


def profiles(
    reflections: Sequence[Reflections], axis: LogQAxis = RECALL_AXIS, wavelength_A: float = REFERENCE_WAVELENGTH_A
) -> NDArray[np.float32]:
    """Broadened, compressed profiles of unit length.

    Args:
        reflections: one a crystal.
        axis: its width and power shape the profile.
        wavelength_A: of the Lorentz-polarisation factor.

    Returns:
        (n, axis.bins) float32; a crystal without a line on the axis gives a row of zeros.
    """
    rows = np.zeros((len(reflections), axis.bins), np.float32)
    for row, crystal in zip(rows, reflections, strict=True):
        if len(crystal) == 0:
            continue
        ln_q = np.log(2 * np.pi / spacings(crystal.hkl, crystal.cell))
        area = line_intensities(ln_q, crystal.structure_factor_sq.astype(np.float64), wavelength_A, UNPOLARISED)
        profile = broaden(ln_q, area, axis.start, axis.step, axis.bins, axis.width) ** axis.power
        norm = np.linalg.norm(profile)
        if norm > 0:
            row[:] = profile / norm
    return rows


def centred_pattern(pattern: NetPattern, shift: float = 0.0) -> NDArray[np.float32]:
    """(RECALL_AXIS.bins,) compressed profile of a pattern: zero mean and unit length in its range, zero outside.

    Args:
        pattern: the net pattern.
        shift: strain ln(measured / database); the profile is that which a cell smaller by so much would give.
    """
    moved = replace(pattern, ln_q=pattern.ln_q + shift)
    first, last = moved.window(RECALL_AXIS)
    inside = moved.profile(RECALL_AXIS, lp_wavelength_A=REFERENCE_WAVELENGTH_A)[first:last] ** RECALL_AXIS.power
    inside -= inside.mean()
    out = np.zeros(RECALL_AXIS.bins, np.float32)
    out[first:last] = inside / (np.linalg.norm(inside) or 1.0)
    return out


def best_scale(measured: NDArray[np.float64], calculated: NDArray[np.float64]) -> float:
    """The factor, not below zero, that brings a profile nearest to net intensities in the least-squares sense."""
    square = float(calculated @ calculated)
    return max(0.0, float(calculated @ measured) / square) if square > 0 else 0.0
