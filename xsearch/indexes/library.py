"""The indexes of this machine: which there are, which is used by default, and what can be done with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xsearch.errors import BrokenIndex, MissingIndex
from xsearch.indexes.files import build_errors, builder_lock, remove, write_atomically
from xsearch.indexes.manifest import MANIFEST, check_hashes, check_sizes, read_manifest
from xsearch.indexes.versions import (
    current_folder,
    current_version,
    is_name,
    previous_version,
    set_current,
    versions_of,
)
from xsearch.paths import home, indexes_folder


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """One line of `xsearch index list`.

    Attributes:
        name: of the index.
        is_default: whether queries use it where none is named.
        version: the current one, empty where it is not known.
        materials: number of rows.
        n_bytes: on disk, of the current version.
        made: when the current version was made.
        problem: why it cannot be opened, or None.
    """

    name: str
    is_default: bool
    version: str = ""
    materials: int = 0
    n_bytes: int = 0
    made: datetime | None = None
    problem: str | None = None


def index_names() -> list[str]:
    """Names of the indexes below `XSEARCH_HOME`, broken ones included, in alphabetical order."""
    folder = indexes_folder()
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if is_name(p.name) and (current_version(p) or versions_of(p)))


def list_indexes() -> list[IndexSummary]:
    """What indexes there are; none is opened, so it is quick, and a broken one does not hide the others."""
    chosen = _chosen() or (names[0] if len(names := index_names()) == 1 else None)
    return [_summary(name, name == chosen) for name in index_names()]


def default_index() -> str | None:
    """The index that queries use where none is named: the one chosen with `use`, or the only one there is.

    Returns:
        Its name, or None where there is no index at all.

    Raises:
        MissingIndex: where the chosen one is gone, or there are several and none was chosen.
    """
    names, chosen = index_names(), _chosen()
    if chosen in names:
        return chosen
    if chosen is not None and names:
        raise MissingIndex(f"The default index {chosen!r} is gone; choose one of {', '.join(names)} with `index use`.")
    if len(names) > 1:
        raise MissingIndex(
            f"There are several indexes ({', '.join(names)}); name one with --index, or choose with "
            f"`xsearch index use {names[0]}`."
        )
    return names[0] if names else None


def use(name: str) -> None:
    """Make an index the default.

    Raises:
        MissingIndex: where there is none of that name.
    """
    existing_folder(name)
    with build_errors("choose an index", home()):
        write_atomically(home() / "DEFAULT", f"{name}\n".encode())


def delete(name: str) -> None:
    """Remove an index with all its versions and any unfinished build.

    Raises:
        MissingIndex: where there is none of that name.
        BuildError: where it is being built, or may not be removed.
    """
    folder = existing_folder(name)
    with builder_lock(folder), build_errors("delete the index", folder):
        remove(folder)
        if _chosen() == name:
            remove(home() / "DEFAULT")


def rollback(name: str, version: str | None = None) -> str:
    """Go back to the version before the current one, or to any that is kept; readers keep what they opened.

    Returns:
        The version that is current now.

    Raises:
        MissingIndex: where there is no such index or version.
        BrokenIndex: where that version is damaged; the current one stays.
    """
    folder = existing_folder(name)
    with builder_lock(folder):
        wanted = version or previous_version(folder)
        if wanted not in versions_of(folder):
            there = ", ".join(versions_of(folder)) or "none"
            what = f"version {wanted!r}" if wanted else "an older version"
            raise MissingIndex(f"Index {name!r} has no {what} to go back to; there is {there}.")
        target = folder / "versions" / wanted
        check_sizes(target, read_manifest(target))
        with build_errors("roll back", folder):
            set_current(folder, wanted)
    return wanted


def verify(name: str) -> int:
    """Hash every file of an index's current version, without opening it.

    Returns:
        How many bytes were checked.

    Raises:
        MissingIndex: where there is none of that name.
        BrokenIndex: naming the first file that is missing, truncated or altered.
    """
    version = current_folder(existing_folder(name))
    manifest = read_manifest(version)
    check_sizes(version, manifest)
    check_hashes(version, manifest)
    return sum(int(file["size"]) for file in manifest.files.values())


def existing_folder(name: str) -> Path:
    """The folder of an index that is there.

    Raises:
        MissingIndex: saying which indexes there are.
    """
    folder = indexes_folder() / name
    if not is_name(name) or not folder.is_dir():
        raise MissingIndex(f"There is no index {name!r}; {_what_there_is()}.")
    return folder


def _what_there_is() -> str:
    if names := index_names():
        return f"there is {', '.join(names)}"
    return "build one first, such as `xsearch build starter --name starter`"


def _chosen() -> str | None:
    try:
        return (home() / "DEFAULT").read_text(encoding="utf-8", errors="replace").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None


def _summary(name: str, is_default: bool) -> IndexSummary:
    try:
        folder = current_folder(indexes_folder() / name)
        manifest = read_manifest(folder)
        check_sizes(folder, manifest)
    except (BrokenIndex, MissingIndex) as error:
        return IndexSummary(name, is_default, problem=str(error))
    return IndexSummary(
        name,
        is_default,
        folder.name,
        manifest.counts["materials"],
        sum(int(file["size"]) for file in manifest.files.values()),
        datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime, UTC),
    )
