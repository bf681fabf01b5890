"""What a user added to an index: known by its source, and kept through every update."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from xsearch.chemistry.material import Material
from xsearch.indexes import sql
from xsearch.indexes.index import Index
from xsearch.indexes.spectra import stored_spectra
from xsearch.spectra.xas import XasSpectrum

USER_SOURCE = "own"
"""The source of what a user added."""

USER_ID = f"{USER_SOURCE}-"
"""What the ids of a user's entries begin with."""


def user_materials(index: Index | None, kept: bool) -> tuple[tuple[str, Material | None], ...]:
    """The user's entries of an index by id.

    Args:
        index: None where there is none.
        kept: whether the rows themselves are taken over, so that the material is not needed again.
    """
    if index is None:
        return ()
    rows = [row for (row,) in index.sql(sql.ROWS_OF_SOURCE, [USER_SOURCE]).fetchall()]
    names = index.catalog.column("material_id")
    if kept:
        return tuple((names[row].as_py(), None) for row in rows)
    return tuple((material.material_id, material) for material in index.materials(np.array(rows, np.int64)))


def user_licences(index: Index | None, project: str) -> list[str]:
    """Licences of what the user added to an index of a project."""
    if index is None:
        return []
    found = index.sql(sql.LICENCES_BESIDE, [USER_SOURCE, project])
    return sorted(licence for (licence,) in found.fetchall())


def user_spectra(index: Index | None, project: str, kept: bool) -> tuple[tuple[str, XasSpectrum | None], ...]:
    """Every spectrum of an index that is not the project's, by id; see `user_materials`.

    Tables that were added state sources of their own: all that is not the project's counts as the user's.
    """
    if index is None:
        return ()
    table = index.spectra_table.filter(pc.not_equal(index.spectra_table.column("source"), project))
    if kept:
        return tuple((name, None) for name in table.column("spectrum_id").to_pylist())
    return tuple((spectrum.spectrum_id, spectrum) for spectrum in stored_spectra(table))
