"""From the columns of an X-ray absorption scan to its absorption: which columns, and how they make it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.columns import list_columns, named_columns
from xsearch.spectra.readers.detectors import Column, Signal
from xsearch.spectra.rise import Rise, judge_rise

MOST_WAYS = 64
"""Ways of making an absorption that are compared; set by hand, no beamline writes as many detectors."""
_ONE_BY_ONE = 3
"""Counters of one family up to which each may be the transmitted beam; more are the channels of a detector."""


@dataclass(frozen=True, slots=True)
class Way:
    """An absorption that columns may make.

    Attributes:
        mu: (n,).
        words: how it was made, for the notes.
        label: what it is called, where a file holds several.
    """

    mu: NDArray[np.float64]
    words: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class ScanColumns:
    """The columns of a scan.

    Attributes:
        values: (n, k) float64.
        labels: k names, each empty where the file gives none.
        columns: what each holds by its name.
        energy_eV: (n,) as far as it is known, by which a rise is judged.
        energy: the index of the energies, or None where they come from elsewhere.
        name: the file's name.
        edges_eV: of the absorber that is stated, or none.
    """

    values: NDArray[np.float64]
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    energy_eV: NDArray[np.float64]
    energy: int | None
    name: str
    edges_eV: tuple[float, ...] = ()

    def judge(self, mu: NDArray[np.float64]) -> Rise:
        """How clearly an absorption of the scan rises."""
        return judge_rise(self.energy_eV, mu, self.edges_eV)

    def index_of(self, signal: Signal) -> list[int]:
        """The columns that hold something."""
        return [i for i, column in enumerate(self.columns) if column.signal is signal and i != self.energy]

    def called(self, *columns: int) -> str:
        """Columns in words: `I0`, or `FF1 to FF8 (8 columns)`."""
        names = [self.labels[i] or f"column {i + 1}" for i in columns]
        if len(names) <= 2:
            return " + ".join(names)
        return f"{names[0]} to {names[-1]} ({len(names)} columns)"


def absorptions(scan: ScanColumns, given: Mapping[str, str]) -> tuple[Way, ...]:
    """The absorption that a scan's columns make; several where they are those of several samples.

    The file's own absorption goes first, then ln(i0/it) and if/i0, whichever shows the clearer edge, then columns whose
    names say nothing. What shows no clear rise is none of these.

    Args:
        scan: the columns.
        given: what the user says of them, by role; it is obeyed.

    Raises:
        SpectrumError: where no absorption has a clear rise; the message lists the columns.
    """
    if set(given) - {"energy"}:
        return (_as_given(scan, given),)
    tried: list[str] = []
    for tier in (_stated(scan), _computed(scan), _samples(scan), _doubtful(scan)):
        clear = []
        for way in islice(tier, MOST_WAYS):
            rise = scan.judge(way.mu)
            if rise.is_clear:
                clear.append((rise.order, way))
            else:
                tried.append(way.words)
        if len([way for _, way in clear if way.label]) > 1:
            return tuple(way for _, way in clear)
        if clear:
            return (replace(max(clear, key=lambda one: one[0])[1], label=""),)
    raise SpectrumError(_nothing_rises(scan, tried))


def _nothing_rises(scan: ScanColumns, tried: list[str]) -> str:
    count = scan.values.shape[1]
    if count <= 2:
        return f"{scan.name}: the absorption has no clear rise; there is no edge in it."
    shown = "; tried were " + ", ".join(tried[:6]) + (f" and {len(tried) - 6} more" if len(tried) > 6 else "")
    return (
        f"{scan.name}: no absorption with a clear rise in it{shown if tried else ''}. Name the columns with --columns, "
        f"such as energy=1,i0=2,it=3 or energy=1,mu=2; its columns are {list_columns(scan.labels, count)}."
    )


def _as_given(scan: ScanColumns, given: Mapping[str, str]) -> Way:
    """The absorption by the columns that the user names, the others by the file's names."""
    found = {role: named_columns(text, scan.labels, scan.values.shape[1], scan.name) for role, text in given.items()}
    totals = {role: scan.values[:, list(columns)].sum(axis=1) for role, columns in found.items()}
    named = {role: scan.called(*columns) for role, columns in found.items()}
    if "mu" in totals:
        return Way(totals["mu"], f"{named['mu']}, as given")
    own = scan.index_of(Signal.I0)
    if "i0" not in totals and own and not ("it" in totals and "ir" in totals):
        totals["i0"], named["i0"] = scan.values[:, own[0]], scan.called(own[0])
    if "i0" in totals and not {"it", "if"} & totals.keys():
        beside = replace(scan, columns=_with_i0(scan, found["i0"][0]) if "i0" in found else scan.columns)
        clear = [(scan.judge(way.mu).order, way) for way in _computed(beside)]
        if clear:
            return max(clear, key=lambda one: one[0])[1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if "i0" in totals and "it" in totals:
            return Way(np.log(totals["i0"] / totals["it"]), f"ln({named['i0']} / {named['it']}), as given")
        if "i0" in totals and "if" in totals:
            return Way(totals["if"] / totals["i0"], f"({named['if']}) / {named['i0']}, as given")
        if "it" in totals and "ir" in totals:
            return Way(
                np.log(totals["it"] / totals["ir"]), f"ln({named['it']} / {named['ir']}), the reference, as given"
            )
    if "if" in totals:
        return Way(totals["if"], f"{named['if']}, as given, without an incident intensity")
    listed = list_columns(scan.labels, scan.values.shape[1])
    raise SpectrumError(
        f"{scan.name}: the columns given make no absorption; mu, or i0 with it or if is needed. Its columns are "
        f"{listed}."
    )


def _with_i0(scan: ScanColumns, i0: int) -> tuple[Column, ...]:
    columns = [replace(c, signal=None) if c.signal is Signal.I0 else c for c in scan.columns]
    columns[i0] = replace(columns[i0], signal=Signal.I0)
    return tuple(columns)


def _stated(scan: ScanColumns) -> Iterator[Way]:
    """Columns that the file itself calls an absorption; of one name they are several samples."""
    for signal in (Signal.MU, Signal.NORM):
        found = scan.index_of(signal)
        names = [scan.columns[i].family for i in found]
        clear = False
        for i in found:
            label = f"{scan.labels[i]} (column {i + 1})" if names.count(scan.columns[i].family) > 1 else ""
            clear = clear or scan.judge(scan.values[:, i]).is_clear
            yield Way(scan.values[:, i], f"column {scan.labels[i]!r}", label)
        if clear:
            return


def _computed(scan: ScanColumns) -> Iterator[Way]:
    """Absorption out of counters: transmission, and the fluorescence of each detector."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for i0 in scan.index_of(Signal.I0):
            incident = scan.values[:, i0]
            counters = [group for group in _families(scan, Signal.CHAMBER) if len(group) <= _ONE_BY_ONE]
            for it in (*scan.index_of(Signal.TRANSMITTED), *(i for group in counters for i in group)):
                words = f"ln({scan.called(i0)} / {scan.called(it)}), transmission"
                yield Way(np.log(incident / scan.values[:, it]), words)
            for group in (*_families(scan, Signal.FLUORESCENCE), *_families(scan, Signal.CHAMBER)):
                summed = scan.values[:, group].sum(axis=1)
                what = scan.called(*group) if len(group) == 1 else f"({scan.called(*group)})"
                yield Way(summed / incident, f"{what} / {scan.called(i0)}, fluorescence")
            for it in scan.index_of(Signal.TRANSMITTED):
                if "absorbed" in scan.columns[it].family:  # NXxas calls any signal of the sample so
                    words = f"{scan.called(it)} / {scan.called(i0)}, fluorescence"
                    yield Way(scan.values[:, it] / incident, words)


def _families(scan: ScanColumns, signal: Signal) -> list[list[int]]:
    """The channels of each detector. Of values with and without a correction of dead time the corrected ones are taken,
    and a sum that the file gives goes before its parts."""
    groups: dict[str, list[int]] = {}
    for i in scan.index_of(signal):
        groups.setdefault(scan.columns[i].family, []).append(i)
    corrected = [group for group in groups.values() if all(scan.columns[i].corrected for i in group)]
    taken = corrected or list(groups.values())
    sums = [group for group in taken if all(scan.columns[i].is_sum for i in group)]
    return sums + [group for group in taken if group not in sums]


def _samples(scan: ScanColumns) -> Iterator[Way]:
    """Columns of a table without counters, each the spectrum of a sample, by whatever name."""
    if not scan.index_of(Signal.I0):
        no_sample = (Signal.ENERGY, Signal.ANGLE, Signal.NONE, Signal.MU, Signal.NORM)
        for i in range(len(scan.columns)):
            if i != scan.energy and scan.columns[i].signal not in no_sample:
                words = f"column {i + 1}" + (f", {scan.labels[i]!r}" if scan.labels[i] else "")
                yield Way(scan.values[:, i], words, scan.labels[i] or words)


def _doubtful(scan: ScanColumns) -> Iterator[Way]:
    """Counters whose names say nothing, beside an incident intensity: taken where one alone shows an edge."""
    found = []
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for i0 in scan.index_of(Signal.I0)[:1]:
            for i in range(len(scan.columns)):
                if i != scan.energy and scan.columns[i].signal is None:
                    ratio = scan.values[:, i] / scan.values[:, i0]
                    named = (f"{scan.called(i)} / {scan.called(i0)}", f"ln({scan.called(i0)} / {scan.called(i)})")
                    found += [Way(mu, words) for mu, words in zip((ratio, -np.log(ratio)), named, strict=True)]
    clear = [way for way in found if scan.judge(way.mu).is_clear]
    yield from clear if len(clear) == 1 else []
