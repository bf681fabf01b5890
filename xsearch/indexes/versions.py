"""The versions of an index: which is current, which may go."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from xsearch.errors import BrokenIndex, MissingIndex, XSearchError
from xsearch.indexes.files import remove, write_atomically
from xsearch.paths import indexes_folder

CURRENT = "CURRENT"
_VERSION = re.compile(r"(\d{4,})-([0-9a-f]{8})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def folder_of(name_or_folder: str | Path) -> Path:
    """Where an index lies: a name is looked up below `XSEARCH_HOME`; a `Path`, or text with a separator, is a folder.

    Raises:
        XSearchError: where a name has other characters than letters, digits, dot, dash and underscore.
    """
    if isinstance(name_or_folder, Path) or set(name_or_folder) & {"/", os.sep}:
        return Path(name_or_folder).expanduser().absolute()
    if not is_name(name_or_folder):
        raise XSearchError(
            f"{name_or_folder!r} cannot be the name of an index: up to 64 letters, digits, dots, dashes and "
            "underscores are expected, with a letter or digit first."
        )
    return indexes_folder() / name_or_folder


def is_name(name: str) -> bool:
    """Whether an index can have this name."""
    return _NAME.fullmatch(name) is not None


def is_version(name: str) -> bool:
    """Whether this is the name of a version, such as `0003-1a2b3c4d`."""
    return _VERSION.fullmatch(name) is not None


def versions_of(index_folder: Path) -> list[str]:
    """Names of the versions that are there, oldest first."""
    folder = index_folder / "versions"
    found = [p.name for p in folder.iterdir() if is_version(p.name)] if folder.is_dir() else []
    return sorted(found, key=_number)


def current_version(index_folder: Path) -> str | None:
    """What `CURRENT` names, whether it is there or not; None where there is no such file."""
    try:
        content = (index_folder / CURRENT).read_bytes().decode("utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return content[:-1] if content.endswith("\n") else content


def current_folder(index_folder: Path) -> Path:
    """The folder of the current version.

    Raises:
        MissingIndex: where nothing was ever published here.
        BrokenIndex: where `CURRENT` is lost, or names a version that is not there.
    """
    name = current_version(index_folder)
    if name is None and versions_of(index_folder):
        raise BrokenIndex(f"{index_folder / CURRENT} is missing; roll back (`xsearch index rollback`), or build again.")
    if name is None:
        raise MissingIndex(f"No index is at {index_folder}; build one first, such as `xsearch build starter`.")
    if name not in versions_of(index_folder):
        there = ", ".join(versions_of(index_folder)) or "none"
        raise BrokenIndex(
            f"{index_folder / CURRENT} is altered: it names version {name!r}, and there is {there}; "
            "roll back (`xsearch index rollback`), or rebuild the index."
        )
    return index_folder / "versions" / name


def set_current(index_folder: Path, version: str) -> None:
    """Swap the current version by one atomic rename."""
    write_atomically(index_folder / CURRENT, f"{version}\n".encode())


def version_with_digest(index_folder: Path, digest: str) -> str | None:
    """The version of this content, where there is one."""
    return next((name for name in versions_of(index_folder) if name.endswith(f"-{digest}")), None)


def next_number(index_folder: Path) -> int:
    """The running number of the next version."""
    return max((_number(name) for name in versions_of(index_folder)), default=0) + 1


def previous_version(index_folder: Path) -> str | None:
    """The newest version before the current one; with a broken `CURRENT`, the newest of all."""
    names = versions_of(index_folder)
    current = current_version(index_folder)
    older = names[: names.index(current)] if current in names else names
    return older[-1] if older else None


def prune(index_folder: Path, keep: set[str | None]) -> None:
    """Remove all versions but those to keep.

    A process that has one open goes on reading it; on Windows that keeps it from being removed, until
    a later version is published.
    """
    for name in versions_of(index_folder):
        if name not in keep:
            with suppress(PermissionError):
                remove(index_folder / "versions" / name)


def _number(name: str) -> int:
    return int(name.partition("-")[0])
