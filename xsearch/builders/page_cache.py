"""Raw pages of a web service on disk, so that a fetch that was stopped goes on where it stood."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from xsearch.indexes.files import build_errors, remove, write_atomically

_NAME = re.compile(r"([a-z]+-[0-9a-f]{24})-([0-9a-f]{16})\.json\.zst")
_COMPRESSION = "zstd"
_LEVEL = 3
"""Of zstd: its default."""

Document = dict[str, Any]

Filters = tuple[tuple[str, Any], ...]
"""Names and values that a service filters by."""


class PageCache:
    """A folder of pages, each a list of documents as the service sent them.

    A page's file carries the checksum of its bytes in its name and appears by a rename, so a page that is there is
    whole; one whose bytes were altered is dropped on opening, and fetched again.

    Attributes:
        folder: where they lie.
        dropped: how many pages were found damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dropped = 0
        self._files: dict[str, Path] = {}
        with build_errors("keep what is fetched", folder):
            folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(folder.iterdir()):
                match = _NAME.fullmatch(path.name)
                if match and _digest(path.read_bytes()) == match[2]:
                    self._files[match[1]] = path
                else:
                    self.dropped += match is not None
                    remove(path)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, key: str) -> bool:
        return key in self._files

    def write(self, key: str, documents: list[Document]) -> None:
        """Keep a page, durably.

        Raises:
            BuildError: on a full disk, or a folder that may not be written to.
        """
        content = pa.Codec(_COMPRESSION, _LEVEL).compress(text := orjson.dumps(documents), asbytes=True)
        packed = len(text).to_bytes(8, "little") + content
        path = self.folder / f"{key}-{_digest(packed)}.json.zst"
        with build_errors("keep what is fetched", self.folder):
            write_atomically(path, packed)
        self._files[key] = path

    def read(self, key: str) -> list[Document]:
        """The documents of a page that is there."""
        packed = self._files[key].read_bytes()
        size = int.from_bytes(packed[:8], "little")
        text = pa.Codec(_COMPRESSION).decompress(packed[8:], decompressed_size=size, asbytes=True)
        documents: list[Document] = orjson.loads(text)
        return documents

    def clear(self) -> None:
        """Throw all pages away."""
        self._files.clear()
        remove(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)


def page_key(route: str, *parts: object) -> str:
    """The name of a page: its route and a hash of all that decides what it holds."""
    return f"{route}-{hashlib.sha256(orjson.dumps([str(part) for part in parts])).hexdigest()[:24]}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
