"""An index as one file: a plain tar archive that is refused unless every byte of it is as it was written."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

from xsearch.errors import BrokenIndex, BuildError, XSearchError
from xsearch.indexes.files import build_errors, builder_lock, remove, replace_file, sweep
from xsearch.indexes.index import Index
from xsearch.indexes.manifest import FORMAT, MANIFEST, Manifest, digest_of, read_manifest
from xsearch.indexes.publish import publish_version
from xsearch.indexes.versions import current_version, folder_of, is_version

_BLOCK = 512
"""Of a tar archive (POSIX.1-1988)."""

_END = bytes(2 * _BLOCK)
"""What ends an archive."""

_PIECE, _MAX_MANIFEST = 1 << 22, 1 << 24
"""Bytes copied at a time, and the most that a manifest may have. Set by hand."""


def export(name_or_folder: str | Path, file: Path) -> Path:
    """Write the current version of an index as one file, checking every checksum on the way.

    The same version gives the same bytes. The archive is an ordinary tar file: the manifest first, then the files.

    Raises:
        MissingIndex, BrokenIndex: where the index cannot be read.
        BuildError: where the file cannot be written; nothing is left of it then.
    """
    index = Index.open(name_or_folder)
    made = int((index.folder / MANIFEST).stat().st_mtime)
    partial = file.with_name(f"{file.name}.tmp")
    with build_errors("write the bundle", file.absolute().parent):
        try:
            with partial.open("wb") as out:
                for member in (MANIFEST, *sorted(index.manifest.files)):
                    path = index.folder / member
                    out.write(_header(f"{index.version}/{member}", path.stat().st_size, made))
                    with path.open("rb") as source:
                        digest = _copy(source, out, path.stat().st_size)
                    if member != MANIFEST and digest != index.manifest.files[member]["sha256"]:
                        raise BrokenIndex(f"{path} is altered: its checksum differs from the manifest; rebuild it.")
                    out.write(bytes(-out.tell() % _BLOCK))
                out.write(_END)
                out.flush()
                os.fsync(out.fileno())
            replace_file(partial, file)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    return file


def import_(file: Path, name: str | None = None, replace: bool = False) -> str:
    """Make an index from a bundle; it appears only when all of it has been checked.

    Args:
        file: the bundle.
        name: of the index to be; None takes the file's name without its ending.
        replace: whether an index of that name may get this content as its new version (the old one is kept for a
            rollback).

    Returns:
        The index's name.

    Raises:
        BrokenIndex: where the bundle is truncated, altered, of another format, or no bundle at all.
        BuildError: where an index of that name is there and `replace` is not set, or the disk is full.
    """
    name = file.stem if name is None else name
    folder = folder_of(name)
    try:
        bundle = file.open("rb")
    except OSError as error:
        raise XSearchError(f"Cannot read {file}: {error.strerror or error}.") from None
    with bundle:
        if current_version(folder) is not None and not replace:
            raise BuildError(f"An index {name!r} is there already; import under another name, or delete it first.")
        version, made_s, manifest_text = _read_manifest(bundle, file)  # before a folder is made for it
        was_there = folder.exists()
        try:
            with builder_lock(folder), build_errors("import the bundle", folder):
                sweep(folder)
                made = folder / "building" / "import" / version
                remove(made.parent)
                made.mkdir(parents=True)
                (made / MANIFEST).write_bytes(manifest_text)
                os.utime(made / MANIFEST, (made_s, made_s))
                manifest = _unpack(bundle, file, made, made_s)
                publish_version(folder, made, manifest)
                remove(folder / "building")
        except XSearchError:
            remove(folder / "building" if was_there else folder)
            raise
    return name


def _read_manifest(bundle: IO[bytes], file: Path) -> tuple[str, int, bytes]:
    """The version's name, when it was made, and the manifest's text; the manifest must be the first member."""
    member = _next_member(bundle)
    version, _, name = ("", "", "") if member is None else member.name.partition("/")
    if member is None or not is_version(version) or name != MANIFEST or member.size > _MAX_MANIFEST:
        raise BrokenIndex(f"{file} is not an index bundle; one made by `xsearch index export` is expected.")
    content = bundle.read(member.size)
    if digest_of(content) != version.rpartition("-")[2] or not _skip_padding(bundle):
        raise _altered(file, MANIFEST)
    if (found := json.loads(content)["format"]) != FORMAT:
        raise BrokenIndex(
            f"{file} is of format {found}; this xsearch reads format {FORMAT}: export it again with an xsearch that "
            "fits."
        )
    return version, int(member.mtime), content


def _unpack(bundle: IO[bytes], file: Path, made: Path, made_s: int) -> Manifest:
    """Every member after the manifest into a folder: those that the manifest names, in order, and nothing else."""
    manifest = read_manifest(made)
    for name in sorted(manifest.files):
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or set(name) & set("\\:"):
            raise BrokenIndex(f"{file}: its manifest names {name!r}, which would lie outside the index; refused.")
        member = _next_member(bundle)
        expected = (f"{made.name}/{name}", manifest.files[name]["size"], made_s)
        if member is None or (member.name, member.size, member.mtime) != expected:
            raise _altered(file, name)
        target = made / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            digest = _copy(bundle, out, member.size)
        if digest != manifest.files[name]["sha256"] or not _skip_padding(bundle):
            raise _altered(file, name)
    if bundle.read() != _END:
        raise BrokenIndex(f"{file} is truncated or altered at its end; copy it again.")
    return manifest


def _altered(file: Path, member: str) -> BrokenIndex:
    return BrokenIndex(f"{file} is truncated or altered: {member} in it is not as it was written; copy it again.")


def _header(name: str, size: int, made_s: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mtime = size, made_s
    return member.tobuf(tarfile.GNU_FORMAT)  # one block, whatever the size


def _next_member(bundle: IO[bytes]) -> tarfile.TarInfo | None:
    """The next member's header, or None where there is not exactly such a one as `_header` writes."""
    block = bundle.read(_BLOCK)
    try:
        member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        return member if _header(member.name, member.size, int(member.mtime)) == block else None
    except (tarfile.HeaderError, ValueError):
        return None


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> str:
    """Copy so many bytes, or as many as there are, and return their checksum."""
    digest = hashlib.sha256()
    while size > 0 and (piece := source.read(min(size, _PIECE))):
        digest.update(piece)
        target.write(piece)
        size -= len(piece)
    return digest.hexdigest()


def _skip_padding(bundle: IO[bytes]) -> bool:
    """Go to the next block; tells whether there are but zeros on the way."""
    n_bytes = -bundle.tell() % _BLOCK
    return bundle.read(n_bytes) == bytes(n_bytes)
