"""What makes two builds the same build, and where an index of a name lies."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xsearch
from xsearch.builders.amcsd import AmcsdSource
from xsearch.builders.measured_cells import MeasuredCells
from xsearch.builders.source import Source, SpectraSource
from xsearch.chemistry.symmetry import SYMPREC_A
from xsearch.errors import BuildError
from xsearch.indexes.versions import is_name
from xsearch.paths import indexes_folder
from xsearch.preprocess.axis import RECALL_AXIS
from xsearch.preprocess.profile import REFERENCE_WAVELENGTH_A
from xsearch.simulate.powder import D_MIN_A

SETTINGS: dict[str, Any] = {
    "axis": asdict(RECALL_AXIS),
    "d_min_A": D_MIN_A,
    "profile_wavelength_A": REFERENCE_WAVELENGTH_A,
    "symprec_A": SYMPREC_A,
    "xsearch": xsearch.__version__,
}
"""Stated in the manifest."""

SHAPING = ("elements.py", "chemistry", "simulate", "preprocess", "builders")
"""The parts of this package whose code decides what a chunk holds."""

LIBRARIES = ("moyopy", "pymatgen-core", "gemmi", "numpy")


def fingerprint_of(source: Source, measured_cells: bool, batch: int, spectra: SpectraSource | None = None) -> str:
    """What a build's chunks depend on, in one hash; chunks of another fingerprint are not taken over."""
    content = [source.fingerprint(), spectra and spectra.fingerprint(), batch, made_with(measured_cells)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def made_with(measured_cells: bool) -> str:
    """A hash of all but the input that shapes an entry: settings, code, libraries, and the measured cells."""
    cells = AmcsdSource().fingerprint() if measured_cells else None
    content = [cells, SETTINGS, _code(), {name: version(name) for name in LIBRARIES}]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def describe(source: Source, cells: MeasuredCells | None) -> dict[str, Any]:
    """What the manifest says about where the content comes from."""
    said: dict[str, Any] = {
        "source": source.name,
        "source_version": source.version,
        "licences": [source.licence],
        "citations": [source.citation] if source.citation else [],
        "measured_cells": cells is not None,
    }
    if cells is not None and len(cells):
        linked = next(iter(cells.by_phase.values()))[0].material
        said["licences"] = sorted({source.licence, linked.licence})
        said["citations"] = [*said["citations"], cells.citation]
    return said


def index_folder(name: str) -> Path:
    """Where the index of a name lies.

    Raises:
        BuildError: for a name that is no plain word.
    """
    if not is_name(name):
        raise BuildError(
            f"{name!r} is no name for an index; letters, digits, '-', '_' and '.' are expected, such as mp or lab-2."
        )
    return indexes_folder() / name


@cache
def _code() -> str:
    digest = hashlib.sha256()
    root = Path(xsearch.__file__).parent
    for part in SHAPING:
        path = root / part
        found = [file for suffix in ("py", "json") for file in path.rglob(f"*.{suffix}")] if path.is_dir() else [path]
        for file in sorted(found):
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
