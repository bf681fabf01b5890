"""Profile correlation: crystals strained to a pattern as their crystal systems allow, and compared on several scales.

The strain is small and linear in the lines' ln q, so that thousands of stored crystals are fitted in a fraction of a
second (`xsearch.fit.strain_fit` is for cells that are farther off).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.correlation_kernels import POWER_TABLE, match_rows
from xsearch.fit.settings import CORRELATION, CorrelationSettings
from xsearch.fit.strain import MAX_MODES, ZERO_SHIFT
from xsearch.preprocess.axis import MATCH_AXIS
from xsearch.preprocess.powder import NetPattern
from xsearch.simulate.strain import strain_modes

Array = NDArray[np.float64]

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")

KERNEL_REACH = 3.5
"""Standard deviations at which a Gaussian that broadens profiles is cut."""

NEW_START = 0.001
"""Starts of a fit differ by so much strain at least."""

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
        correlations: (k, scales) Pearson correlation of compressed profiles on `settings.scales`.
        settings: of the correlation.
        isotropic_strain: (k,) mean strain where the cells keep their shapes. isotropic_correlations: (k, scales) then.
            None where that was not tried.
    """

    rows: NDArray[np.int64]
    amplitudes: NDArray[np.float64]
    expected: NDArray[np.float64]
    correlations: NDArray[np.float64]
    settings: CorrelationSettings = CORRELATION
    isotropic_strain: NDArray[np.float64] | None = None
    isotropic_correlations: NDArray[np.float64] | None = None

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

    def starts(self, place: int) -> NDArray[np.float64]:
        """(1 to 3, 7) amplitudes that a fit of the lines may start from: as matched, of a kept shape, as expected.

        Preferred orientation and foreign lines lead a strain astray; the cell of a kept shape seldom goes far.
        """
        found = [self.amplitudes[place]]
        kept = () if self.isotropic_strain is None else (self.isotropic_strain[place],)
        for mean in (*kept, self.expected[place]):
            start = np.zeros(MAX_MODES)
            start[0] = mean
            if min(np.abs(start - other)[:ZERO_SHIFT].max() for other in found) > NEW_START:
                found.append(start)
        return np.array(found)

    @property
    def evidence(self) -> NDArray[np.float64]:
        """(k,) of the profiles."""
        return closeness(self.correlations, self.settings) @ np.array(self.settings.weights)

    def take(self, places: list[int]) -> Matches:
        """Some of them, in that order."""
        return replace(
            self,
            rows=self.rows[places],
            amplitudes=self.amplitudes[places],
            expected=self.expected[places],
            correlations=self.correlations[places],
            isotropic_strain=None if self.isotropic_strain is None else self.isotropic_strain[places],
            isotropic_correlations=None if self.isotropic_correlations is None else self.isotropic_correlations[places],
        )


def joined(one: Table, other: Table) -> Table:
    """Two tables of rows as one, the arrays of their fields after one another; other fields are those of the first."""
    both = {field.name: (getattr(one, field.name), getattr(other, field.name)) for field in fields(one)}
    arrays = {name: np.concatenate(pair) for name, pair in both.items() if isinstance(pair[0], np.ndarray)}
    return replace(one, **arrays)


def closeness(correlation: NDArray[np.float64], settings: CorrelationSettings = CORRELATION) -> NDArray[np.float64]:
    """-ln(1 - correlation), up to a largest value."""
    return np.asarray(-np.log(np.maximum(1 - np.clip(correlation, 0, 1), settings.least_distance)))


def correlate(
    table: ReflectionTable,
    pattern: NetPattern,
    rows: NDArray[np.int64],
    expected: NDArray[np.float64],
    threads: int = 2,
    settings: CorrelationSettings = CORRELATION,
    *,
    isotropic: bool = False,
) -> Matches:
    """Strain crystals to a pattern and correlate their profiles with it.

    A cell that is free to change its shape can go astray, and can imitate others; with `isotropic` each is also fitted
    with its shape kept, and both correlations are evidence.

    Args:
        table: of the crystals.
        pattern: the net pattern.
        rows: (k,) which of them.
        expected: (k,) mean strains to start from.
        threads: the rows are shared out among so many.
        settings: of the strain and of the scales.
        isotropic: whether crystals are fitted with their shapes kept too.
    """
    scales = settings.scales
    first, last = pattern.window(MATCH_AXIS)
    landscapes = np.array([_landscape(pattern, width, first, last) for width in settings.smoothings])
    measured = np.array([_compressed(pattern.profile(MATCH_AXIS, width), first, last) for width in scales])
    kernels, lengths = _kernels(scales)
    breadth = pattern.breadth_invA * np.exp(-MATCH_AXIS.values())
    stiffness = np.empty(MAX_MODES)
    stiffness[:] = settings.stiffness / settings.shape_sigma**2
    stiffness[0] = settings.stiffness / settings.strain_sigma**2
    stiffness[ZERO_SHIFT] = settings.stiffness / settings.zero_sigma_deg**2
    powers = MATCH_AXIS.compress(np.linspace(0, 1, POWER_TABLE))

    def fitted(rows: NDArray[np.int64], modes: NDArray[np.int64], expected: NDArray[np.float64]) -> tuple[Array, Array]:
        """(n, 7) amplitudes and (n, scales) correlations of some rows with so many strain modes."""
        amplitudes, correlations = np.zeros((len(rows), MAX_MODES)), np.zeros((len(rows), len(scales)))

        def one_share(begin: int) -> None:
            part = slice(begin, begin + SHARE)
            match_rows(
                rows[part], table.offsets, table.hkl, table.structure_factor_sq, table.cells, modes[part],
                expected[part], pattern.wavelength_A, pattern.polarisation, MATCH_AXIS.start, MATCH_AXIS.step, first,
                last, settings.most_lines, settings.power, landscapes, np.array(settings.smoothings), stiffness,
                breadth, kernels, lengths, measured, powers, amplitudes[part], correlations[part],
            )  # fmt: skip

        shares = range(0, len(rows), SHARE)
        if threads > 1 and len(rows) > SHARE:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(one_share, shares))
        else:
            for begin in shares:
                one_share(begin)
        return amplitudes, correlations

    modes = strain_modes(table.systems[rows])
    amplitudes, correlations = fitted(rows, modes, expected)
    if not isotropic:
        return Matches(rows, amplitudes, expected, correlations, settings)
    strain, kept = amplitudes[:, 0].copy(), correlations.copy()
    free = np.flatnonzero(modes > 1)
    unshaped, kept[free] = fitted(rows[free], np.ones_like(modes[free]), expected[free])
    strain[free] = unshaped[:, 0]
    return Matches(rows, amplitudes, expected, correlations, settings, strain, kept)


def _compressed(profile: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
    return MATCH_AXIS.compress(profile / profile[first:last].max())


def _landscape(pattern: NetPattern, width: float, first: int, last: int) -> NDArray[np.float64]:
    """The smoothed pattern that lines climb: compressed, zero mean in the window, zero outside, highest 1."""
    inside = _compressed(pattern.profile(MATCH_AXIS, width), first, last)[first:last]
    landscape = np.zeros(MATCH_AXIS.bins)
    landscape[first:last] = inside - inside.mean()
    return landscape / np.abs(landscape).max()


def _kernels(scales: tuple[float, ...]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Half Gaussians that broaden from each scale to the next, and their lengths."""
    sigmas = np.sqrt(np.diff(np.square([0.0, *scales]))) / MATCH_AXIS.step
    lengths = np.ceil(KERNEL_REACH * sigmas).astype(np.int64) + 1
    kernels = np.exp(-0.5 * (np.arange(lengths.max()) / sigmas[:, None]) ** 2)
    return kernels, lengths
