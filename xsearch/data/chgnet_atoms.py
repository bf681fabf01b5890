"""CHGNet's features of the atoms of many crystals, kept in a folder from which an interrupted run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.errors import CrystalError
from xsearch.indexes.files import write_atomically
from xsearch.models.chgnet import VERSION, chgnet_features

CHUNK = 64
"""Crystals in one kept file."""

Atoms = NDArray[np.float32]


def atoms_of(crystals: Sequence[Crystal], kept: Path | None = None) -> list[Atoms | None]:
    """(atoms, CHGNET_FEATURES) of each crystal; None where CHGNet cannot read it.

    Args:
        crystals: any.
        kept: a folder; without it nothing is kept.
    """
    found: list[Atoms | None] = []
    for first in range(0, len(crystals), CHUNK):
        chunk = crystals[first : first + CHUNK]
        path = None if kept is None else kept / f"{_digest(chunk)}.npz"
        if path is not None and path.exists():
            found += _read(path, len(chunk))
            continue
        atoms = _chunk(chunk)
        if path is not None:
            _write(path, atoms)
        found += atoms
    return found


def _chunk(crystals: Sequence[Crystal]) -> list[Atoms | None]:
    """All at once, or one after the other where one of them cannot be read."""
    try:
        return list(chgnet_features(crystals))
    except CrystalError:
        if len(crystals) == 1:
            return [None]
        return [atoms for one in crystals for atoms in _chunk([one])]


def _digest(crystals: Sequence[Crystal]) -> str:
    digest = hashlib.sha256(VERSION.encode())
    for one in crystals:
        digest.update(" ".join(one.elements).encode())
        digest.update(np.ascontiguousarray(one.lattice_A.round(6)).tobytes())
        digest.update(np.ascontiguousarray(one.frac_coords.round(6)).tobytes())
    return digest.hexdigest()[:24]


def _read(path: Path, count: int) -> list[Atoms | None]:
    with np.load(path) as file:
        return [file.get(str(number)) for number in range(count)]


def _write(path: Path, atoms: Sequence[Atoms | None]) -> None:
    arrays: dict[str, Any] = {str(number): one for number, one in enumerate(atoms) if one is not None}
    content = BytesIO()
    np.savez(content, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content.getvalue())
