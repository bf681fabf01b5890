"""Values that stand for "not measured": masks and sentinels of detectors, and zeros where one did not see the beam."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_LARGE = (
    2.0**16 - 1,
    2.0**16,
    2.0**31 - 1,
    2.0**32 - 1,
    2.0**32 - 2,
    2.0**64,
    2.0**63,
    99999.0,
    999999.0,
    9999999.0,
    1e9,
    1e10,
    1e20,
    1e30,
    1e38,
)
"""What programs write for a masked pixel or a full counter."""
_NEGATIVE = (-1.0, -2.0, -9.0, -10.0, -99.0, -100.0, -999.0, -1000.0, -9999.0, -99999.0, -999999.0, -(2.0**31), -1e10,
             -1e30)  # fmt: skip
_ALONE = 0.5
"""Of a sentinel, that its neighbours stay below, so that it is not the top of a line; set by hand."""
_SMALL, _FAR = 2.0, 5.0
"""Times the median that one value below zero must lie below it, and times the others below zero; set by hand."""
_FEW_ZEROS = 0.002
"""Share of zeros among other points, above which zeros are counts; set by hand."""
_BESIDE = 1e-3
"""Of the highest point, that points beside a gap reach; calculated lines taper off instead. Set by hand."""
_SHORTEST_RUN = 3
"""Zeros in a row that are a gap; set by hand."""


def unmeasured(intensity: NDArray[np.float64]) -> tuple[NDArray[np.bool_], str]:
    """Which points of a pattern hold no measurement, and what they hold, for a note.

    A value is taken for a sentinel where it is one that programs write, stands apart from its neighbours, and, where
    it is below zero, is the only value there that is.
    """
    y = np.asarray(intensity, dtype=float)
    masked = _ends_without_numbers(y)
    values = [np.nan] if masked.any() else []
    for value in (*_LARGE, *_NEGATIVE):
        same = np.isclose(y, value, rtol=1e-7, atol=0) & ~masked
        if same.any() and (_stands_apart(y, same) if value > 0 else _is_only_negative(y, same)):
            masked |= same
            values.append(float(y[same][0]))
    gaps = _zero_gaps(y, masked)
    if gaps.any():
        masked |= gaps
        values.append(0.0)
    return masked, ", ".join(f"{value:.10g}" for value in values)


def _ends_without_numbers(y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The points before the first number and after the last."""
    good = np.flatnonzero(np.isfinite(y))
    ends = np.ones(len(y), dtype=bool)
    if len(good):
        ends[good[0] : good[-1] + 1] = False
        return ends
    return ~ends  # nothing but: for the repair of the axis to refuse


def _stands_apart(y: NDArray[np.float64], same: NDArray[np.bool_]) -> bool:
    """Whether nothing rises towards a large value, as the flanks of a line would."""
    others = y[~same]
    if not len(others):
        return False
    beside = (np.roll(same, 1) | np.roll(same, -1)) & ~same
    beside &= np.isfinite(y)
    beside[0] &= same[min(1, len(same) - 1)]
    beside[-1] &= same[-2] if len(same) > 1 else False
    top = float(np.abs(y[same][0]))
    return bool((np.abs(y[beside]) < _ALONE * top).all())


def _is_only_negative(y: NDArray[np.float64], same: NDArray[np.bool_]) -> bool:
    """Whether no other point is below zero, or none as far, as after the subtraction of a background."""
    below = y[(y < 0) & ~same]
    deep = bool(y[same][0] < -_SMALL * np.nanmedian(np.abs(y)))
    if not len(below):
        return int(same.sum()) > 1 or deep
    return deep and bool(y[same][0] < _FAR * below.min())


def _zero_gaps(y: NDArray[np.float64], masked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Runs of zeros at the ends or in between, in a pattern that has no zeros elsewhere."""
    gaps = np.zeros(len(y), dtype=bool)
    zero = (y == 0) & ~masked
    if not zero.any() or (y[~masked] < 0).any():
        return gaps
    edges = np.flatnonzero(np.diff(np.concatenate([[False], zero, [False]]).astype(int)))
    for first, last in pairwise(edges):
        if zero[first] and last - first >= _SHORTEST_RUN:
            gaps[first:last] = True
    beside = (np.roll(gaps, 1) | np.roll(gaps, -1)) & ~zero & ~masked
    tapers = beside.any() and float(np.median(y[beside])) < _BESIDE * float(np.nanmax(y[~masked]))
    if (zero & ~gaps).sum() > _FEW_ZEROS * len(y) or gaps.sum() > len(y) // 2 or tapers:
        return np.zeros(len(y), dtype=bool)
    return gaps
