"""Repair of measured axes: missing values, descending, shuffled and repeated axes, and far too many points."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError

MIN_POINTS = 20
MAX_POINTS = 500_000
"""Points of a spectrum; set by hand."""
MOST_POINTS_KEPT = 100_000
"""Above which points are averaged in groups; set by hand."""
LARGEST = 1e30
"""Numbers that are larger are damage; their squares would not be finite any more in single precision."""
MAX_SHARE_DROPPED = 0.2
"""Of rows without finite numbers, above which a file is refused; set by hand."""

Column = NDArray[np.float64]
Mended = tuple[Column, Column, tuple[str, ...]]
_Step = tuple[Column, NDArray[np.float64], tuple[str, ...]]
"""The axis, (k, n) the values and their variances, and notes."""


def mend_axis(x: Column, y: Column, name: str, axis: str) -> Mended:
    """Make an axis rise strictly and everything finite.

    Rows that are not finite are dropped, a descending axis is reversed, several scans after another are cut to the
    first full one, a shuffled axis is sorted, repeated axis values are averaged, and more points than
    `MOST_POINTS_KEPT` are averaged in groups.

    Args:
        x: (n,) the axis.
        y: (n,) the values.
        name: the file's name, for messages.
        axis: what the axis is called, for messages.

    Returns:
        x and y of one new length, and notes on what was done.

    Raises:
        SpectrumError: where more than a fifth of the rows are not finite, or fewer than `MIN_POINTS` are left.
    """
    x, (y,), notes = _mended(x, y[None], name, axis)
    return x, y, notes


def mend_with_variance(
    x: Column, y: Column, variance: Column, name: str, axis: str
) -> tuple[Column, Column, Column, tuple[str, ...]]:
    """As `mend_axis`, with the variances of the values, which averages lower.

    Args:
        x, y, name, axis: as `mend_axis` takes them.
        variance: (n,) the squared standard deviations of y.

    Raises:
        SpectrumError: as `mend_axis` does.
    """
    x, (y, variance), notes = _mended(x, np.array([y, variance]), name, axis)
    return x, y, variance, notes


def _mended(x: Column, y: NDArray[np.float64], name: str, axis: str) -> _Step:
    notes: list[str] = []
    for step in (_drop_missing, _reverse, _first_scan, _sort, _average_repeated, _rebin):
        x, y, said = step(x, y, name, axis)
        notes.extend(said)
    if len(x) < MIN_POINTS:
        raise SpectrumError(f"{name}: {len(x)} points are too few for a spectrum; at least {MIN_POINTS} are needed.")
    return x, y, tuple(notes)


def _drop_missing(x: Column, y: NDArray, name: str, axis: str) -> _Step:
    good = (np.abs(x) < LARGEST) & (np.abs(y[0]) < LARGEST)
    bad = int((~good).sum())
    if bad == 0:
        return x, y, ()
    if bad > MAX_SHARE_DROPPED * len(x):
        raise SpectrumError(
            f"{name}: {bad} of {len(x)} rows hold values that are no finite numbers; repair or remove those rows."
        )
    return x[good], y[:, good], (f"{bad} rows without finite numbers were left out.",)


def _reverse(x: Column, y: NDArray, name: str, axis: str) -> _Step:
    if len(x) > 1 and x[0] > x[-1] and (np.diff(x) <= 0).mean() > 0.9:
        return x[::-1], y[:, ::-1], (f"The {axis} axis descends in the file; it was reversed.",)
    return x, y, ()


def _first_scan(x: Column, y: NDArray, name: str, axis: str) -> _Step:
    """Cut where the axis starts again: back to its start, or by more than half of the whole range."""
    if len(x) < 2:
        return x, y, ()
    steps, span = np.diff(x), np.ptp(x)
    to_start = (x[1:] - x.min() < 0.05 * span) & (steps < -3 * np.median(np.abs(steps)))
    restarts = np.flatnonzero((steps < -0.5 * span) | to_start)
    # more restarts than that are disorder
    if len(restarts) == 0 or len(restarts) > len(x) / MIN_POINTS:
        return x, y, ()
    bounds = [0, *(restarts + 1), len(x)]
    scans = list(pairwise(bounds))
    first, last = next(((a, b) for a, b in scans if b - a >= MIN_POINTS), scans[0])
    said = f"The {axis} axis starts {len(scans)} times; the first full scan was read."
    return x[first:last], y[:, first:last], (said,)


def _sort(x: Column, y: NDArray, name: str, axis: str) -> _Step:
    if (np.diff(x) >= 0).all():
        return x, y, ()
    order = np.argsort(x, kind="stable")
    return x[order], y[:, order], (f"The {axis} axis is not in order; it was sorted.",)


def _average_repeated(x: Column, y: NDArray, name: str, axis: str) -> _Step:
    unique, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    repeated = int((counts > 1).sum())
    if repeated == 0:
        return x, y, ()
    means = _means(np.array([np.bincount(inverse, weights=row) for row in y]), counts)
    return unique, means, (f"{repeated} values of the {axis} axis occur more than once; their rows were averaged.",)


def _rebin(x: Column, y: NDArray, name: str, axis: str) -> _Step:
    if len(x) <= MOST_POINTS_KEPT:
        return x, y, ()
    group = -(-len(x) // MOST_POINTS_KEPT)
    starts = np.arange(0, len(x), group)
    sizes = np.diff(np.append(starts, len(x)))
    rebinned = np.add.reduceat(x, starts) / sizes, _means(np.add.reduceat(y, starts, axis=1), sizes)
    return *rebinned, (f"{len(x):,} points are more than are of use; every {group} were averaged to {len(starts):,}.",)


def _means(sums: NDArray, counts: NDArray) -> NDArray:
    """Sums over groups as means; the variance of a mean is the mean of the variances over their number."""
    means = sums / counts
    means[1:] /= counts
    return means
