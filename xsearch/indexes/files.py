"""Writing that either happened or did not: temporary names, fsync, renames, checksums, one builder at a time.

Windows syncs no folder, syncs only what is open for writing, and renames or removes nothing that a process has open.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xsearch.errors import BuildError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_IN_USE = 32  # of Windows: a sharing violation

POSIX = hasattr(os, "O_DIRECTORY")
"""Whether folders can be synced, and open files be renamed and removed."""

REPLACE_FOR_S = 0.0 if POSIX else 2.0
"""How long a replacement is tried again: readers and virus scanners hold a file for moments."""


def sha256(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that after a crash at any moment it holds either the old content or all of the new."""
    partial = path.with_name(f"{path.name}.tmp")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    replace_file(partial, path)
    sync_folder(path.parent)


def replace_file(source: Path, target: Path) -> None:
    """Give a file the name of another, whether that is there or not."""
    until = time.monotonic() + REPLACE_FOR_S
    while True:
        try:
            source.replace(target)
            return
        except PermissionError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.01)


def sync_file(path: Path) -> None:
    """Make sure that a file's bytes are on the disk."""
    descriptor = os.open(path, os.O_RDONLY if POSIX else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Make sure that renames within a folder are on the disk; elsewhere the file system's journal does."""
    if POSIX:
        sync_file(path)


def files_below(folder: Path) -> list[str]:
    """Paths of all files below a folder, relative to it and with forward slashes, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir())


def remove(path: Path) -> None:
    """Remove a file or folder where it is there; a folder vanishes by one rename before it is emptied."""
    if path.is_dir() and not path.is_symlink():
        doomed = path.with_name(f".{path.name}.removed")
        shutil.rmtree(doomed, ignore_errors=True)
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sweep(index_folder: Path) -> None:
    """Finish removals that a killed process began."""
    for folder in (index_folder, index_folder / "versions"):
        for doomed in folder.glob(".*.removed"):
            shutil.rmtree(doomed, ignore_errors=True)


@contextmanager
def build_errors(doing: str, folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into one line that says what to do.

    Raises:
        BuildError: on a full disk, a read-only folder, or any other failed read or write.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            reason = "the disk is full; free some space and run the same command again, it continues where it stopped"
        elif getattr(error, "winerror", None) == _IN_USE:
            reason = "another process has a file of it open; end that process and run the same command again"
        elif error.errno in _FORBIDDEN:
            reason = "the folder may not be written to; choose another with XSEARCH_HOME, or change its permissions"
        else:
            reason = error.strerror or str(error)
        raise BuildError(f"Cannot {doing} in {folder}: {reason}. The index in use is untouched.") from error


@contextmanager
def builder_lock(index_folder: Path) -> Iterator[None]:
    """Hold the one builder's place of an index; the system frees it however the process ends.

    The lock's file lies beside the folder, which could not be removed otherwise while it is held.

    Raises:
        BuildError: where another process holds it, or the folder may not be written to.
    """
    from filelock import FileLock, Timeout  # here: readers need no lock, and their start is short

    with build_errors("make the index", index_folder):
        index_folder.mkdir(parents=True, exist_ok=True)
        folder = index_folder.resolve()
        lock = FileLock(folder.with_name(f".{folder.name}.lock"), timeout=0, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise BuildError(
                f"Another process is building or changing {index_folder.name!r}; wait for it to end, or use another "
                "--name."
            ) from None
    try:
        yield
    finally:
        lock.release()
