"""Files that lead to other files: what was dropped is read, and nothing that it points to on this machine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.source import MAX_BYTES, load

HDF5_MARK = b"\x89HDF\r\n\x1a\n"
"""How an HDF5 file begins, after a block of the user's own."""

USER_BLOCK = 4096
"""Bytes that such a block may have here."""


def check_links(path: str | Path) -> None:
    """Make sure that a file holds its data itself; only HDF5 files, packed ones too, may do otherwise.

    Raises:
        SpectrumError: where a link or a dataset of it leads to another file, or it cannot be unpacked.
    """
    place = Path(path)
    for start, file in _held(place):
        if HDF5_MARK in start and (outside := links_outside(file)):
            raise SpectrumError(
                f"{place.name}: its {outside[0]} lies in another file, and only what is dropped is read; drop a file "
                "that holds the data itself."
            )


def links_outside(where: Path | BinaryIO) -> list[str]:
    """What of an HDF5 file lies in other files: external links, external storage, and virtual datasets."""
    import h5py

    found: list[str] = []

    def link(name: str, one: Any) -> None:
        if isinstance(one, h5py.ExternalLink):
            found.append(name)

    def thing(name: str, one: Any) -> None:
        if isinstance(one, h5py.Dataset) and (one.is_virtual or one.external):
            found.append(name)

    try:
        with h5py.File(where, "r") as file:
            file.visititems_links(link)
            file.visititems(thing)
    except (OSError, RuntimeError, ValueError):
        pass  # the reader says what is wrong with it
    return found


def _held(path: Path) -> Iterator[tuple[bytes, Path | BinaryIO]]:
    """What a file holds, and what the members of an archive hold, each with its first bytes."""
    source = load(path)
    start = source.data[:USER_BLOCK]
    if not start.startswith(b"PK"):
        yield start, path if source.on_disk else io.BytesIO(source.data)
        return
    try:
        with zipfile.ZipFile(path if source.on_disk else io.BytesIO(source.data)) as archive:
            for one in archive.infolist():
                if one.file_size <= MAX_BYTES:  # no reader takes larger ones
                    data = archive.read(one)
                    yield data[:USER_BLOCK], io.BytesIO(data)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        return  # the reader says what is wrong with it
