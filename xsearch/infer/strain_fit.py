"""The closer look: the cell of a substituted crystal strained, as its crystal system allows, until its lines meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from xsearch.infer.profile import N_BINS, deposit, gaussian, smoothed, tap_table
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
SCAN_SCALES: NDArray[np.float64] = np.arange(-12, 13) * 0.005
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
    state = _scan(
        hkl[strongest], intensity[strongest], state, kind, pattern.scan, taps, reaches, pattern.low, pattern.high, SCAN_WIDTH,
        pattern.wavelength_A, limits, SCAN_SCALES, SCAN_SHAPES, first,
    )  # fmt: skip
    for i, width in enumerate(WIDTHS[:widths]):
        state, value = _refine(
            hkl, intensity, state, first, kind, pattern.rows[i], taps, reaches, pattern.low, pattern.high, width,
            pattern.wavelength_A, limits,
        )  # fmt: skip
        values.append(float(value))
    strains = np.log(state[:3] / reflections.cell[:3])
    log_q, sigma = np.empty(len(hkl)), np.empty(len(hkl))
    _positions(hkl, state, pattern.wavelength_A, WIDTHS[-1], log_q, sigma)
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


@njit(cache=True, nogil=True)
def _positions(hkl, state, wavelength, smoothing, log_q, sigma):  # type: ignore[no-untyped-def]
    """ln q and width of every line for a cell, a zero shift and a width in 2θ; False for an impossible cell."""
    a, b, c = state[0], state[1], state[2]
    ca, cb, cg = np.cos(np.radians(state[3])), np.cos(np.radians(state[4])), np.cos(np.radians(state[5]))
    square = 1 - ca * ca - cb * cb - cg * cg + 2 * ca * cb * cg
    if square < 1e-6:
        return False
    # reciprocal metric of a general cell (International Tables B, ch. 1.1)
    g11 = (1 - ca * ca) / (a * a * square)
    g22 = (1 - cb * cb) / (b * b * square)
    g33 = (1 - cg * cg) / (c * c * square)
    g12 = (ca * cb - cg) / (a * b * square)
    g13 = (ca * cg - cb) / (a * c * square)
    g23 = (cb * cg - ca) / (b * c * square)
    zero = np.radians(state[6]) / 2
    spread = np.radians(state[7] / 2.355) / 2
    for i in range(len(hkl)):
        h, k, l = hkl[i, 0], hkl[i, 1], hkl[i, 2]
        s = h * h * g11 + k * k * g22 + l * l * g33 + 2 * (h * k * g12 + h * l * g13 + k * l * g23)
        inverse_d = np.sqrt(max(s, 1e-9))
        sine = min(0.5 * wavelength * inverse_d, 0.985)
        cotangent = np.sqrt(1 / (sine * sine) - 1)
        log_q[i] = np.log(2 * np.pi * inverse_d) + zero * cotangent
        sigma[i] = np.sqrt(smoothing * smoothing + (spread * cotangent) ** 2)
    return True


@njit(cache=True, nogil=True, fastmath=True)
def _value(hkl, intensity, state, first, row, taps, reaches, low, high, smoothing, wavelength, limits, log_q, sigma, out):  # type: ignore[no-untyped-def] # noqa: E501
    if not _positions(hkl, state, wavelength, smoothing, log_q, sigma):
        return -1.0
    norm = deposit(log_q, intensity, sigma, taps, reaches, low, high, out)
    if norm < 1e-9:
        return -1.0
    dot = 0.0
    for j in range(low, high):
        dot += out[j] * row[j]
    shape_sigma, angle_sigma, zero_sigma, penalty = limits
    mean = 0.0
    for i in range(3):
        mean += np.log(state[i] / first[i]) / 3
    loss = (mean / shape_sigma) ** 2 + (state[6] / zero_sigma) ** 2
    for i in range(3):
        loss += ((np.log(state[i] / first[i]) - mean) / shape_sigma) ** 2
        loss += ((state[3 + i] - first[3 + i]) / angle_sigma) ** 2
    return dot / norm - penalty * loss / 3


@njit(cache=True, nogil=True)
def _move(state, kind, which, step, out):  # type: ignore[no-untyped-def]
    """Direction 0 scales all axes, 1 is the zero shift, 2 the width; the others what the crystal system leaves free."""
    out[:] = state
    factor = np.exp(step)
    if which == 0:
        out[:3] *= factor
    elif which == 1:
        out[6] += 8 * step
    elif which == 2:
        out[7] = min(max(out[7] * np.exp(60 * step), 0.03), 1.5)
    elif kind in (HEXAGONAL, TETRAGONAL):
        if which == 3:
            out[2] *= factor
        else:
            out[0] *= factor
            out[1] = out[0]
    elif which <= 5:
        out[which - 3] *= factor
    elif kind == MONOCLINIC:
        out[4] += np.degrees(step)
    else:
        out[which - 3] += np.degrees(step)


@njit(cache=True, nogil=True)
def _scan(hkl, intensity, state, kind, row, taps, reaches, low, high, smoothing, wavelength, limits, scales, shapes, first):  # type: ignore[no-untyped-def] # noqa: E501
    """The best of a grid of scales and changes of up to two axes."""
    log_q, sigma = np.empty(len(hkl)), np.empty(len(hkl))
    out = np.zeros(N_BINS, np.float32)
    trial, start, best_state = state.copy(), state.copy(), state.copy()
    best = -2.0
    first_shapes = 1 if kind == CUBIC else len(shapes)
    second_shapes = 1 if kind in (CUBIC, HEXAGONAL, TETRAGONAL) else 3
    for i in range(first_shapes):
        for j in range(second_shapes):
            start[:] = state
            start[2] *= np.exp(shapes[i])
            start[1] *= np.exp(shapes[j])
            if kind in (HEXAGONAL, TETRAGONAL):
                start[1] = start[0]
            # keep the volume: scale and shape are looked for apart
            start[:3] *= np.exp(-(shapes[i] + shapes[j]) / 3)
            for k in range(len(scales)):
                trial[:] = start
                trial[:3] *= np.exp(scales[k])
                value = _value(
                    hkl, intensity, trial, first, row, taps, reaches, low, high, smoothing, wavelength, limits, log_q,
                    sigma, out,
                )  # fmt: skip
                if value > best:
                    best = value
                    best_state[:] = trial
    return best_state


@njit(cache=True, nogil=True)
def _refine(hkl, intensity, state, first, kind, row, taps, reaches, low, high, smoothing, wavelength, limits):  # type: ignore[no-untyped-def] # noqa: E501
    """Pattern search: steps along each free direction, halved until they are a fraction of the width."""
    if kind == CUBIC:
        directions = 3
    elif kind in (HEXAGONAL, TETRAGONAL):
        directions = 5
    elif kind == ORTHORHOMBIC:
        directions = 6
    elif kind == MONOCLINIC:
        directions = 7
    else:
        directions = 9
    log_q, sigma = np.empty(len(hkl)), np.empty(len(hkl))
    out = np.zeros(N_BINS, np.float32)
    trial, best_state = state.copy(), state.copy()
    best = _value(
        hkl, intensity, state, first, row, taps, reaches, low, high, smoothing, wavelength, limits, log_q, sigma, out
    )
    step = 1.6 * smoothing
    while step > 0.15 * smoothing:
        improved = False
        for which in range(directions):
            for sign in (1.0, -1.0):
                moved = False
                while True:
                    _move(best_state, kind, which, sign * step, trial)
                    value = _value(
                        hkl, intensity, trial, first, row, taps, reaches, low, high, smoothing, wavelength, limits,
                        log_q, sigma, out,
                    )  # fmt: skip
                    if value <= best + 2e-4:
                        break
                    best = value
                    best_state[:] = trial
                    moved = True
                if moved:
                    improved = True
                    break
        if not improved:
            step *= 0.5
    return best_state, best
