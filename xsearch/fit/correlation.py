"""Profile correlation: crystals strained to a pattern as their crystal systems allow, and compared on several scales.

The strain is small and linear in the lines' ln q, so that thousands of stored crystals are fitted in a fraction of a
second (`xsearch.fit.strain_fit` is for cells that are farther off).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.correlation_kernels import POWER_TABLE, match_rows
from xsearch.fit.strain import MAX_MODES, ZERO_SHIFT
from xsearch.preprocess.axis import MATCH_AXIS, RECALL_AXIS
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.strain import strain_modes

FIT_WIDTHS = (0.02, 0.01, 0.005, 0.003)
"""Smoothing of the pattern in ln q, coarse to fine, while a strain is sought."""

SCALES = (MATCH_AXIS.width, 0.007, 0.014)
"""Widths in ln q on which profiles are compared once the strain is found."""

MATCH_WEIGHTS = (3.0, 2.6, 2.1)
"""Weight of -ln(1 - correlation) on each scale, from narrow to wide."""

RECALL_WEIGHT = 4.2
"""The same for the correlation on `RECALL_AXIS`, where no strain but the isotropic one could help."""

WITH_RECALL_SCALES = (*SCALES, RECALL_AXIS.width)
"""The scales and that of recall, where one profile stands for both, as for a mixture."""

WITH_RECALL_WEIGHTS = (*MATCH_WEIGHTS, RECALL_WEIGHT)
LEAST_DISTANCE = 1e-3
"""Correlations closer to 1 are all the same."""

MOST_LINES = 150
FIT_POWER = 0.35
STIFFNESS = 0.012
"""Weight of the strain penalty against the sum over lines."""

ISOTROPIC_SIGMA, SHAPE_SIGMA, ZERO_SIGMA_DEG = 0.012, 0.010, 0.05
"""Standard deviations of what is allowed: mean strain about its expectation, change of shape, zero shift."""

KERNEL_REACH = 3.5
SHARE = 32
"""Rows a thread takes at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class ReflectionTable:
    """The reflections of many crystals, as an index stores them.

    Attributes:
        offsets: (n + 1,) those of crystal i are from offsets[i] to offsets[i + 1].
        hkl: (m, 3) in the conventional cells.
        structure_factor_sq: (m,) |F|² summed over the equivalents.
        cells: (n, 6) a b c in Å, α β γ in degrees.
        systems: (n,) codes of the crystal systems.
    """

    offsets: NDArray[np.int64]
    hkl: NDArray[np.int16]
    structure_factor_sq: NDArray[np.float32]
    cells: NDArray[np.float64]
    systems: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """How crystals of a table match a pattern.

    Attributes:
        rows: (k,) int64, which crystals.
        amplitudes: (k, 7) strain modes and the zero shift in degrees; see `xsearch.fit.strain`.
        expected: (k,) mean strain that was expected.
        correlations: (k, scales) Pearson correlation of compressed profiles on `SCALES`.
    """

    rows: NDArray[np.int64]
    amplitudes: NDArray[np.float64]
    expected: NDArray[np.float64]
    correlations: NDArray[np.float64]

    @property
    def strain(self) -> NDArray[np.float64]:
        """(k,) mean linear strain ln(measured / database)."""
        return self.amplitudes[:, 0]

    @property
    def shape_change(self) -> NDArray[np.float64]:
        """(k,) size of the strain beyond its isotropic part."""
        return np.sqrt((self.amplitudes[:, 1:ZERO_SHIFT] ** 2).sum(axis=1))

    @property
    def zero_shift_deg(self) -> NDArray[np.float64]:
        """(k,) added to the calculated angles."""
        return self.amplitudes[:, ZERO_SHIFT]

    @property
    def evidence(self) -> NDArray[np.float64]:
        """(k,) of the profiles."""
        return closeness(self.correlations) @ np.array(MATCH_WEIGHTS)

    def take(self, places: list[int]) -> Matches:
        """Some of them, in that order."""
        return Matches(self.rows[places], self.amplitudes[places], self.expected[places], self.correlations[places])


def closeness(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """-ln(1 - correlation), up to a largest value."""
    return np.asarray(-np.log(np.maximum(1 - np.clip(correlation, 0, 1), LEAST_DISTANCE)))


def correlate(
    table: ReflectionTable,
    pattern: NetPattern,
    rows: NDArray[np.int64],
    expected: NDArray[np.float64],
    threads: int = 2,
) -> Matches:
    """Strain crystals to a pattern and correlate their profiles with it.

    Args:
        table: of the crystals.
        pattern: the net pattern.
        rows: (k,) which of them.
        expected: (k,) mean strains to start from.
        threads: the rows are shared out among so many.
    """
    first, last = pattern.window(MATCH_AXIS)
    landscapes = np.array([_landscape(pattern, width, first, last) for width in FIT_WIDTHS])
    measured = np.array([_compressed(pattern.profile(MATCH_AXIS, width), first, last) for width in SCALES])
    kernels, lengths = _kernels()
    stiffness = np.empty(MAX_MODES)
    stiffness[:] = STIFFNESS / SHAPE_SIGMA**2
    stiffness[0] = STIFFNESS / ISOTROPIC_SIGMA**2
    stiffness[ZERO_SHIFT] = STIFFNESS / ZERO_SIGMA_DEG**2
    modes = strain_modes(table.systems[rows])
    amplitudes = np.zeros((len(rows), MAX_MODES))
    correlations = np.zeros((len(rows), len(SCALES)))
    powers = MATCH_AXIS.compress(np.linspace(0, 1, POWER_TABLE))

    def one_share(begin: int) -> None:
        part = slice(begin, begin + SHARE)
        match_rows(
            rows[part], table.offsets, table.hkl, table.structure_factor_sq, table.cells, modes[part], expected[part],
            pattern.wavelength_A, pattern.polarisation, MATCH_AXIS.start, MATCH_AXIS.step, first, last, MOST_LINES,
            FIT_POWER,
            landscapes, np.array(FIT_WIDTHS), stiffness, kernels, lengths, measured, powers,
            amplitudes[part], correlations[part],
        )  # fmt: skip

    shares = range(0, len(rows), SHARE)
    if threads > 1 and len(rows) > SHARE:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one_share, shares))
    else:
        for begin in shares:
            one_share(begin)
    return Matches(rows, amplitudes, expected, correlations)


def _compressed(profile: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
    return MATCH_AXIS.compress(profile / profile[first:last].max())


def _landscape(pattern: NetPattern, width: float, first: int, last: int) -> NDArray[np.float64]:
    """The smoothed pattern that lines climb: compressed, zero mean in the window, zero outside, highest 1."""
    inside = _compressed(pattern.profile(MATCH_AXIS, width), first, last)[first:last]
    landscape = np.zeros(MATCH_AXIS.bins)
    landscape[first:last] = inside - inside.mean()
    return landscape / np.abs(landscape).max()


def _kernels() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Half Gaussians that broaden from each scale to the next, and their lengths."""
    sigmas = np.sqrt(np.diff(np.square([0.0, *SCALES]))) / MATCH_AXIS.step
    lengths = np.ceil(KERNEL_REACH * sigmas).astype(np.int64) + 1
    kernels = np.exp(-0.5 * (np.arange(lengths.max()) / sigmas[:, None]) ** 2)
    return kernels, lengths
