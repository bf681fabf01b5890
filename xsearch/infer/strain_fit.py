"""The closer look: the cell of a substituted crystal strained, as its crystal system allows, until its lines meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.infer.kernels import deposit, positions, refine, scan
from xsearch.infer.profile import N_BINS, gaussian, smoothed, tap_table
from xsearch.infer.screen import lorentz_polarisation_of_d
from xsearch.simulate.kernels import CUBIC, HEXAGONAL, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL
from xsearch.simulate.powder import LATTICE_KIND, spacings
from xsearch.simulate.reflections import Reflections

WIDTHS = (0.008, 0.004, 0.0022)
"""Smoothing in ln q, from one that finds the cell to one that tells it from its neighbours."""

SHAPE_SIGMA = 0.02
"""Expected change of one axis against the mean; substitution changes shapes by a few per cent."""

ANGLE_SIGMA_DEG = 2.0
ZERO_SIGMA_DEG = 0.08
FIRST_FWHM_DEG = 0.15
FWHM_STEP = 0.3
SCAN_WIDTH = 0.012
SCAN_SCALES: NDArray[np.float64] = np.linspace(-0.06, 0.06, 25)
SCAN_SHAPES: NDArray[np.float64] = np.array([0.0, -0.022, 0.022, -0.045, 0.045])
"""Where the search for the cell starts from: scales about that of the first look, and changes of single axes."""

MOST_LINES = 160
"""The strongest lines are fitted; in a large cell the others lie under them."""

SCAN_LINES = 60
PENALTY = 0.02
"""Loss of correlation for a strain of one standard deviation."""


@dataclass(frozen=True, slots=True, eq=False)
class StrainFit:
    """How a crystal meets a pattern with the best cell.

    Attributes:
        correlation: Pearson's r at each of `WIDTHS`, less the penalty for strain.
        cell: (6,) a b c in Å and angles in degrees.
        strain: mean ln(length / given length).
        shape: root mean square difference of the axes' strains from their mean.
        zero_shift_deg: added to the calculated 2θ.
        fwhm_deg: of the lines.
        unexplained: share of the pattern's net intensity farther than a line width from any line, 0 to 1.
        missing: share of the calculated intensity where the pattern has next to nothing, 0 to 1.
        free: number of cell parameters that the crystal system leaves free.
        lines: lines within the pattern that are not faint.
    """

    correlation: tuple[float, ...]
    cell: NDArray[np.float64]
    strain: float
    shape: float
    zero_shift_deg: float
    fwhm_deg: float
    unexplained: float
    missing: float
    free: int
    lines: int


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A pattern ready for many fits.

    Attributes:
        bins: (N_BINS,) as `profile.binned` gives them.
        rows: (len(WIDTHS), N_BINS) float32, smoothed, centred, of unit length over the covered bins.
        scan: (N_BINS,) float32, the same at `SCAN_WIDTH`.
        low, high: first and one past the last covered bin.
        wavelength_A: of the pattern.
    """

    bins: NDArray[np.float64]
    rows: NDArray[np.float32]
    scan: NDArray[np.float32]
    low: int
    high: int
    wavelength_A: float


def prepare(bins: NDArray[np.float64], wavelength_A: float) -> Prepared:
    """Smooth the pattern to each of `WIDTHS`."""
    covered = np.flatnonzero(np.isfinite(bins))
    low, high = int(covered[0]), int(covered[-1]) + 1
    rows = np.zeros((len(WIDTHS) + 1, N_BINS), np.float32)
    for i, width in enumerate((*WIDTHS, SCAN_WIDTH)):
        row = smoothed(bins, width)
        row[low:high] -= row[low:high].mean()
        row[:low] = row[high:] = 0.0
        rows[i] = row / max(float(np.linalg.norm(row)), 1e-12)
    return Prepared(bins, rows[:-1], rows[-1], low, high, wavelength_A)


def fit_strain(
    reflections: Reflections, pattern: Prepared, scale: float, fwhm_deg: float = FIRST_FWHM_DEG, widths: int = 3
) -> StrainFit:
    """Strain one crystal's cell to the pattern.

    Args:
        reflections: of the crystal in its predicted cell.
        pattern: from `prepare`.
        scale: ln(length / predicted) to start from, from the first look.
        fwhm_deg: line width to start from.
        widths: how many of `WIDTHS` to go through; fewer are quicker.
    """
    d_A = spacings(reflections.hkl, reflections.cell)
    intensity = reflections.structure_factor_sq * lorentz_polarisation_of_d(d_A, pattern.wavelength_A)
    keep = np.sort(np.argsort(-intensity, kind="stable")[:MOST_LINES])
    keep = keep[intensity[keep] > 5e-4 * intensity.max()]
    hkl = reflections.hkl[keep].astype(np.float64)
    intensity = intensity[keep].astype(np.float64)
    state = np.array([*reflections.cell, 0.0, fwhm_deg])
    first = state.copy()
    state[:3] *= np.exp(scale)
    kind = LATTICE_KIND[reflections.crystal_system]
    taps, reaches = tap_table()
    limits = np.array([SHAPE_SIGMA, ANGLE_SIGMA_DEG, ZERO_SIGMA_DEG, PENALTY])
    values = []
    strongest = np.argsort(-intensity, kind="stable")[:SCAN_LINES]
    state = scan(
        hkl[strongest], intensity[strongest], state, kind, pattern.scan, taps, reaches, pattern.low, pattern.high,
        SCAN_WIDTH, pattern.wavelength_A, limits, SCAN_SCALES, SCAN_SHAPES, first,
    )  # fmt: skip
    for i, width in enumerate(WIDTHS[:widths]):
        state, value = refine(
            hkl, intensity, state, first, kind, pattern.rows[i], taps, reaches, pattern.low, pattern.high, width,
            pattern.wavelength_A, limits,
        )  # fmt: skip
        values.append(float(value))
    strains = np.log(state[:3] / reflections.cell[:3])
    log_q, sigma = np.empty(len(hkl)), np.empty(len(hkl))
    positions(hkl, state, pattern.wavelength_A, WIDTHS[-1], log_q, sigma)
    unexplained, missing = _shares(log_q, sigma, intensity, pattern)
    return StrainFit(
        correlation=tuple(values),
        cell=state[:6].copy(),
        strain=float(strains.mean()),
        shape=float(np.sqrt(((strains - strains.mean()) ** 2).mean())),
        zero_shift_deg=float(state[6]),
        fwhm_deg=float(state[7]),
        unexplained=unexplained,
        missing=missing,
        free={CUBIC: 1, HEXAGONAL: 2, TETRAGONAL: 2, ORTHORHOMBIC: 3, MONOCLINIC: 4}.get(kind, 6),
        lines=int((intensity > 0.01 * intensity.max()).sum()),
    )


def _shares(
    log_q: NDArray[np.float64], sigma: NDArray[np.float64], intensity: NDArray[np.float64], pattern: Prepared
) -> tuple[float, float]:
    """Intensity of the pattern away from every line, and of lines where the pattern is empty."""
    low, high = pattern.low, pattern.high
    calculated = np.zeros(N_BINS, np.float32)
    deposit(log_q, intensity, sigma, *tap_table(), low, high, calculated)
    model = (calculated[low:high] - calculated[low:high].min()).astype(np.float64) ** 2
    taps = gaussian(WIDTHS[-1])
    measured = np.maximum(np.convolve(np.nan_to_num(pattern.bins), taps / taps.sum(), mode="same")[low:high], 0)
    model /= max(model.sum(), 1e-12)
    measured /= max(measured.sum(), 1e-12)
    return float(measured[model < 0.1 * measured].sum()), float(model[measured < 0.1 * model].sum())
