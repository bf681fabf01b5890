"""Several ranges of a file: parts of one pattern to be joined, or scans of a series or a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength

_SHARE_OF_REPEAT = 0.8
"""Of the longer of two ranges, from which both measure the same; set by hand."""
_SAME_TIME = 1e-3
"""Relative difference of step times up to which counts are comparable as they are; set by hand."""
_GAP_STEPS = 1.5
"""Steps between two ranges, above which a gap is noted; set by hand."""

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Range:
    """One range along 2θ as a file holds it.

    Attributes:
        two_theta_deg: (n,) in either direction.
        counts: (n,) counts, or counts per second.
        seconds: for which each point was counted, one number or (n,); None where the file does not say, or where the
            counts are per second already.
        wavelength: what the file says, or None.
        label: what the file calls it, or empty.
        notes: what the reader assumed or passed over.
    """

    two_theta_deg: Column
    counts: Column
    seconds: float | Column | None = None
    wavelength: StatedWavelength | None = None
    label: str = ""
    notes: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest angle."""
        return float(self.two_theta_deg.min()), float(self.two_theta_deg.max())

    @property
    def step_deg(self) -> float:
        """The median step."""
        return float(np.median(np.abs(np.diff(self.two_theta_deg)))) if len(self.two_theta_deg) > 1 else 0.0


def scans_of(ranges: Sequence[Range], name: str, what: str = "scans") -> tuple[PowderScan, ...]:
    """The patterns that the ranges of a file make: ranges of one pattern are joined, repeated ones are a series.

    Args:
        ranges: those along 2θ, in the order of the file.
        name: the file's name.
        what: the file calls them, for the message.

    Raises:
        SpectrumError: where no pattern of `MIN_POINTS` comes of them.
    """
    ranges = [one for one in map(_finite, ranges) if len(one.counts)]
    kept = [one for one in ranges if not _is_alignment(one, ranges)]
    patterns = [joined(cycle) for cycle in cycles(kept)]
    full = [pattern for pattern in patterns if len(pattern.axis) >= MIN_POINTS]
    if not full:
        raise SpectrumError(
            f"{name}: no scan along 2θ of {MIN_POINTS} points or more in it ({len(ranges)} {what} along 2θ)."
        )
    short = len(ranges) - len(kept) + len(patterns) - len(full)
    if short:
        said = f"{short} {what} of fewer than {MIN_POINTS} points were left out."
        full = [replace(pattern, notes=(*pattern.notes, said)) for pattern in full]
    return tuple(full)


def cycles(ranges: Sequence[Range]) -> list[list[Range]]:
    """Ranges in groups, each of them one pattern: where a range comes again, the next pattern begins."""
    if len({one.wavelength.value_A if one.wavelength else None for one in ranges}) > 1:
        return [[one] for one in ranges]
    groups: list[list[Range]] = []
    for one in ranges:
        if not groups or any(_repeats(one, other) for other in groups[-1]):
            groups.append([])
        groups[-1].append(one)
    if all(len(group) <= len(groups[0]) and all(map(_repeats, group, groups[0])) for group in groups):
        return groups
    # each range several times before the next one
    kinds: list[list[Range]] = []
    for one in ranges:
        own = next((kind for kind in kinds if _repeats(one, kind[0])), None)
        if own is None:
            kinds.append([one])
        else:
            own.append(one)
    if len({len(kind) for kind in kinds}) == 1:
        return [list(group) for group in zip(*kinds, strict=True)]
    return [[one] for one in ranges]


def joined(ranges: Sequence[Range]) -> PowderScan:
    """One pattern out of its ranges: in counts per second where the step times differ, averaged where they overlap."""
    times = [np.unique(one.seconds) if one.seconds is not None else np.array([]) for one in ranges]
    timed = all(len(time) and (time > 0).all() for time in times)
    every = np.concatenate(times) if timed else np.ones(1)
    rates = timed and float(np.ptp(every)) > _SAME_TIME * float(every.max())
    parts = sorted((_part(one, rates, timed) for one in ranges), key=lambda part: part.x[0])
    whole = parts[0]
    for part in parts[1:]:
        whole = _merge(whole, part)
    notes = [note for one in ranges for note in one.notes]
    if len(ranges) > 1:
        bounds = ", ".join(f"{one.ends[0]:g} to {one.ends[1]:g}°" for one in ranges)
        notes.append(f"{len(ranges)} ranges were joined: {bounds}.")
        notes += _gaps(parts)
        if not timed:
            notes.append("The file does not say how long the ranges were counted; they are joined as they are.")
    if rates:
        seconds = ", ".join(f"{time:g}" for time in sorted({float(t) for t in every})[:6])
        notes.append(f"The step times differ ({seconds} s); the intensity is in counts per second.")
    sigma = np.sqrt(whole.variance) if rates else None
    first = ranges[0]
    return PowderScan(
        whole.x, whole.y, wavelength=first.wavelength, notes=tuple(dict.fromkeys(notes)), label=first.label, sigma=sigma
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """Points of a pattern: (n,) angles that rise, values, their variances, and their weights, the time counted."""

    x: Column
    y: Column
    variance: Column
    weight: Column
    step: float

    def take(self, index: NDArray) -> _Part:
        return _Part(self.x[index], self.y[index], self.variance[index], self.weight[index], self.step)


def _finite(one: Range) -> Range:
    """A range without the points that are no numbers at all."""
    good = np.isfinite(one.two_theta_deg) & np.isfinite(one.counts)
    if good.all():
        return one
    seconds = one.seconds[good] if isinstance(one.seconds, np.ndarray) else one.seconds
    lost = f"{int((~good).sum())} points without finite numbers were left out."
    return replace(
        one, two_theta_deg=one.two_theta_deg[good], counts=one.counts[good], seconds=seconds, notes=(*one.notes, lost)
    )


def _is_alignment(one: Range, ranges: Sequence[Range]) -> bool:
    """Whether a range is too short for a pattern and lies within another: a scan that adjusts the sample."""
    low, high = one.ends
    return len(one.counts) < MIN_POINTS and any(
        len(other.counts) >= MIN_POINTS
        and other.ends[0] - other.step_deg <= low
        and high <= other.ends[1] + other.step_deg
        for other in ranges
    )


def _repeats(one: Range, other: Range) -> bool:
    """Whether two ranges measure the same: nearly the same span, or the same scan that was stopped."""
    (low, high), (first, last) = one.ends, other.ends
    longer = max(high - low, last - first)
    common = min(high, last) - max(low, first)
    if longer > 0 and common >= _SHARE_OF_REPEAT * longer:
        return True
    step = max(one.step_deg, other.step_deg)
    same_way = abs(low - first) < step and abs(one.step_deg - other.step_deg) < 0.01 * step
    return same_way and np.array_equal(np.unique(_seconds(one)), np.unique(_seconds(other)))


def _seconds(one: Range) -> Column:
    return np.atleast_1d(np.asarray(0.0 if one.seconds is None else one.seconds, dtype=float))


def _part(one: Range, rates: bool, timed: bool) -> _Part:
    order = np.argsort(one.two_theta_deg, kind="stable")
    x, y = one.two_theta_deg[order], one.counts[order]
    weight = np.broadcast_to(_seconds(one) if timed else np.ones(1), one.counts.shape)[order]
    variance = np.maximum(y, 1.0)
    if rates:
        y, variance = y / weight, variance / weight**2
    return _Part(x, y, variance, weight, one.step_deg)


def _merge(whole: _Part, part: _Part) -> _Part:
    """Points of both, averaged where both measured, on the finer steps of the two."""
    fine, coarse = (part, whole) if part.step < 0.99 * whole.step else (whole, part)
    reach = 0.5 * max(part.step, whole.step) + 1e-6
    shared = _near(fine.x, coarse.x, reach) & (fine.x >= coarse.x[0] - 1e-6) & (fine.x <= coarse.x[-1] + 1e-6)
    y, variance, weight = fine.y.copy(), fine.variance.copy(), fine.weight.copy()
    if shared.any():
        other_y, other_variance, other_weight = (
            np.interp(fine.x[shared], coarse.x, values) for values in (coarse.y, coarse.variance, coarse.weight)
        )
        own = weight[shared]
        total = own + other_weight
        y[shared] = (own * y[shared] + other_weight * other_y) / total
        variance[shared] = (own**2 * variance[shared] + other_weight**2 * other_variance) / total**2
        weight[shared] = total
    rest = coarse.take(np.flatnonzero(~_near(coarse.x, fine.x, reach)))
    x = np.concatenate([fine.x, rest.x])
    order = np.argsort(x, kind="stable")
    y, variance, weight = (
        np.concatenate(columns)[order] for columns in ((y, rest.y), (variance, rest.variance), (weight, rest.weight))
    )
    return _Part(x[order], y, variance, weight, fine.step)


def _near(x: Column, others: Column, reach: float) -> NDArray[np.bool_]:
    """Which points have one of the others within reach; both ascend."""
    right = np.clip(np.searchsorted(others, x), 0, len(others) - 1)
    left = np.maximum(right - 1, 0)
    return np.minimum(np.abs(others[right] - x), np.abs(others[left] - x)) <= reach


def _gaps(parts: Sequence[_Part]) -> list[str]:
    """A note on the angles between the ranges that nobody measured."""
    gaps = []
    reached, step = parts[0].x[-1], parts[0].step
    for part in parts[1:]:
        if part.x[0] - reached > _GAP_STEPS * max(step, part.step):
            gaps.append(f"{reached:g} to {part.x[0]:g}°")
        if part.x[-1] > reached:
            reached, step = part.x[-1], part.step
    return [f"Not measured: {', '.join(gaps)}."] if gaps else []
