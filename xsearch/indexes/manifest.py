"""The manifest: what a version of an index holds, with the checksum of every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xsearch.errors import BrokenIndex
from xsearch.indexes.files import files_below, sha256

FORMAT = 1
"""Of the files of an index version."""

MANIFEST = "manifest.json"
_HASHING_THREADS = 2
"""Files hashed at once; hashing releases the interpreter's lock. Set by hand."""

_MEND = "roll back (`xsearch index rollback`), import the index again, or rebuild it"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version holds. It is the same, byte for byte, whenever the same input is built with the same settings.

    When a version was made is the modification time of its files, so that no clock is read into their content.

    Attributes:
        format: of the files; this xsearch reads `FORMAT`.
        counts: `materials`, `reflections`, `failures`.
        profile_bins: length of a profile vector, 0 where there are none.
        fingerprint: of the input and the settings that shaped the index.
        settings: those settings, as the builder gave them: grids, ranges, tolerances.
        extra: what else the builder says: source and its database version, licences, citation.
        files: path in the version's folder to `{"size": bytes, "sha256": hex digest}`.
    """

    format: int
    counts: dict[str, int]
    profile_bins: int
    fingerprint: str
    settings: dict[str, Any]
    extra: dict[str, Any]
    files: dict[str, dict[str, int | str]]

    def to_json(self) -> str:
        """The manifest file's text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def digest(self) -> str:
        """Eight hex digits that stand for all of the content: the end of the version's name."""
        return digest_of(self.to_json().encode())


def digest_of(manifest_text: bytes) -> str:
    """The part of a version's name that its manifest determines."""
    return hashlib.sha256(manifest_text).hexdigest()[:8]


def describe_files(folder: Path) -> dict[str, dict[str, int | str]]:
    """Size and checksum of every file below a folder but the manifest."""
    names = [name for name in files_below(folder) if name != MANIFEST]
    with ThreadPoolExecutor(_HASHING_THREADS) as threads:
        digests = threads.map(sha256, [folder / name for name in names])
    return {
        name: {"size": (folder / name).stat().st_size, "sha256": digest}
        for name, digest in zip(names, digests, strict=True)
    }


def describe_file(path: Path) -> dict[str, int | str]:
    """Size and checksum of one file."""
    return {"size": path.stat().st_size, "sha256": sha256(path)}


def read_manifest(version: Path) -> Manifest:
    """Read a version's manifest and hold it against the version's name.

    Raises:
        BrokenIndex: where it is missing, altered, or of another format.
    """
    path = version / MANIFEST
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise BrokenIndex(f"{path} is missing; {_MEND}.") from None
    try:
        content = json.loads(text)
        found = content["format"]
    except (ValueError, KeyError, TypeError):
        raise BrokenIndex(f"{path} is altered: it cannot be read as a manifest; {_MEND}.") from None
    if found != FORMAT:
        raise BrokenIndex(
            f"{path} is of format {found}; this xsearch reads format {FORMAT}: rebuild the index, or use the xsearch "
            "that made it."
        )
    if digest_of(text) != version.name.rpartition("-")[2]:
        raise BrokenIndex(f"{path} is altered: it does not fit the version's name {version.name}; {_MEND}.")
    return Manifest(**content)


def check_sizes(version: Path, manifest: Manifest) -> None:
    """Hold every file's size against the manifest: cheap, done at each opening.

    Raises:
        BrokenIndex: naming the first file that is missing or of another size.
    """
    for name, expected in manifest.files.items():
        path = version / name
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            raise BrokenIndex(f"{path} is missing; {_MEND}.") from None
        if size != expected["size"]:
            word = "truncated" if size < int(expected["size"]) else "altered"
            raise BrokenIndex(f"{path} is {word}: {expected['size']:,} bytes expected, {size:,} found; {_MEND}.")


def check_hashes(version: Path, manifest: Manifest, names: Iterable[str] | None = None) -> None:
    """Hold files' checksums against the manifest: all of them, or those named.

    Raises:
        BrokenIndex: naming the first file that differs.
    """
    chosen = sorted(manifest.files if names is None else names)
    with ThreadPoolExecutor(_HASHING_THREADS) as threads:
        digests = threads.map(sha256, [version / name for name in chosen])
        for name, digest in zip(chosen, digests, strict=True):
            if digest != manifest.files[name]["sha256"]:
                raise BrokenIndex(f"{version / name} is altered: its checksum differs from the manifest; {_MEND}.")


def touched_files(version: Path, manifest: Manifest) -> list[str]:
    """Files whose modification time is not the version's: copied, or altered after they were written."""
    made = (version / MANIFEST).stat().st_mtime_ns
    return [name for name in manifest.files if (version / name).stat().st_mtime_ns != made]
