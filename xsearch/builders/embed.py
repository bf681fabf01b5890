"""The vectors of the powder network beside an index: a new version that shares every other file with the one before."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import BuildError
from xsearch.indexes import Index
from xsearch.indexes.files import build_errors, builder_lock, remove, write_atomically
from xsearch.indexes.index import EMBEDDING
from xsearch.indexes.manifest import MANIFEST, describe_file
from xsearch.indexes.publish import publish_version
from xsearch.indexes.vectors import write_vectors
from xsearch.indexes.versions import folder_of
from xsearch.indexes.views import clean_views
from xsearch.models.powder_encoder import PowderEncoder, encoder_from, load

BATCH = 64


def embed(name: str | Path, weights: Path | None = None) -> str:
    """Work out the vector of every row and publish them with the index.

    Args:
        name: of the index.
        weights: of the network; those that come with xsearch by default.

    Returns:
        The version that holds them. Where the current one does already, it is that one.

    Raises:
        MissingIndex, BrokenIndex: where the index cannot be read.
        BuildError: where the disk refuses, or a build is under way.
    """
    encoder = load() if weights is None else encoder_from(weights)
    folder = folder_of(name)
    with builder_lock(folder):
        index = Index.open(folder)
        if index.encoder == encoder.identity:
            return index.version
        made = folder / "embedding.partial"
        with build_errors("write the vectors", folder):
            remove(made)
            made.mkdir()
            for member in index.manifest.files:
                if member != EMBEDDING:
                    _share(index.folder / member, made / member)
            write_vectors(row_vectors(index, encoder), made / EMBEDDING)
            manifest = replace(
                index.manifest,
                extra={**index.manifest.extra, "encoder": encoder.identity, "encoder_dimensions": encoder.dimensions},
                files={**index.manifest.files, EMBEDDING: describe_file(made / EMBEDDING)},
            )
            write_atomically(made / MANIFEST, manifest.to_json().encode())
            # shared files keep their time, by which both versions see that nobody touched them
            stamp = (index.folder / MANIFEST).stat().st_mtime_ns
            os.utime(made / MANIFEST, ns=(stamp, stamp))
            try:
                return publish_version(folder, made, manifest)
            finally:
                remove(made)


def row_vectors(index: Index, encoder: PowderEncoder) -> NDArray[np.float16]:
    """(rows, d) unit vectors; rows without a reflection get zeros, which are near nothing.

    Raises:
        BuildError: for an index without rows.
    """
    if len(index) == 0:
        raise BuildError(f"Index {index.name!r} holds nothing to embed.")
    out = np.zeros((len(index), encoder.dimensions), np.float16)
    rows = np.flatnonzero(np.diff(index.reflection_arrays.offsets) > 0)
    for begin in range(0, len(rows), BATCH):
        part = rows[begin : begin + BATCH]
        out[part] = encoder.read(clean_views(index, part)).vectors
    return out


def _share(source: Path, target: Path) -> None:
    """A second name for a file, or a copy where the disk has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())
