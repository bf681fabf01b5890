"""What a measurement does to a calculated pattern: each effect a function, and one that puts them together.

Positions: the cell is strained as its crystal system allows, the goniometer's zero is shifted, the sample displaced.
Intensities: thermal motion, preferred orientation, scatter of grains. Shapes: instrument, size and strain broadening,
the Kα doublet and other lines of the tube. Counts: background, fluorescence, amorphous humps, the direct beam, foreign
lines, Poisson noise. All angles are in degrees 2θ.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.simulate.conditions import Conditions
from xsearch.simulate.lattice_kernels import direction_cosines, reciprocal_metric
from xsearch.simulate.line_kernels import LARGEST_SINE, add_lines, lorentz_polarisation
from xsearch.simulate.polarisation import UNPOLARISED
from xsearch.simulate.powder import inverse_spacings
from xsearch.simulate.reflections import Reflections
from xsearch.simulate.strain import strained_cell
from xsearch.simulate.texture import textured

Array = NDArray[np.float64]

KALPHA_RATIO = 0.5
"""Intensity of Kα2 over Kα1."""

REACH_FWHM = 12.0
"""Full widths at half maximum from its centre within which a line is drawn."""


def zero_shifted(two_theta_deg: Array, shift_deg: float) -> Array:
    """Angles with the goniometer's zero off."""
    return two_theta_deg + shift_deg


def displaced(two_theta_deg: Array, displacement_deg: float) -> Array:
    """Angles of a sample that lies off the axis: -2 s cos θ / R, here as its value at 2θ = 0 in degrees."""
    return two_theta_deg + displacement_deg * np.cos(np.radians(two_theta_deg / 2))


def debye_waller(sine_over_wavelength_sq: Array, b_iso_A2: float) -> Array:
    """Factor of the intensity, exp(-2 B (sin θ / λ)²)."""
    return np.exp(-2 * b_iso_A2 * sine_over_wavelength_sq)


def widths(
    two_theta_deg: Array,
    wavelength_A: float,
    instrument_deg: float,
    size_A: float,
    strain: float,
    factor: Array | float = 1.0,
) -> Array:
    """Full widths at half maximum: instrument, Scherrer's size term and Stokes and Wilson's strain term.

    Args:
        two_theta_deg: (n,).
        wavelength_A: in Å.
        instrument_deg: width of the instrument.
        size_A: of the crystallites.
        strain: microstrain, Δd/d.
        factor: on the size and strain terms, (n,) where they differ by direction.
    """
    theta = np.radians(two_theta_deg / 2)
    size_deg = np.degrees(0.9 * wavelength_A / (size_A * np.cos(theta)))
    strain_deg = np.degrees(4 * strain * np.tan(theta))
    return np.sqrt(instrument_deg**2 + (factor * (size_deg + strain_deg)) ** 2)


def directional(cosine: Array, amount: float) -> Array:
    """Factor on the broadening of plates and needles, and of stacking faults: exp(amount · (cos² - 1/3)).

    Args:
        cosine: (n,) of the angle between each reflection and the unusual direction.
        amount: above 0 lines along the direction are the broad ones.
    """
    return np.asarray(np.exp(amount * (cosine * cosine - 1 / 3)))


def background(two_theta_deg: Array, slope: float) -> Array:
    """Air scatter that falls with the angle, and a constant of one."""
    return np.asarray(1 + slope * np.exp(-(two_theta_deg - two_theta_deg[0]) / 12))


def amorphous(two_theta_deg: Array, humps: Sequence[tuple[float, float, float]]) -> Array:
    """Humps of a glass, a capillary, a foil or an amorphous part: angle, full width at half maximum and height."""
    total = np.zeros(len(two_theta_deg))
    for at_deg, fwhm_deg, height in humps:
        total += height * np.exp(-4 * np.log(2) * ((two_theta_deg - at_deg) / fwhm_deg) ** 2)
    return total


def beam_tail(two_theta_deg: Array, height: float) -> Array:
    """Tail of the direct beam, `height` at the first angle, as the fourth power of the angle (Porod) lets it fall."""
    return np.asarray(height * (np.maximum(two_theta_deg[0], 0.5) / np.maximum(two_theta_deg, 0.5)) ** 4)


def fluorescent(net: Array, share: float) -> Array:
    """A pattern of a sample that fluoresces: as much at every angle, a share of the highest line (Fe or Co with Cu)."""
    return net + share * net.max(initial=0.0)


def foreign_lines(lines: Array, width_deg: float, lorentzian: float, two_theta_deg: Array, net: Array) -> None:
    """Add lines of an impurity or the holder, (k, 2) angle and height, to a pattern."""
    where, height = np.asarray(lines, np.float64).reshape(-1, 2).T
    fwhm = np.full(len(where), width_deg)
    add_lines(where, height * width_deg, fwhm, lorentzian, REACH_FWHM, two_theta_deg, net)


def counted(expected: Array, random: np.random.Generator) -> Array:
    """Counts of an expectation, Poisson."""
    return random.poisson(expected).astype(np.float64)


def measure(reflections: Reflections, conditions: Conditions, random: np.random.Generator) -> tuple[Array, Array]:
    """The pattern of a crystal under some conditions.

    Args:
        reflections: of the crystal as stored.
        conditions: of the measurement.
        random: for grains and counts.

    Returns:
        two_theta_deg (n,) even axis and counts (n,); without a line in range, counts of background alone.
    """
    angles = measured_angles(conditions)
    return angles, measured_counts(crystal_lines(reflections, conditions, angles, random), conditions, angles, random)


def measured_angles(conditions: Conditions) -> Array:
    """(n,) the angles of a measurement in degrees."""
    steps = int((conditions.last_deg - conditions.first_deg) / conditions.step_deg) + 1
    return np.asarray(conditions.first_deg + conditions.step_deg * np.arange(steps, dtype=np.float64))


def crystal_lines(
    reflections: Reflections, conditions: Conditions, angles: Array, random: np.random.Generator
) -> Array:
    """(n,) the lines of a crystal at angles, in proportion to |F|² of its unit cell."""
    c = conditions
    cell = strained_cell(reflections.cell, reflections.system, c.mean_strain, np.array(c.shape_strain))
    inverse_d = inverse_spacings(reflections.hkl, cell)
    area = reflections.structure_factor_sq.astype(np.float64) * debye_waller((inverse_d / 2) ** 2, c.b_iso_A2)
    metric = reciprocal_metric(cell)
    area *= textured(reflections.hkl, metric, reflections.system, c.axis, c.march)
    broader = directional(direction_cosines(reflections.hkl, metric, np.array(c.axis)), c.direction)
    area *= np.maximum(1 + c.grain_scatter * random.standard_normal(len(area)), 0.05)
    net = np.zeros(len(angles))
    alpha2 = ((c.alpha2_A, KALPHA_RATIO),) if c.alpha2_A else ()
    for wavelength_A, share in ((c.wavelength_A, 1.0), *alpha2, *c.tube):
        sine = wavelength_A * inverse_d / 2
        seen = sine < LARGEST_SINE
        true_deg = 2 * np.degrees(np.arcsin(sine[seen]))
        observed = displaced(zero_shifted(true_deg, c.zero_deg), c.displacement_deg)
        fwhm = widths(true_deg, wavelength_A, c.instrument_deg, c.size_A, c.microstrain, broader[seen])
        weight = share * area[seen] * lorentz_polarisation(sine[seen], UNPOLARISED)
        add_lines(observed, weight, np.maximum(fwhm, 0.5 * c.step_deg), c.lorentzian, REACH_FWHM, angles, net)
    return net


def measured_counts(lines: Array, conditions: Conditions, angles: Array, random: np.random.Generator) -> Array:
    """(n,) counts of lines, scaled to the highest, with all that is not the sample's lines."""
    c = conditions
    highest = lines.max()
    net = lines / highest if highest > 0 else lines.copy()
    foreign_lines(np.array(c.foreign), c.instrument_deg, c.lorentzian, angles, net)
    net = fluorescent(net, c.fluorescence) + amorphous(angles, c.humps) + beam_tail(angles, c.tail)
    return counted(c.counts * net + c.floor * background(angles, c.slope), random)
