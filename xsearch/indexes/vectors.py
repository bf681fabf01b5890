"""Profile vectors as a FAISS index in half precision that is read in place from its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xsearch.errors import BrokenIndex, BuildError, MissingExtra


def load_faiss() -> Any:
    """FAISS, loaded where it is first needed; what its compiled half holds is unknown to type checkers.

    Raises:
        MissingExtra: where it is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise MissingExtra(
            f'Vectors are stored and searched by FAISS, which cannot be loaded ({error}): pip install "xsearch[cpu]".'
        ) from None
    return faiss


def has_faiss() -> bool:
    """Whether FAISS can be loaded."""
    try:
        load_faiss()
    except MissingExtra:
        return False
    return True


class HalfWriter:
    """Collects half-precision profiles or vectors and writes them as one FAISS index; 0.2 GB for 150,000 rows of 600.

    Args:
        what: they are, for messages.
    """

    def __init__(self, what: str) -> None:
        self.bins = 0
        self._what = what
        self._blocks: list[NDArray[np.float16]] = []
        self._rows_before = 0  # rows without a profile that came before the length was known

    def append(self, column: pa.ChunkedArray) -> None:
        """Append a column of binary vectors; a null becomes a row of zeros, which matches nothing.

        Raises:
            BuildError: where a vector's length differs from those before.
        """
        found = column.to_pylist()
        lengths = {len(p) // 2 for p in found if p is not None}
        if not lengths and not self.bins:
            self._rows_before += len(found)
            return
        self.bins = self.bins or min(lengths)
        if lengths - {self.bins}:
            raise BuildError(
                f"{self._what} of {self.bins} and {max(lengths - {self.bins})} bins cannot share an index."
            )
        block = np.zeros((self._rows_before + len(found), self.bins), np.float16)
        for row, profile in enumerate(found, start=self._rows_before):
            if profile is not None:
                block[row] = np.frombuffer(profile, np.float16)
        self._rows_before = 0
        self._blocks.append(block)

    def write(self, path: Path) -> NDArray[np.float16] | None:
        """Write the FAISS index and give what is in it; without any vector there is no file."""
        if not self.bins:
            return None
        vectors = np.concatenate(self._blocks) if self._blocks else np.zeros((0, self.bins), np.float16)
        self._blocks.clear()
        write_vectors(vectors, path)
        return vectors


def write_vectors(vectors: NDArray[np.float16], path: Path) -> None:
    """Write (n, d) vectors as a FAISS index of half precision (inner product) that is read in place."""
    faiss = load_faiss()
    index = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    # The codes are numpy's own rounding, added as they are: FAISS's differs from one instruction set to another.
    index.add_sa_codes(vectors.view(np.uint8))
    # An empty chain of transforms shifts the codes to an even place in the file, so that numpy sees them aligned.
    write_faiss(faiss.IndexPreTransform(index), path)


def write_faiss(index: Any, path: Path, flags: int = 0) -> None:
    """Write a FAISS index through a Python file, which reports a full disk as such; FAISS reports only a failure.

    Args:
        index: to write.
        path: the file.
        flags: of FAISS, what to leave out.

    Raises:
        OSError: where the disk refuses.
    """
    faiss = load_faiss()
    refused: list[OSError] = []
    with path.open("wb") as file:

        def write(content: bytes) -> None:
            try:
                file.write(content)
            except OSError as error:
                refused.append(error)
                raise

        try:
            faiss.write_index(index, faiss.PyCallbackIOWriter(write, 1 << 22), flags)
        except RuntimeError:
            if refused:
                raise refused[0] from None
            raise


class Profiles:
    """The vectors of an index version, mapped from their file.

    Attributes:
        array: (n, d) float16, a view of the file.
    """

    def __init__(self, path: Path, rows: int, bins: int) -> None:
        self._path = path
        self._bytes: NDArray[np.uint8] = np.memmap(path, np.uint8, "r")
        start = len(self._bytes) - rows * bins * 2
        if start < 0:
            raise BrokenIndex(f"{path} holds fewer than {rows:,} vectors of {bins} bins; rebuild the index.")
        self.array: NDArray[np.float16] = np.asarray(self._bytes[start:]).view(np.float16).reshape(rows, bins)
        self._faiss: Any = None

    @property
    def faiss(self) -> Any:
        """The FAISS index (inner product), over the same mapped bytes."""
        if self._faiss is None:
            faiss = load_faiss()
            try:
                # the reader reads from the map itself and copies no vector
                reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(self._bytes), len(self._bytes))
                outer: Any = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
                inner: Any = faiss.downcast_index(outer.index)
                found = (inner.ntotal, inner.d)
            except (RuntimeError, AttributeError) as error:
                raise BrokenIndex(f"{self._path} is altered: FAISS cannot read it; rebuild the index.") from error
            if found != self.array.shape:
                raise BrokenIndex(f"{self._path} is altered: {self.array.shape} expected, {found} found.")
            inner.referenced_objects = (outer, self._bytes)  # both must outlive it
            self._faiss = inner
        return self._faiss
