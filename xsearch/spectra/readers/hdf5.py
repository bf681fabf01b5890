"""HDF5 files, opened and walked with limits: what is in them may be damaged, linked in circles, or packed small."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.source import SourceFile

MARK = b"\x89HDF\r\n\x1a\n"
PROBE = Path(__file__).with_name("hdf5_probe.py")
LONGEST_S = 30.0
"""That this may take on a busy machine; its processor time is limited too."""
MOST_VALUES = 20_000_000
"""Of a dataset that is read; no series of patterns is larger."""
MOST_CHUNK_BYTES = 64 * 2**20
"""Of a packed piece of a dataset, which is unpacked as a whole."""
MOST_GROUPS, _DEEPEST = 5_000, 12
"""Groups that are looked through, and how deep they lie."""
_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError, SystemError)


@contextmanager
def opened(source: SourceFile) -> Iterator[h5py.File]:
    """An HDF5 file, from the disk or from memory where it was packed.

    Raises:
        SpectrumError: where it is damaged, or needs a filter that is not installed.
    """
    if importlib.util.find_spec("hdf5plugin"):
        import hdf5plugin  # noqa: F401  registers its filters
    _check_apart(source)
    try:
        where = source.path if source.on_disk else io.BytesIO(source.data)
        with h5py.File(where, "r") as file:
            yield file
    except SpectrumError:
        raise
    except _DAMAGE as error:
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "filter" in words.lower() or "plugin" in words.lower():
            raise SpectrumError(
                f"{source.name}: its data are packed with a filter that is not installed; pip install hdf5plugin."
            ) from None
        raise SpectrumError(f"{source.name}: a damaged HDF5 file ({words[:120]}).") from None


def _check_apart(source: SourceFile) -> None:
    """Read the file in another process first, where the HDF5 library may hang or crash on it.

    Raises:
        SpectrumError: where it does.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = source.path
        if not source.on_disk:
            path = Path(folder) / "unpacked.h5"
            path.write_bytes(source.data)
        command = [sys.executable, "-I", str(PROBE), str(path.resolve()), str(MOST_VALUES)]
        try:
            done = subprocess.run(command, timeout=LONGEST_S, capture_output=True, check=False)
        except subprocess.TimeoutExpired:
            raise SpectrumError(f"{source.name}: a damaged HDF5 file (the HDF5 library hangs on it).") from None
        except OSError:  # no process can be started here
            return
    if done.returncode < 0:
        raise SpectrumError(f"{source.name}: a damaged HDF5 file (the HDF5 library hangs or crashes on it).")


def groups(file: h5py.File) -> Iterator[tuple[str, h5py.Group]]:
    """All groups with their paths, each once, links followed; those that cannot be opened are passed over."""
    stack: list[tuple[str, h5py.Group, int]] = [("/", file, 0)]
    seen: set[tuple[int, int]] = set()
    while stack and len(seen) < MOST_GROUPS:
        path, group, depth = stack.pop()
        key = address(group)
        if key in seen:
            continue
        seen.add(key)
        yield path, group
        if depth < _DEEPEST:
            inner = {name: child(group, name) for name in names(group)}
            stack += [
                (f"{path.rstrip('/')}/{name}", one, depth + 1)
                for name, one in reversed(inner.items())
                if isinstance(one, h5py.Group)
            ]


def names(group: h5py.Group) -> list[str]:
    """What a group holds, in its order; a group of too much is cut."""
    try:
        return [name for name, _ in zip(group, range(MOST_GROUPS), strict=False)]
    except _DAMAGE:
        return []


def child(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset | None:
    """What a name stands for, or None where it leads nowhere."""
    try:
        found = group.get(name)
    except _DAMAGE:
        return None
    return found if isinstance(found, h5py.Group | h5py.Dataset) else None


def datasets(group: h5py.Group) -> dict[str, h5py.Dataset]:
    """The datasets of a group by their names."""
    found = {name: child(group, name) for name in names(group)}
    return {name: one for name, one in found.items() if isinstance(one, h5py.Dataset)}


def address(thing: h5py.Group | h5py.Dataset) -> tuple[int, int]:
    """Where an object lies, the same by whatever link it is reached."""
    info = h5py.h5o.get_info(thing.id)
    return int(info.fileno), int(info.addr)


def is_numeric(dataset: h5py.Dataset) -> bool:
    """Whether a dataset holds numbers, of a size that can be read."""
    try:
        shape, chunks, kind = dataset.shape, dataset.chunks, dataset.dtype
    except _DAMAGE:
        return False
    if shape is None or kind.kind not in "iuf" or int(np.prod(shape, dtype=float)) > MOST_VALUES:
        return False
    return chunks is None or float(np.prod(chunks, dtype=float)) * kind.itemsize <= MOST_CHUNK_BYTES


def values(dataset: h5py.Dataset) -> NDArray[np.float64]:
    """A numeric dataset as float64, of its own shape."""
    return np.asarray(dataset[()], dtype=np.float64)


def attribute(thing: h5py.Group | h5py.Dataset, name: str) -> str:
    """An attribute as text, of several the last; empty where there is none."""
    listed = attribute_list(thing, name)
    return listed[-1] if listed else ""


def attribute_list(thing: h5py.Group | h5py.Dataset, name: str) -> list[str]:
    """An attribute as a list of texts; axes may stand in one text, parted by colons or commas."""
    try:
        value: Any = thing.attrs.get(name)
    except _DAMAGE:
        return []
    if value is None:
        return []
    if isinstance(value, bytes | str):
        text = _text(value)
        return [part.strip() for part in text.strip("[]").replace(":", ",").split(",")] if name == "axes" else [text]
    return [_text(one) for one in np.ravel(np.asarray(value, dtype=object))[:100]]


def text_of(dataset: h5py.Dataset) -> str:
    """A dataset of text, or empty where it holds anything else."""
    try:
        if dataset.dtype.kind not in "OSU" or dataset.size is None or dataset.size > 100:
            return ""
        value = np.ravel(np.asarray(dataset[()], dtype=object))
    except _DAMAGE:
        return ""
    return "\n".join(_text(one) for one in value)


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
