"""From a finished folder to the version that readers get."""

from __future__ import annotations

import os
from pathlib import Path

from xsearch.errors import BrokenIndex, BuildError
from xsearch.indexes.files import files_below, remove, sync_file, sync_folder
from xsearch.indexes.index import Index
from xsearch.indexes.manifest import MANIFEST, Manifest, check_hashes
from xsearch.indexes.versions import (
    current_version,
    next_number,
    previous_version,
    prune,
    set_current,
    version_with_digest,
    versions_of,
)


def publish_version(index_folder: Path, made: Path, manifest: Manifest) -> str:
    """Move a finished folder among the versions, open it once to see that it can be read, and make it current.

    Until the last rename readers get the version that they got before. That one stays for a rollback; older ones go.

    Args:
        index_folder: the index; the caller holds its builder's lock.
        made: the folder with all files and the manifest, on the same disk.
        manifest: its manifest.

    Returns:
        The version's name. Where an equal version is there already and sound, it is that one.

    Raises:
        BuildError: where the finished folder cannot be opened as an index.
    """
    previous = current_version(index_folder)
    if previous not in (there := versions_of(index_folder)):
        previous = there[-1] if there else None
    version = _sound_twin(index_folder, manifest) or _place(index_folder, made, manifest)
    if problem := _problem_of(index_folder / "versions" / version):
        remove(index_folder / "versions" / version)
        raise BuildError(f"What was built cannot be read back: {problem}")
    set_current(index_folder, version)
    prune(index_folder, keep={version, previous if previous != version else previous_version(index_folder)})
    return version


def _sound_twin(index_folder: Path, manifest: Manifest) -> str | None:
    """A version of the same content from an earlier run; one that is damaged is removed."""
    name = version_with_digest(index_folder, manifest.digest)
    if name is None:
        return None
    folder = index_folder / "versions" / name
    if _problem_of(folder, manifest):
        remove(folder)
        return None
    return name


def _problem_of(version_folder: Path, hashed: Manifest | None = None) -> str | None:
    """Why a version cannot be read; None where it can. Nothing of it is open any more on return."""
    try:
        Index(version_folder)
        if hashed is not None:
            check_hashes(version_folder, hashed)
    except BrokenIndex as error:
        return str(error)
    return None


def _place(index_folder: Path, made: Path, manifest: Manifest) -> str:
    # one modification time for all files: it says when the version was made, and betrays a file touched later
    stamp = (made / MANIFEST).stat().st_mtime_ns
    for name in files_below(made):
        sync_file(made / name)
        os.utime(made / name, ns=(stamp, stamp))
    sync_folder(made)
    versions = index_folder / "versions"
    versions.mkdir(exist_ok=True)
    version = f"{next_number(index_folder):04d}-{manifest.digest}"
    made.rename(versions / version)
    sync_folder(versions)
    return version
