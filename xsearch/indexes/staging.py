"""A build in progress: chunks set aside one by one, then published as a version by one atomic rename."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from xsearch.errors import BuildError
from xsearch.indexes.assemble import assemble
from xsearch.indexes.backends import backend_for
from xsearch.indexes.chunk import CHUNK_SCHEMA, Chunk
from xsearch.indexes.embedding import EMBEDDING
from xsearch.indexes.files import build_errors, builder_lock, remove, sha256, sweep, write_atomically
from xsearch.indexes.manifest import FORMAT, MANIFEST, Manifest, describe_files
from xsearch.indexes.publish import publish_version
from xsearch.indexes.spectra import CHUNK_SCHEMA as SPECTRA_SCHEMA
from xsearch.indexes.spectra import SpectraChunk
from xsearch.indexes.xanes_vectors import XANES_VECTORS
from xsearch.models import xanes_encoder

_CHUNK_NAME = re.compile(r"(chunk|spectra)-(\d{6})-([0-9a-f]{16})\.arrow")


class Staging:
    """Where a build keeps its chunks until all are there. Open it with `Staging.open`.

    A chunk's file carries its checksum in its name and appears by a rename, so one that is there is whole; a build
    that was killed finds its chunks again and makes only those that are missing.
    """

    def __init__(self, index_folder: Path, fingerprint: str, settings: dict[str, Any]) -> None:
        self.index_folder = index_folder
        self.fingerprint = fingerprint
        self.settings = settings
        key = hashlib.sha256(f"{FORMAT}\n{CHUNK_SCHEMA}\n{SPECTRA_SCHEMA}\n{fingerprint}".encode()).hexdigest()[:16]
        self.folder = index_folder / "building" / key
        self._intact: dict[int, Path] = {}
        self._intact_spectra: dict[int, Path] = {}

    @classmethod
    @contextmanager
    def open(cls, index_folder: Path, fingerprint: str, settings: dict[str, Any]) -> Iterator[Staging]:
        """Take the builder's place of an index, and find the chunks that an earlier run left.

        Args:
            index_folder: the index, which need not exist yet.
            fingerprint: of everything that shapes the chunks: input, settings, code version. Another fingerprint
                starts anew.
            settings: what the manifest will say about it; JSON types only, and nothing that may differ between runs.

        Raises:
            BuildError: where another process builds this index, or the folder may not be written to.
        """
        with builder_lock(index_folder):
            staging = cls(index_folder, fingerprint, settings)
            with build_errors("build", index_folder):
                sweep(index_folder)
                staging.folder.mkdir(parents=True, exist_ok=True)
                staging._find_chunks()
            yield staging

    def has(self, number: int) -> bool:
        """Whether this chunk is there and intact."""
        return number in self._intact

    def has_spectra(self, number: int) -> bool:
        """Whether this chunk of spectra is there and intact."""
        return number in self._intact_spectra

    def write(self, number: int, chunk: Chunk) -> None:
        """Set a chunk aside, durably.

        Raises:
            BuildError: on a full disk or a folder that may not be written to.
        """
        self._intact[number] = self._set_aside("chunk", number, chunk.to_bytes())

    def write_spectra(self, number: int, chunk: SpectraChunk) -> None:
        """Set a chunk of spectra aside, durably; its numbers count for themselves.

        Raises:
            BuildError: on a full disk or a folder that may not be written to.
        """
        self._intact_spectra[number] = self._set_aside("spectra", number, chunk.to_bytes())

    def publish(self, chunks: int, extra: dict[str, Any] | None = None, spectra: int = 0) -> str:
        """Make chunks 0 to `chunks` - 1 into a version, check it, and let `CURRENT` name it.

        The same chunks give the same bytes and the same version; readers keep what they opened; the version that
        was current stays for a rollback, older ones go.

        Args:
            chunks: how many there must be.
            extra: what the manifest says beside settings and counts: source, database version, licences, citation.
            spectra: how many chunks of spectra there must be.

        Returns:
            The version's name.

        Raises:
            BuildError: where a chunk is missing, the disk is full, or what was written cannot be read back.
        """
        for wanted, there in ((chunks, self._intact), (spectra, self._intact_spectra)):
            if missing := [number for number in range(wanted) if number not in there]:
                raise BuildError(f"{len(missing)} of {wanted} chunks are missing, the first is number {missing[0]}.")
        made = self.folder / "version"
        with build_errors("publish the index", self.index_folder):
            try:
                manifest = self._assemble(made, chunks, spectra, extra or {})
            except (OSError, BuildError):
                remove(made)
                raise
            version = publish_version(self.index_folder, made, manifest)
            remove(self.index_folder / "building")
        return version

    def _find_chunks(self) -> None:
        for path in sorted(self.folder.iterdir()):
            if (match := _CHUNK_NAME.fullmatch(path.name)) and sha256(path).startswith(match[3]):
                (self._intact if match[1] == "chunk" else self._intact_spectra)[int(match[2])] = path
            else:  # half written, damaged, or a version that was not finished
                remove(path)

    def _set_aside(self, kind: str, number: int, content: bytes) -> Path:
        path = self.folder / f"{kind}-{number:06d}-{hashlib.sha256(content).hexdigest()[:16]}.arrow"
        with build_errors("write a chunk", self.folder):
            write_atomically(path, content)
        return path

    def _assemble(self, made: Path, chunks: int, spectra: int, extra: dict[str, Any]) -> Manifest:
        remove(made)
        made.mkdir()
        tables = (Chunk.from_bytes(pa.memory_map(str(self._intact[number]))) for number in range(chunks))
        windows = (SpectraChunk.from_bytes(pa.memory_map(str(self._intact_spectra[n]))) for n in range(spectra))
        counts, bins = assemble(tables, made, windows)
        files = describe_files(made)
        if XANES_VECTORS in files and (encoder := xanes_encoder.load()) is not None:
            extra = {**extra, "xanes_encoder": encoder.identity, "xanes_encoder_dimensions": encoder.dimensions}
        if EMBEDDING in files:
            extra = {**extra, "vector_backend": backend_for(counts["materials"]).value}
        manifest = Manifest(FORMAT, counts, bins, self.fingerprint, _plain(self.settings), _plain(extra), files)
        (made / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        return manifest


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as JSON gives them back, so that tuples and lists cannot make two manifests of one."""
    return dict(json.loads(json.dumps(settings, sort_keys=True)))
