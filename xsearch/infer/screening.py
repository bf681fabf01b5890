"""The first look: thousands of substituted crystals against the pattern, over a range of cell sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.space_groups import TRICLINIC
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.fit.log_q_pattern import N_BINS, START, STEP, WIDTHS, LogQPattern, tap_table
from xsearch.fit.strain_fit_kernels import compress, deposit
from xsearch.simulate.form_factors import form_factor_table
from xsearch.simulate.kernels import powder_lines
from xsearch.simulate.line_kernels import LARGEST_SINE, lorentz_polarisation

PLACE = 1
"""Which of `profile.WIDTHS` is used: wide enough for a cell whose shape is a little off."""

FARTHEST = 0.06
"""Largest change of length considered, as ln(measured / predicted)."""

D_MIN_A = 1.3
B_EXPECTED_A2 = 1.0


def screen(
    crystals: Sequence[Crystal], target: LogQPattern, *, expected: float = 0.015
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlation of each crystal's pattern with the measured one, at the best isotropic scale.

    Args:
        crystals: with cells scaled to the predicted volume.
        target: the pattern.
        expected: standard deviation of the predicted lengths' error, as a fraction; larger scales are held against
            a crystal by the square.

    Returns:
        score (m,): Pearson's r less the penalty; and scale (m,): ln(measured / predicted length) of the best.
    """
    low, high, wavelength_A = target.low, target.high, target.wavelength_A
    shifts = np.arange(-int(FARTHEST / STEP), int(FARTHEST / STEP) + 1)
    d_min_A = smallest_spacing(target)
    profiles = np.zeros((len(crystals), N_BINS), np.float32)
    taps, reaches = tap_table()
    table = form_factor_table()
    margin = shifts[-1]
    first, last = max(low - margin, 0), min(high + margin, N_BINS)
    drawn = np.zeros(N_BINS)
    for number, crystal in enumerate(crystals):
        log_q, intensity = triclinic_lines(crystal, d_min_A, table, wavelength_A, target.polarisation)
        sigma = line_widths(log_q, wavelength_A, WIDTHS[PLACE], target.fwhm_deg)
        deposit(log_q, intensity, sigma, taps, reaches, first, last, drawn)
        compress(drawn, target.total, target.cuts[PLACE], first, last)
        profiles[number] = drawn
    return _best_shift(profiles, target.rows[PLACE].astype(np.float32), shifts, low, high, expected)


def smallest_spacing(target: LogQPattern) -> float:
    """In Å, of the lines that matter to a pattern, a little beyond its end."""
    at_end_A = 2 * np.pi / np.exp(START + STEP * target.high)
    return float(max(D_MIN_A, target.wavelength_A / 2 * 1.02, at_end_A * 0.93))


def triclinic_lines(
    crystal: Crystal, d_min_A: float, table: NDArray[np.float64], wavelength_A: float, polarisation: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ln q and intensity with Lorentz-polarisation factor of a crystal's lines, without a symmetry search."""
    numbers = np.array([ATOMIC_NUMBERS[element] for element in crystal.elements])
    by_element = np.argsort(numbers, kind="stable")
    _, d_A, square, _ = powder_lines(
        crystal.lattice_A,
        crystal.frac_coords[by_element],
        numbers[by_element],
        table,
        crystal.occupancies[by_element],
        np.eye(3, dtype=np.int64),
        TRICLINIC,
        d_min_A,
    )
    damped = square * np.exp(-B_EXPECTED_A2 / 2 / d_A**2)
    return np.log(2 * np.pi / d_A), damped * lorentz_polarisation(wavelength_A / 2 / d_A, polarisation)


def line_widths(
    log_q: NDArray[np.float64], wavelength_A: float, smoothing: float, fwhm_deg: float
) -> NDArray[np.float64]:
    """Standard deviation in ln q of lines of one width in 2θ in a pattern that was smoothed besides."""
    sine = np.minimum(np.exp(log_q) * wavelength_A / (4 * np.pi), LARGEST_SINE)
    cotangent = np.sqrt(1 / sine**2 - 1)
    return np.sqrt(smoothing**2 + (np.radians(fwhm_deg / 2.355) / 2 * cotangent) ** 2)


def _best_shift(
    profiles: NDArray[np.float32],
    row: NDArray[np.float32],
    shifts: NDArray[np.int64],
    low: int,
    high: int,
    expected: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pearson's r of every profile with the pattern's row over the covered bins, at the best shift."""
    n = high - low
    centred = row[low:high]
    # the crystal's line at ln q meets the pattern at ln q - shift: the window moves over the crystal's profile
    moved = np.zeros((N_BINS, len(shifts)), np.float32)
    window = np.zeros((N_BINS, len(shifts)), np.float32)
    for column, shift in enumerate(shifts):
        first, last = max(low + shift, 0), min(high + shift, N_BINS)
        moved[first:last, column] = centred[first - shift - low : last - shift - low]
        window[first:last, column] = 1.0
    dot = profiles @ moved
    sums = profiles @ window
    squares = (profiles**2) @ window
    spread = np.sqrt(np.maximum(squares - sums**2 / n, 1e-12))
    r = dot / spread - 0.5 * ((shifts * STEP) / (4 * expected)) ** 2
    best = np.argmax(r, axis=1)
    return r[np.arange(len(r)), best].astype(np.float64), shifts[best] * STEP
