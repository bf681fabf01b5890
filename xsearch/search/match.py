"""The match: candidates strained to the pattern as their crystal systems allow, and compared on several scales."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.correlation_kernels import POWER_TABLE, match_rows
from xsearch.fit.strain import MAX_MODES, MODES_BY_CODE, ZERO_SHIFT
from xsearch.indexes import Index
from xsearch.preprocess.axis import LogQAxis
from xsearch.preprocess.powder import NetPattern

FIT_WIDTHS = (0.02, 0.01, 0.005, 0.003)
"""Smoothing of the pattern in ln q, coarse to fine, while a strain is sought."""

SCALES = (0.0035, 0.007, 0.014)
"""Widths in ln q on which profiles are compared once the strain is found."""

AXIS = LogQAxis(step=0.0015, width=SCALES[0], power=0.35)
FLOOR = 0.02
"""Intensities are compressed as (I + FLOOR)^power: what is fainter counts little, noise least of all."""

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
class Matches:
    """How rows of an index match a pattern.

    Attributes:
        rows: (k,) int64.
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

    def take(self, places: list[int]) -> Matches:
        """Some of them, in that order."""
        return Matches(self.rows[places], self.amplitudes[places], self.expected[places], self.correlations[places])


def match(
    index: Index,
    pattern: NetPattern,
    rows: NDArray[np.int64],
    threads: int = 2,
    expected: NDArray[np.float64] | None = None,
) -> Matches:
    """Strain rows of an index to a pattern and compare them with it.

    Args:
        index: the index.
        pattern: the net pattern.
        rows: (k,) candidates.
        threads: the rows are shared out among so many.
        expected: (k,) mean strains to start from; those that the index expects by default.
    """
    first, last = pattern.window(AXIS)
    offsets, hkl, squares, _ = index.reflection_arrays
    landscapes = np.array([_landscape(pattern, width, first, last) for width in FIT_WIDTHS])
    measured = np.array([_compressed(pattern.profile(AXIS, width), first, last) for width in SCALES])
    kernels, lengths = _kernels()
    stiffness = np.empty(MAX_MODES)
    stiffness[:] = STIFFNESS / SHAPE_SIGMA**2
    stiffness[0] = STIFFNESS / ISOTROPIC_SIGMA**2
    stiffness[ZERO_SHIFT] = STIFFNESS / ZERO_SIGMA_DEG**2
    columns = index.columns
    modes = MODES_BY_CODE[np.minimum(columns.crystal_system[rows], len(MODES_BY_CODE) - 1)]
    expected = columns.expected_strain[rows].astype(np.float64) if expected is None else expected
    amplitudes = np.zeros((len(rows), MAX_MODES))
    correlations = np.zeros((len(rows), len(SCALES)))
    powers = _compress(np.linspace(0, 1, POWER_TABLE))

    def one_share(begin: int) -> None:
        part = slice(begin, begin + SHARE)
        match_rows(
            rows[part], offsets, hkl, squares, columns.cell, modes[part], expected[part],
            pattern.wavelength_A, AXIS.start, AXIS.step, first, last, MOST_LINES, FIT_POWER,
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


def _compress(relative: NDArray[np.float64]) -> NDArray[np.float64]:
    return (relative + FLOOR) ** AXIS.power


def _compressed(profile: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
    return _compress(profile / profile[first:last].max())


def _landscape(pattern: NetPattern, width: float, first: int, last: int) -> NDArray[np.float64]:
    """The smoothed pattern that lines climb: compressed, zero mean in the window, zero outside, highest 1."""
    inside = _compressed(pattern.profile(AXIS, width), first, last)[first:last]
    landscape = np.zeros(AXIS.bins)
    landscape[first:last] = inside - inside.mean()
    return landscape / np.abs(landscape).max()


def _kernels() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Half Gaussians that broaden from each scale to the next, and their lengths."""
    sigmas = np.sqrt(np.diff(np.square([0.0, *SCALES]))) / AXIS.step
    lengths = np.ceil(KERNEL_REACH * sigmas).astype(np.int64) + 1
    kernels = np.exp(-0.5 * (np.arange(lengths.max()) / sigmas[:, None]) ** 2)
    return kernels, lengths
