"""Screening: thousands of substituted crystals against the pattern, over a range of cell sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.space_groups import TRICLINIC
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import CrystalError
from xsearch.fit.log_q_pattern import N_BINS, START, STEP, LogQPattern, tap_table
from xsearch.fit.settings import B_EXPECTED_A2
from xsearch.fit.strain_fit_kernels import compress, deposit
from xsearch.infer.proposals import Proposals
from xsearch.infer.settings import INFERENCE_SETTINGS, ScreeningSettings
from xsearch.infer.substitute import predicted_scale, substituted
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import FitStart
from xsearch.progress import counted
from xsearch.simulate.form_factors import form_factor_table
from xsearch.simulate.kernels import powder_lines
from xsearch.simulate.line_kernels import LARGEST_SINE, lorentz_polarisation


def screen_templates(task: InferenceTask) -> tuple[list[FitStart], int]:
    """The proposals whose patterns correlate best with the measured one.

    Returns:
        Where their strain fits start, the best first; and how many proposals were simulated.
    """
    settings = task.settings.screening
    known = task.proposals.take(np.arange(min(settings.most, len(task.proposals))))
    scales = predicted_scale(task.library, known)
    usable = np.abs(scales) < settings.largest_scale
    known, scales = known.take(np.flatnonzero(usable)), scales[usable]
    crystals = substituted(task.library, known, scales)
    score, strain = screen(crystals, task.prepared.log_q, settings)
    return starts_of(task, known, crystals, score, strain, task.settings.refinement.most), len(known)


def starts_of(
    task: InferenceTask,
    proposals: Proposals,
    crystals: Sequence[Crystal],
    score: NDArray[np.float64],
    strain: NDArray[np.float64],
    most: int,
) -> list[FitStart]:
    """Where the strain fits of the best screened crystals start, the best first.

    Args:
        task: whose conditions they meet.
        proposals, crystals: m of them.
        score, strain: (m,) from `screen`.
        most: how many.
    """
    starts: list[FitStart] = []
    weight = task.settings.screening.prior_weight
    for k in np.argsort(-(score + weight * proposals.prior), kind="stable").tolist():
        if len(starts) >= most:
            break
        try:
            symmetry = find_symmetry(crystals[k])
        except CrystalError:
            continue
        if task.allows(crystals[k]):
            starts.append(FitStart(proposals[k], symmetry, float(strain[k])))
    return starts


def screen(
    crystals: Sequence[Crystal], target: LogQPattern, settings: ScreeningSettings = INFERENCE_SETTINGS.screening
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlation of each crystal's pattern with the measured one, at the best isotropic strain.

    Args:
        crystals: with cells scaled to the predicted volume.
        target: the pattern.
        settings: strains that are tried, and what they count against a crystal.

    Returns:
        score (m,): Pearson's r less the penalty of the strain; and strain (m,): ln(measured / predicted length).
    """
    reach = int(settings.farthest_strain / STEP)
    shifts = np.arange(-reach, reach + 1)
    first, last = max(target.low - reach, 0), min(target.high + reach, N_BINS)
    simulation = ProfileSimulation(target, settings.smoothing, first, last, smallest_spacing(target, settings.d_min_A))
    profiles = np.zeros((len(crystals), N_BINS), np.float32)
    for profile, crystal in counted(zip(profiles, crystals, strict=True), len(crystals)):
        profile[:] = simulation.profile(crystal)
    row = target.rows[settings.smoothing].astype(np.float32)
    return _best_shift(profiles, row, shifts, target.low, target.high, settings.length_error)


class ProfileSimulation:
    """Compressed profiles of crystals on the axis of a target; the array of a profile is used again for the next."""

    def __init__(self, target: LogQPattern, smoothing: int, first: int, last: int, d_min_A: float) -> None:
        """Profiles in the bins from `first` to before `last`, with the smoothing at a place of the smoothings."""
        self._target, self._smoothing, self._bins, self._d_min_A = target, smoothing, (first, last), d_min_A
        self._taps, self._reaches = tap_table()
        self._table = form_factor_table()
        self._out = np.zeros(N_BINS)

    def profile(self, crystal: Crystal, zero_shift_deg: float = 0.0) -> NDArray[np.float64]:
        """(N_BINS,) profile of a crystal in its cell, lines moved by a zero shift."""
        target, smoothing = self._target, self._smoothing
        log_q, intensity = triclinic_lines(
            crystal, self._d_min_A, self._table, target.wavelength_A, target.polarisation
        )
        sigma = line_widths(log_q, target.wavelength_A, target.settings.smoothings[smoothing], target.fwhm_deg)
        if zero_shift_deg:
            log_q = log_q + np.radians(zero_shift_deg) / 2 * _cotangent(log_q, target.wavelength_A)
        deposit(log_q, intensity, sigma, self._taps, self._reaches, *self._bins, self._out)
        compress(self._out, target.total, target.cuts[smoothing], *self._bins)
        return self._out


def smallest_spacing(target: LogQPattern, d_min_A: float) -> float:
    """Smallest d-spacing in Å of the lines that matter to a pattern: a little beyond its end, no less than a limit."""
    at_end_A = 2 * np.pi / np.exp(START + STEP * target.high)
    return float(max(d_min_A, target.wavelength_A / 2 * 1.02, at_end_A * 0.93))


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
    return np.sqrt(smoothing**2 + (np.radians(fwhm_deg / 2.355) / 2 * _cotangent(log_q, wavelength_A)) ** 2)


def _cotangent(log_q: NDArray[np.float64], wavelength_A: float) -> NDArray[np.float64]:
    """cot θ: change of ln q with θ."""
    sine = np.minimum(np.exp(log_q) * wavelength_A / (4 * np.pi), LARGEST_SINE)
    return np.sqrt(1 / sine**2 - 1)


def _best_shift(
    profiles: NDArray[np.float32],
    row: NDArray[np.float32],
    shifts: NDArray[np.int64],
    low: int,
    high: int,
    length_error: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pearson's r of every profile with the pattern's row over the covered bins, at the best shift."""
    n = high - low
    centred = row[low:high]
    # a line of the crystal at ln q lies in the pattern at ln q - shift: the window moves over the crystal's profile
    shifted = np.zeros((N_BINS, len(shifts)), np.float32)
    window = np.zeros((N_BINS, len(shifts)), np.float32)
    for column, shift in enumerate(shifts):
        first, last = max(low + shift, 0), min(high + shift, N_BINS)
        shifted[first:last, column] = centred[first - shift - low : last - shift - low]
        window[first:last, column] = 1.0
    dot = profiles @ shifted
    sums = profiles @ window
    squares = (profiles**2) @ window
    spread = np.sqrt(np.maximum(squares - sums**2 / n, 1e-12))
    r = dot / spread - 0.5 * ((shifts * STEP) / (4 * length_error)) ** 2
    best = np.argmax(r, axis=1)
    return r[np.arange(len(r)), best].astype(np.float64), shifts[best] * STEP
