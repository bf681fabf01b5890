"""Simulated powder patterns with what measurement and computed cells do to them, for evaluations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.simulate.powder import line_positions, simulate_reflections
from xsearch.simulate.reflections import Reflections
from xsearch.spectra import PowderPattern


@dataclass(frozen=True, slots=True)
class Disturbance:
    """How strongly patterns are disturbed; the defaults are strong.

    Attributes:
        volume_strain, axis_strain: standard deviations of the mean strain and of each free axis beside it.
        angle_deg: standard deviation of free cell angles.
        zero_shift_deg: largest zero shift.
        texture: largest departure of March's parameter from one, about one of the axes.
        intensity_noise: standard deviation of the logarithm of each line's intensity.
        displacement_A2: range of the overall isotropic B factor.
        fwhm_deg: range of the line width.
        impurities: largest number of foreign lines, each up to 4 % of the strongest.
        background: of the strongest line, at low angles.
        counts: range of the strongest line's counts, in powers of ten.
        wavelength_A, first_deg, last_deg, step_deg: of the scan.
    """

    volume_strain: float = 0.006
    axis_strain: float = 0.006
    angle_deg: float = 0.4
    zero_shift_deg: float = 0.08
    texture: float = 0.3
    intensity_noise: float = 0.15
    displacement_A2: tuple[float, float] = (0.3, 1.5)
    fwhm_deg: tuple[float, float] = (0.08, 0.35)
    impurities: int = 3
    background: float = 0.06
    counts: tuple[float, float] = (2.7, 4.0)
    wavelength_A: float = 1.54184
    first_deg: float = 6.0
    last_deg: float = 88.0
    step_deg: float = 0.02


STRONG = Disturbance()


def disturbed_pattern(crystal: Crystal, seed: int, strength: Disturbance = STRONG) -> PowderPattern:
    """A pattern of a crystal as a laboratory might measure it.

    Args:
        crystal: the crystal.
        seed: the same seed gives the same pattern.
        strength: how much is done to it.
    """
    chance = np.random.default_rng(seed)
    reflections = simulate_reflections([find_symmetry(crystal)], d_min_A=1.0)[0]
    angles, intensity, seen = line_positions(
        reflections, strength.wavelength_A, _strained(reflections, chance, strength)
    )
    inside = angles < strength.last_deg + 2
    angles, intensity, seen = angles[inside], intensity[inside], seen[inside]
    intensity = intensity * _texture(reflections, seen, chance, strength)
    sine = np.sin(np.radians(angles / 2)) / strength.wavelength_A
    intensity = intensity * np.exp(-2 * chance.uniform(*strength.displacement_A2) * sine**2)
    intensity = intensity * np.exp(chance.normal(0, strength.intensity_noise, len(intensity)))
    angles = angles + chance.uniform(-strength.zero_shift_deg, strength.zero_shift_deg)
    x = np.arange(strength.first_deg, strength.last_deg, strength.step_deg)
    fwhm = chance.uniform(*strength.fwhm_deg)
    y = _drawn(x, angles, intensity, fwhm)
    y /= max(float(y.max()), 1e-12)
    for _ in range(chance.integers(0, strength.impurities + 1)):
        where, height = chance.uniform(strength.first_deg + 4, strength.last_deg - 8), chance.uniform(0.005, 0.04)
        y += height * np.exp(-4 * np.log(2) * ((x - where) / fwhm) ** 2)
    level = strength.background * chance.uniform(0.1, 1.0)
    y += level * np.exp(-x / 30) + 0.02 * chance.uniform(0, 1) * np.exp(-(((x - 25) / 10) ** 2))
    counts = 10 ** chance.uniform(*strength.counts)
    return PowderPattern(x, chance.poisson(np.maximum(y, 0) * counts).astype(float), strength.wavelength_A)


def _strained(reflections: Reflections, chance: np.random.Generator, strength: Disturbance) -> NDArray[np.float64]:
    """A cell strained as its crystal system allows."""
    cell = reflections.cell.copy()
    mean, axes = chance.normal(0, strength.volume_strain), chance.normal(0, strength.axis_strain, 3)
    system = reflections.crystal_system
    if system == "cubic":
        axes[:] = axes[0]
    elif system in ("tetragonal", "hexagonal", "trigonal"):
        axes[1] = axes[0]
    cell[:3] *= np.exp(mean + axes)
    if system == "monoclinic":
        cell[4] += chance.normal(0, strength.angle_deg)
    elif system == "triclinic":
        cell[3:] += chance.normal(0, strength.angle_deg, 3)
    return cell


def _texture(
    reflections: Reflections, seen: NDArray[np.intp], chance: np.random.Generator, strength: Disturbance
) -> NDArray[np.float64]:
    """March's factor of preferred orientation (Dollase, J. Appl. Cryst. 19, 267, 1986) about a random axis."""
    march = chance.uniform(1 - strength.texture, 1 + strength.texture)
    direction = reflections.hkl[seen] / reflections.cell[:3]
    cosine = np.abs(direction[:, chance.integers(3)]) / np.linalg.norm(direction, axis=1)
    return (march**2 * cosine**2 + (1 - cosine**2) / march) ** -1.5


def _drawn(
    x: NDArray[np.float64], angles: NDArray[np.float64], intensity: NDArray[np.float64], fwhm: float
) -> NDArray[np.float64]:
    """Pseudo-Voigt lines, half Lorentzian, that widen with the angle."""
    y = np.zeros(len(x))
    for angle, height in zip(angles, intensity, strict=True):
        width = fwhm * (1 + 0.5 * angle / 90)
        first, last = np.searchsorted(x, (angle - 12 * width, angle + 12 * width))
        z = (x[first:last] - angle) / width
        y[first:last] += height / width * (0.47 * np.exp(-4 * np.log(2) * z * z) + 0.32 / (1 + 4 * z * z))
    return y
