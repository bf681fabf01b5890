"""The names of the columns of an absorption scan, in the many ways in which beamlines list them."""

from __future__ import annotations

import re

from xsearch.spectra.readers.detectors import Signal, column_of
from xsearch.spectra.readers.table import TextTable

_XDI = re.compile(r"column\.(?P<number>\d+)\s*:\s*(?P<label>\S+)(?:\s+(?P<unit>[^|\s]\S*))?", re.IGNORECASE)
_LEGENDS = (
    re.compile(r"col(?:umn)?\s*(?P<number>\d+)\s*[:=)]?\s+(?P<label>\S+)\s+(?:DOUBLE|FLOAT|INTEGER)", re.IGNORECASE),
    re.compile(r"\(?(?P<number>\d{1,3})\)\s*(?P<label>[A-Za-z][^*\t]*?)\s*(?=\*|\t|$|\s{2,}|\s\(?\d{1,3}\))"),
    re.compile(
        r"(?:col(?:umn)?|ch(?:annel)?|c)?[ ._]*(?P<number>\d{1,3})\s*[:=]\s*(?P<label>[A-Za-z][^,;\t]*?)\s*"
        r"(?=[,;\t]|$|\s{2,})",
        re.IGNORECASE,
    ),
    re.compile(r"(?<![\w.])(?P<number>\d{1,2})_(?P<label>[A-Za-z]\w*)"),
)
"""Numbered lists of columns: FIO files of DESY; `1) Mono Energy * 2) ...`; `# 1: energy`; `1_Energy 2_I0`."""
_SCAN_LABELS = re.compile(r"[PD]\d+\s*=\s*\{(?P<label>[^}]*)\}\s*-->", re.IGNORECASE)
"""The list of an EPICS scan: `P1={Mono Energy} --> {...}`."""
_MOST_WORDS_BEFORE = 3
"""On the line of names, before them or behind them; set by hand."""
_FEFF = ("omega", "e", "k", "mu", "mu0", "chi")


def column_names(table: TextTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns' names and units: from XDI's `Column.N` lines, a numbered list, or the line above the table."""
    count = table.values.shape[1]
    labels, units = list(table.labels or [""] * count), [""] * count
    for line in table.header:
        match = _XDI.match(line)
        if match and 1 <= int(match["number"]) <= count:
            labels[int(match["number"]) - 1] = match["label"]
            units[int(match["number"]) - 1] = (match["unit"] or "").strip()
    if not any(column_of(label).signal for label in labels):
        listed = _listed(table.header, count) or _counted(table.header, count) or _feff(table.header, count)
        labels = list(listed or labels)
    return tuple(labels), tuple(units)


def _listed(header: tuple[str, ...], count: int) -> list[str] | None:
    """The names of a numbered list that has one for each column."""
    for pattern in _LEGENDS:
        found: dict[int, str] = {}
        for line in header:
            for match in pattern.finditer(line):
                found.setdefault(int(match["number"]), match["label"].strip())
        first = min(found, default=1)
        if first in (0, 1) and all(first + i in found for i in range(count)):
            return [found[first + i] for i in range(count)]
    scan = [match["label"].strip() for line in header for match in _SCAN_LABELS.finditer(line)]
    return scan if len(scan) == count else None


def _counted(header: tuple[str, ...], count: int) -> list[str] | None:
    """The words of the lowest line that names an axis or a detector or two, where there are about as many as columns.

    Words before them may say that names follow, and a mark may stand behind them.
    """
    for line in reversed(header[-12:]):
        line = re.sub(r"^\(\d+\)\s*", "", line)
        for words in (re.split(r"\s*\*\s*|\s{2,}|\t+", line), re.split(r"\s*[,;]\s*", line), line.split()):
            named = [word.strip("\"' ") for word in words if re.search(r"\w", word)]
            if count <= len(named) <= count + _MOST_WORDS_BEFORE:
                chosen = max(named[:count], named[len(named) - count :], key=_known)
                if _known(chosen)[1] >= 2:
                    return chosen
    return None


def _known(words: list[str]) -> tuple[bool, int]:
    """Whether the first word is an axis, and how many words name something."""
    signals = [column_of(word).signal for word in words]
    first = bool(signals) and signals[0] in (Signal.ENERGY, Signal.ANGLE)
    return first, sum(signal is not None for signal in signals)


def _feff(header: tuple[str, ...], count: int) -> list[str] | None:
    """The columns of FEFF's xmu.dat, which older versions do not name."""
    return list(_FEFF) if count == len(_FEFF) and any("xsedge" in line for line in header) else None
