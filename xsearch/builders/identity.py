"""What makes two builds the same build, and where an index of a name lies."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import xsearch
from xsearch.builders.amcsd import AmcsdSource
from xsearch.builders.dependencies import Definition, dependencies_of, versions_of
from xsearch.builders.digests import digest_of
from xsearch.builders.measured_cells import MeasuredCells
from xsearch.builders.source import Source, SpectraSource
from xsearch.chemistry.symmetry import SYMPREC_A
from xsearch.errors import BuildError
from xsearch.indexes.files import sha256
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

STORING = frozenset({"duckdb", "faiss", "filelock", "orjson", "platformdirs", "pyarrow", "rich", "threadpoolctl"})
"""Libraries that show, store and read and change no number; every other one that is used counts."""


def fingerprint_of(
    source: Source, measured_cells: bool, batch: int, spectra: SpectraSource | None, work: tuple[Definition, ...]
) -> str:
    """What a build's chunks depend on, in one hash; chunks of another fingerprint are not taken over.

    Args:
        source: of the crystals.
        measured_cells: whether measured cells are linked.
        batch: items a chunk.
        spectra: their source, if any.
        work: the classes that turn items into chunks.
    """
    used = {*work, *definitions_of(source), *(definitions_of(spectra) if spectra is not None else ())}
    return digest_of([source.fingerprint(), spectra and spectra.fingerprint(), batch, made_with(measured_cells, *used)])


def definitions_of(source: Any) -> set[Definition]:
    """What reads and processes the items of a source, and of the sources that it is made of."""
    found: set[Definition] = {type(source), source.process}
    for part in (getattr(source, field.name) for field in fields(source)) if is_dataclass(source) else ():
        if hasattr(part, "items") and hasattr(part, "process"):
            found |= definitions_of(part)
    return found


@cache
def made_with(measured_cells: bool, *used: Definition) -> str:
    """A hash of all but the input that shapes an entry: settings, code, libraries, and the measured cells.

    Args:
        measured_cells: whether measured cells are linked.
        used: the classes and functions that read and process the input.
    """
    cells = AmcsdSource() if measured_cells else None
    depended = dependencies_of(*used, *(definitions_of(cells) if cells is not None else ()))
    code = [sha256(file) for file in depended.files]
    libraries = versions_of(tuple(name for name in depended.libraries if name not in STORING))
    return digest_of([cells and cells.fingerprint(), SETTINGS, code, libraries])


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
