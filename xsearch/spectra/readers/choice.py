"""One scan out of a file of several: by its number, by its name, or the mean of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.scan import PowderScan
from xsearch.spectra.readers.xas_scan import XasScan

ALL = "all"
"""In place of a number or a name, as in `FILE#all`: the mean of all scans."""
MOST_LISTED = 20
"""Scans that a message lists; set by hand."""


def choose(scans: Sequence[PowderScan | XasScan], spectrum: str | None, name: str) -> PowderScan | XasScan:
    """The scan that is meant.

    Args:
        scans: what the file holds, in its order.
        spectrum: a scan's label, its number from 1, `all` for the mean, or None where nothing is said.
        name: the file's name.

    Raises:
        SpectrumError: where none or several could be meant; the message lists them.
    """
    if spectrum is None and len(scans) == 1:
        return scans[0]
    if spectrum is not None:
        named = [scan for scan in scans if scan.label == spectrum]
        if len(named) == 1:
            return named[0]
        if spectrum.isdecimal() and 1 <= int(spectrum) <= len(scans):
            return noted(scans[int(spectrum) - 1], int(spectrum), len(scans))
        if spectrum.lower() == ALL:
            return mean_scan(scans, name)
    listed = ", ".join(f"{number} {scan.label!r}" for number, scan in enumerate(scans[:MOST_LISTED], start=1))
    more = f" and {len(scans) - MOST_LISTED} more" if len(scans) > MOST_LISTED else ""
    problem = f"no spectrum {spectrum!r} in it" if spectrum is not None else f"{len(scans)} spectra in it"
    raise SpectrumError(
        f"{name}: {problem}; choose one by its number or name, as in {name}#2, or the mean of all, {name}#all: "
        f"{listed}{more}."
    )


def noted(scan: PowderScan | XasScan, number: int, count: int) -> PowderScan | XasScan:
    """A scan with a note on which of several it is."""
    if count == 1:
        return scan
    called = f", {scan.label!r}" if scan.label else ""
    return replace(scan, notes=(f"Spectrum {number} of {count} in the file{called}.", *scan.notes))


def mean_scan(scans: Sequence[PowderScan | XasScan], name: str) -> PowderScan | XasScan:
    """The mean of scans of one kind, on the axis of the first.

    Raises:
        SpectrumError: where they are of different kinds, absorbers or axes.
    """
    first = scans[0]
    if isinstance(first, PowderScan):
        patterns = [scan for scan in scans if isinstance(scan, PowderScan) and scan.unit is first.unit]
        if len(patterns) == len(scans):
            values = [_on(first.axis, scan.axis, scan.intensity) for scan in patterns]
            sigmas = [_on(first.axis, scan.axis, scan.sigma) for scan in patterns if scan.sigma is not None]
            of_mean = None
            if len(sigmas) == len(scans):
                counted = np.isfinite(sigmas).sum(axis=0)
                of_mean = np.sqrt(np.nansum(np.square(sigmas), axis=0)) / np.maximum(counted, 1)
            return replace(first, intensity=_mean(values), sigma=of_mean, notes=(*first.notes, _note(len(scans))))
    else:
        spectra = [
            scan
            for scan in scans
            if isinstance(scan, XasScan) and (scan.absorber, scan.unit) == (first.absorber, first.unit)
        ]
        if len(spectra) == len(scans):
            values = [_on(first.energy, scan.energy, scan.mu) for scan in spectra]
            return replace(first, mu=_mean(values), notes=(*first.notes, _note(len(scans))))
    raise SpectrumError(f"{name}: its {len(scans)} spectra are not of one kind and cannot be averaged; choose one.")


def _on(axis: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Values on another axis, NaN outside their own."""
    if x.shape == axis.shape and np.array_equal(x, axis):
        return y
    order = np.argsort(x, kind="stable")
    return np.interp(axis, x[order], y[order], left=np.nan, right=np.nan)


def _mean(values: list[np.ndarray]) -> np.ndarray:
    """The mean over scans of what each measured; where none did, NaN."""
    stack = np.array(values)
    count = np.isfinite(stack).sum(axis=0)
    return np.where(count > 0, np.nansum(stack, axis=0) / np.maximum(count, 1), np.nan)


def _note(count: int) -> str:
    return f"The mean of {count} scans, on the axis of the first."
