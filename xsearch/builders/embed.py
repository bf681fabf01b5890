"""Vectors of the powder network for every row of an index, published as a new version of it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.errors import BuildError
from xsearch.indexes import Index
from xsearch.indexes.backends import backend_for, write_shortcut
from xsearch.indexes.embedding import EMBEDDING, SHORTCUT
from xsearch.indexes.files import build_errors, builder_lock, remove, write_atomically
from xsearch.indexes.manifest import MANIFEST, describe_file
from xsearch.indexes.publish import publish_version
from xsearch.indexes.vectors import load_faiss, write_vectors
from xsearch.indexes.versions import folder_of
from xsearch.indexes.views import clean_views
from xsearch.models.powder_vectors import PowderVectors, load, vectors_from
from xsearch.options import Backend, parse_choice
from xsearch.progress import Progress, Silence, open_progress

BATCH, THREADS = 64, 2
"""Rows that one thread encodes at a time, and threads: more gain nothing on two cores. Set by hand."""


def embed(
    name: str | Path, weights: Path | None = None, backend: Backend | str | None = None, progress: bool = False
) -> str:
    """Work out the vector of every row and publish them with the index.

    Vectors that are there already, of the same weights, are kept.

    Args:
        name: of the index.
        weights: of the network; those that come with xsearch by default.
        backend: how nearest neighbours will be found; by default as suits the number of rows.
        progress: whether to show it.

    Returns:
        The version that holds them. Where the current one does already, it is that one.

    Raises:
        MissingIndex, BrokenIndex: where the index cannot be read.
        MissingExtra: where FAISS is not installed.
        BuildError: where the disk refuses, or a build is under way.
    """
    load_faiss()
    encoder = load() if weights is None else vectors_from(weights)
    folder = folder_of(name)
    with builder_lock(folder):
        index = Index.open(folder)
        chosen = backend_for(len(index)) if backend is None else parse_choice(Backend, backend, "backend")
        if index.embedding and (index.encoder, index.embedding.backend) == (encoder.identity, chosen):
            return index.version
        made = folder / "embedding.partial"
        with build_errors("write the vectors", folder):
            remove(made)
            made.mkdir()
            others = [member for member in index.manifest.files if member not in (EMBEDDING, SHORTCUT)]
            for member in others:
                _share(index.folder / member, made / member)
            written = _write_vectors(index, encoder, chosen, made, progress)
            manifest = replace(
                index.manifest,
                extra={
                    **index.manifest.extra,
                    "encoder": encoder.identity,
                    "encoder_dimensions": encoder.dimensions,
                    "vector_backend": chosen.value,
                },
                files={
                    **{member: index.manifest.files[member] for member in others},
                    **{member: describe_file(made / member) for member in written},
                },
            )
            write_atomically(made / MANIFEST, manifest.to_json().encode())
            # shared files keep their time, by which both versions see that nobody touched them
            stamp = (index.folder / MANIFEST).stat().st_mtime_ns
            os.utime(made / MANIFEST, ns=(stamp, stamp))
            try:
                return publish_version(folder, made, manifest)
            finally:
                remove(made)


def _write_vectors(index: Index, encoder: PowderVectors, backend: Backend, made: Path, progress: bool) -> list[str]:
    """Write the vectors, and the graph or lists that search them, into a folder; returns the names of the files."""
    if index.embedding is not None and index.encoder == encoder.identity:
        vectors = index.embedding.array
        _share(index.folder / EMBEDDING, made / EMBEDDING)
    else:
        with open_progress(progress) as reporter:
            vectors = row_vectors(index, encoder, reporter)
        write_vectors(vectors, made / EMBEDDING)
    if backend is Backend.EXACT:
        return [EMBEDDING]
    write_shortcut(vectors, backend, made / SHORTCUT)
    return [EMBEDDING, SHORTCUT]


def row_vectors(index: Index, encoder: PowderVectors, progress: Progress | None = None) -> NDArray[np.float16]:
    """(rows, d) unit vectors; rows without a reflection get zeros, which match nothing.

    Raises:
        BuildError: for an index without rows.
    """
    if len(index) == 0:
        raise BuildError(f"Index {index.name!r} holds nothing to embed.")
    out = np.zeros((len(index), encoder.dimensions), np.float16)
    rows = np.flatnonzero(np.diff(index.reflection_arrays.offsets) > 0)
    reporter = progress or Silence()
    reporter.start("vectors", len(rows))

    def one_batch(begin: int) -> int:
        part = rows[begin : begin + BATCH]
        views = clean_views(index, part)
        out[part] = encoder.of_rows(views, index.profiles[part], index.columns.expected_strain[part])
        return len(part)

    # a thread pool of BLAS's own inside each of these would only spin
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(THREADS) as pool:
        for done in pool.map(one_batch, range(0, len(rows), BATCH)):
            reporter.advance(done)
    return out


def _share(source: Path, target: Path) -> None:
    """A second name for a file, or a copy where the disk has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())
