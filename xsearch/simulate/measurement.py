"""What a measurement does to a calculated pattern: each effect a function, and one that draws them all at random.

Positions: the cell is strained as its crystal system allows, the goniometer's zero is shifted, the sample displaced.
Intensities: thermal motion, preferred orientation, scatter of grains. Shapes: instrument, size and strain broadening,
the Kα doublet. Counts: background, fluorescence, foreign lines, Poisson noise. All angles are in degrees 2θ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.simulate.measurement_kernels import add_lines, reciprocal_cosines
from xsearch.simulate.powder import lorentz_polarisation, reciprocal_metric
from xsearch.simulate.reflections import Reflections

Array = NDArray[np.float64]

KALPHA_RATIO = 0.5
"""Intensity of Kα2 over Kα1."""


def strained_cell(cell: Array, crystal_system: str, mean: float, shape: Array) -> Array:
    """A cell under a strain that keeps its crystal system.

    Args:
        cell: (6,) a b c in Å and α β γ in degrees.
        crystal_system: of the conventional cell.
        mean: ln(strained / given) of every length.
        shape: (6,) further strain of a, b, c and change of α, β, γ in degrees; what the system ties is tied.
    """
    tied = np.array(shape, np.float64)
    if crystal_system == "cubic":
        tied[:] = 0
    elif crystal_system in ("hexagonal", "trigonal", "tetragonal"):
        tied = np.array([tied[0], tied[0], tied[2], 0, 0, 0])
    elif crystal_system == "orthorhombic":
        tied[3:] = 0
    elif crystal_system == "monoclinic":
        tied[[3, 5]] = 0
    out = np.array(cell, np.float64)
    out[:3] *= np.exp(mean + tied[:3])
    out[3:] += tied[3:]
    return out


def zero_shifted(two_theta_deg: Array, shift_deg: float) -> Array:
    """Angles with the goniometer's zero off."""
    return two_theta_deg + shift_deg


def displaced(two_theta_deg: Array, displacement_deg: float) -> Array:
    """Angles of a sample that lies off the axis: -2 s cos θ / R, here as its value at 2θ = 0 in degrees."""
    return two_theta_deg + displacement_deg * np.cos(np.radians(two_theta_deg / 2))


def debye_waller(sine_over_wavelength_sq: Array, b_iso_A2: float) -> Array:
    """Factor of the intensity, exp(-2 B (sin θ / λ)²)."""
    return np.exp(-2 * b_iso_A2 * sine_over_wavelength_sq)


def march_dollase(cosine: Array, r: float) -> Array:
    """Factor of preferred orientation (Dollase, J. Appl. Cryst. 19 (1986) 267): r < 1 for plates, 1 for none.

    Args:
        cosine: (n,) of the angle between each reflection and the preferred direction.
        r: the March parameter.
    """
    square = cosine * cosine
    return (r * r * square + (1 - square) / r) ** -1.5


def widths(two_theta_deg: Array, wavelength_A: float, instrument_deg: float, size_A: float, strain: float) -> Array:
    """Full widths at half maximum: instrument, Scherrer's size term and Stokes and Wilson's strain term.

    Args:
        two_theta_deg: (n,).
        wavelength_A: in Å.
        instrument_deg: width of the instrument.
        size_A: of the crystallites.
        strain: microstrain, Δd/d.
    """
    theta = np.radians(two_theta_deg / 2)
    size_deg = np.degrees(0.9 * wavelength_A / (size_A * np.cos(theta)))
    strain_deg = np.degrees(4 * strain * np.tan(theta))
    return np.sqrt(instrument_deg**2 + (size_deg + strain_deg) ** 2)


def background(two_theta_deg: Array, slope: float, hump: float, hump_deg: float, hump_width_deg: float) -> Array:
    """Air scatter that falls with the angle, the hump of a glass, and a constant of one (fluorescence is one too)."""
    air = slope * np.exp(-(two_theta_deg - two_theta_deg[0]) / 12)
    glass = hump * np.exp(-0.5 * ((two_theta_deg - hump_deg) / hump_width_deg) ** 2)
    return 1 + air + glass


def counted(expected: Array, random: np.random.Generator) -> Array:
    """Counts of an expectation, Poisson."""
    return random.poisson(expected).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one measurement is like; `draw_conditions` gives typical ones.

    Attributes:
        wavelength_A: of Kα1, or of a single line where `alpha2_A` is 0. alpha2_A: of Kα2.
        first_deg, last_deg, step_deg: the range.
        mean_strain, shape_strain: ln(sample / computed cell), and (6,) as in `strained_cell`.
        zero_deg, displacement_deg: see `zero_shifted` and `displaced`.
        b_iso_A2: thermal motion.
        march, axis: March parameter and the indices of its direction.
        grain_scatter: relative standard deviation of line intensities.
        instrument_deg, size_A, microstrain, lorentzian: of the line shape.
        counts: of the highest point above the background. floor: background, in counts.
        slope, hump, hump_deg, hump_width_deg: of the background, relative to the floor.
        foreign: (k, 2) angle and relative height of lines that are not the sample's.
    """

    wavelength_A: float
    alpha2_A: float
    first_deg: float
    last_deg: float
    step_deg: float
    mean_strain: float
    shape_strain: tuple[float, float, float, float, float, float]
    zero_deg: float
    displacement_deg: float
    b_iso_A2: float
    march: float
    axis: tuple[int, int, int]
    grain_scatter: float
    instrument_deg: float
    size_A: float
    microstrain: float
    lorentzian: float
    counts: float
    floor: float
    slope: float
    hump: float
    hump_deg: float
    hump_width_deg: float
    foreign: tuple[tuple[float, float], ...]


TUBES_A = ((1.540593, 1.544427), (0.709317, 0.713607), (1.788996, 1.792835), (1.54184, 0.0), (0.8, 0.0))
TUBE_SHARES = (0.62, 0.06, 0.05, 0.25, 0.02)
"""Kα1 and Kα2 of Cu, Mo and Co, unresolved Cu, a synchrotron; and how often each is drawn."""

AXES = ((0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0), (1, 1, 1))


def draw_conditions(random: np.random.Generator) -> Conditions:
    """Conditions as they occur in laboratories, at random.

    Strains follow pairs of computed and measured cells: the mean is about -0.5 % and 1 % wide, the axes of one crystal
    differ by 1 % in the median.
    """
    alpha1, alpha2 = TUBES_A[random.choice(len(TUBES_A), p=TUBE_SHARES)]
    # the range is drawn in q, so that short wavelengths cover as much of the pattern as copper
    low_deg, high_deg = random.uniform(5, 20), random.uniform(60, 90)
    first, last = (
        2 * np.degrees(np.arcsin(min(0.95, np.sin(np.radians(edge / 2)) * alpha1 / 1.540593)))
        for edge in (low_deg, high_deg)
    )
    shape = random.standard_t(3, 6) * np.array([0.005, 0.005, 0.005, 0.3, 0.3, 0.3])
    textured = random.random() < 0.4
    return Conditions(
        wavelength_A=alpha1,
        alpha2_A=alpha2,
        first_deg=float(first),
        last_deg=float(last),
        step_deg=float(random.choice([0.01, 0.02, 0.02, 0.04]) * (1 if alpha1 > 1.2 else 0.5)),
        mean_strain=float(np.clip(-0.005 + 0.007 * random.standard_t(4), -0.045, 0.045)),
        shape_strain=tuple(np.clip(shape, [-0.04] * 3 + [-2] * 3, [0.04] * 3 + [2] * 3).tolist()),
        zero_deg=float(random.normal(0, 0.03)),
        displacement_deg=float(random.normal(0, 0.03)),
        b_iso_A2=float(random.uniform(0.2, 2.0)),
        march=float(np.exp(random.normal(0, 0.35))) if textured else 1.0,
        axis=AXES[random.integers(len(AXES))],
        grain_scatter=float(abs(random.normal(0, 0.15))),
        instrument_deg=float(random.uniform(0.04, 0.2) * (1 if alpha1 > 1.2 else 0.5)),
        size_A=float(np.exp(random.uniform(np.log(150), np.log(5000)))),
        microstrain=float(abs(random.normal(0, 0.0015))),
        lorentzian=float(random.uniform(0.2, 0.9)),
        counts=float(np.exp(random.uniform(np.log(300), np.log(50_000)))),
        floor=float(np.exp(random.uniform(np.log(3), np.log(300)))),
        slope=float(random.exponential(1.5)),
        hump=float(random.exponential(0.5)),
        hump_deg=float(random.uniform(first, first + 0.4 * (last - first))),
        hump_width_deg=float(random.uniform(3, 8)),
        foreign=tuple(
            (float(random.uniform(first, last)), float(random.exponential(0.03))) for _ in range(random.poisson(0.7))
        ),
    )


def measure(reflections: Reflections, conditions: Conditions, random: np.random.Generator) -> tuple[Array, Array]:
    """The pattern of a crystal under some conditions.

    Args:
        reflections: of the crystal as stored.
        conditions: of the measurement.
        random: for grains and counts.

    Returns:
        two_theta_deg (n,) even axis and counts (n,); without a line in range, counts of background alone.
    """
    c = conditions
    steps = int((c.last_deg - c.first_deg) / c.step_deg) + 1
    angles: Array = c.first_deg + c.step_deg * np.arange(steps, dtype=np.float64)
    cell = strained_cell(reflections.cell, reflections.crystal_system, c.mean_strain, np.array(c.shape_strain))
    metric = reciprocal_metric(cell)
    h = reflections.hkl.astype(np.float64)
    inverse_d = np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", h, metric, h), 1e-12))
    area = reflections.structure_factor_sq.astype(np.float64) * debye_waller((inverse_d / 2) ** 2, c.b_iso_A2)
    if c.march != 1.0:
        stars = np.linalg.cholesky(metric)
        area *= march_dollase(reciprocal_cosines(reflections.hkl, stars, np.array(c.axis, np.float64)), c.march)
    area *= np.maximum(1 + c.grain_scatter * random.standard_normal(len(area)), 0.05)
    net = np.zeros(len(angles))
    lines = [(c.wavelength_A, 1.0), (c.alpha2_A, KALPHA_RATIO)] if c.alpha2_A else [(c.wavelength_A, 1.0)]
    for wavelength_A, share in lines:
        sine = wavelength_A * inverse_d / 2
        seen = sine < 0.999
        true_deg = 2 * np.degrees(np.arcsin(sine[seen]))
        observed = displaced(zero_shifted(true_deg, c.zero_deg), c.displacement_deg)
        fwhm = widths(true_deg, wavelength_A, c.instrument_deg, c.size_A, c.microstrain)
        weight = share * area[seen] * lorentz_polarisation(true_deg)
        add_lines(observed, weight, fwhm, c.lorentzian, c.first_deg, c.step_deg, net)
    highest = net.max()
    net = net / highest if highest > 0 else net
    if c.foreign:
        where, height = np.array(c.foreign).T
        fwhm = np.full(len(where), c.instrument_deg)
        add_lines(where, height * c.instrument_deg, fwhm, c.lorentzian, c.first_deg, c.step_deg, net)
    ground = c.floor * background(angles, c.slope, c.hump, c.hump_deg, c.hump_width_deg)
    return angles, counted(c.counts * net + ground, random)
