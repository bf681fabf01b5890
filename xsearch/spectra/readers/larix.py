"""Sessions of Larch (.larix): gzipped text, in which lines of JSON hold the groups of XAS Viewer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.edge_names import parse_absorber, parse_edge
from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.normalisation import Normalisation, stated_in_file
from xsearch.spectra.readers.source import SourceFile
from xsearch.spectra.readers.wanted import Wanted
from xsearch.spectra.readers.xas_scan import XasScan

MARKS = (b"##LARIX:", b"##LARCH GROUPLIST")
"""How sessions and lists of groups begin."""


def read_larix(source: SourceFile, wanted: Wanted) -> tuple[XasScan, ...]:
    """All absorption spectra of a session, with the edge energy and the ranges that it states.

    Raises:
        SpectrumError: where there is none, or what there is is broken.
    """
    scans: list[XasScan] = []
    broken = 0
    for name, group in _groups(source.text()):
        try:
            scans.append(_scan(name, group))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            broken += 1
    if not scans:
        raise SpectrumError(f"{source.name}: no spectrum in it; a Larch session with mu(E) data is expected.")
    if not broken:
        return tuple(scans)
    said = f"{broken} of {broken + len(scans)} spectra of the session are broken and were left out."
    return tuple(replace(scan, notes=(said,)) for scan in scans)


def _groups(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The groups that hold energies and an absorption, with their names; damaged lines are passed over."""
    name = ""
    for line in text.splitlines():
        if line.startswith("<:"):
            name = line.strip("<:> ")
        elif line.startswith("{"):
            try:
                group = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(group, dict) and isinstance(group.get("energy"), dict) and isinstance(group.get("mu"), dict):
                yield name, group


def _scan(name: str, group: dict[str, Any]) -> XasScan:
    energy, mu = _array(group["energy"]), _array(group["mu"])
    if len(energy) != len(mu) or len(energy) < MIN_POINTS:
        raise ValueError("energies and absorption are of different lengths")
    label = next((str(group[key]) for key in ("filename", "label", "groupname") if group.get(key)), name)
    absorber: str | None = None
    edge: str | None = None
    with suppress(KeyError, SpectrumError):
        absorber, edge = parse_absorber(str(group["atsym"])), parse_edge(str(group["edge"]))
    return XasScan(energy, mu, absorber, edge, "eV", (), label, _normalisation(group, energy))


def _array(coded: dict[str, Any]) -> NDArray[np.float64]:
    return np.array(coded["value"], dtype=np.float64)


def _normalisation(group: dict[str, Any], energy_eV: NDArray[np.float64]) -> Normalisation:
    details = group.get("pre_edge_details")
    details = details if isinstance(details, dict) else {}
    pre1, pre2, norm1, norm2 = (_number(details.get(name)) for name in ("pre1", "pre2", "norm1", "norm2"))
    return stated_in_file(energy_eV, _number(group.get("e0")), (pre1, pre2), (norm1, norm2))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
