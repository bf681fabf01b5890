"""What a user added to an index: told from all else by its source, and kept through every update."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from xsearch.chemistry.material import Material
from xsearch.indexes.index import Index
from xsearch.indexes.spectra import stored_spectra
from xsearch.spectra.xas import XasSpectrum

OWN = "own"
"""The source of what a user added."""


def own_materials(index: Index | None, kept: bool) -> tuple[tuple[str, Material | None], ...]:
    """The user's entries of an index by id.

    Args:
        index: None where there is none.
        kept: whether the rows themselves are taken over, so that the material is not needed again.
    """
    if index is None:
        return ()
    rows = [
        row for (row,) in index.sql("select row_id from materials where source = ? order by row_id", [OWN]).fetchall()
    ]
    names = index.catalog.column("material_id")
    if kept:
        return tuple((names[row].as_py(), None) for row in rows)
    return tuple((material.material_id, material) for material in index.materials(np.array(rows, np.int64)))


def own_licences(index: Index | None, project: str) -> list[str]:
    """Licences of what the user added to an index of a project."""
    if index is None:
        return []
    found = index.sql(
        "select licence from materials where source = ? union select licence from spectra where source <> ?",
        [OWN, project],
    )
    return sorted(licence for (licence,) in found.fetchall())


def own_spectra(index: Index | None, project: str, kept: bool) -> tuple[tuple[str, XasSpectrum | None], ...]:
    """Every spectrum of an index that is not the project's, by id; see `own_materials`.

    Tables that were added state their own sources, so it is the project's that tells.
    """
    if index is None:
        return ()
    table = index.spectra_table.filter(pc.not_equal(index.spectra_table.column("source"), project))
    if kept:
        return tuple((name, None) for name in table.column("spectrum_id").to_pylist())
    return tuple((spectrum.spectrum_id, spectrum) for spectrum in stored_spectra(table))
