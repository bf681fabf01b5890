"""What the page keeps on disk: files that were dropped, and answers. Every name here is made here."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsearch.errors import XSearchError
from xsearch.web.settings import SETTINGS, WebSettings

_KEY = re.compile(r"[0-9a-f]{16}")
_UNSAFE = re.compile(r"[^\w.+-]+", re.ASCII)
EARLIER = "earlier.json"
LONGEST_NAME = 100
"""Characters of a file's name."""


class Refused(XSearchError):
    """What was sent to the page cannot be taken; `status` is that of HTTP."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def safe_name(name: str) -> str:
    """A file's name without folders or anything that a system or a reader takes for more than a name.

    Its suffix, which says what kind of file it is, stays.
    """
    last = re.split(r"[/\\]", name)[-1]
    clean = _UNSAFE.sub("_", last).strip("._-")
    if "." not in clean:  # all but the suffix was unsafe, or there is none
        clean = f"file.{clean}" if "." in last and clean else clean or "file"
    if clean.partition(".")[0].upper() in {"CON", "PRN", "AUX", "NUL"}:  # names of devices on Windows
        clean = f"file_{clean}"
    suffix = Path(clean).suffix[-20:]
    return clean if len(clean) <= LONGEST_NAME else clean[: LONGEST_NAME - len(suffix)] + suffix


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was dropped.

    Attributes:
        key: sixteen hexadecimal digits, from its name and what it holds; the same file has the same key.
        path: where it is, under a name made by `safe_name`.
    """

    key: str
    path: Path

    @property
    def name(self) -> str:
        """As the page shows it."""
        return self.path.name


class Store:
    """A folder of the page's own, which nobody else may read.

    Args:
        folder: is made where it is missing.
        settings: how much is kept.
    """

    def __init__(self, folder: Path, settings: WebSettings = SETTINGS) -> None:
        self.folder, self.settings = folder, settings
        for name in ("files", "answers", "work"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            folder.chmod(0o700)

    @property
    def empty_folder(self) -> Path:
        """Where workers stand: a name without a folder leads to nothing there."""
        place = self.folder / "empty"
        place.mkdir(parents=True, exist_ok=True)
        return place

    def token(self) -> str:
        """What an address must hold; kept, so that bookmarks stay good."""
        path = self.folder / "token"
        with suppress(OSError):
            if re.fullmatch(r"[\w-]{32,}", kept := path.read_text(encoding="ascii").strip()):
                return kept
        made = secrets.token_urlsafe(32)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(made)
        return made

    def keep(self, name: str, data: bytes) -> StoredFile:
        """Keep a file that was dropped."""
        clean = safe_name(name)
        key = hashlib.sha256(clean.encode() + b"\0" + data).hexdigest()[:16]
        place = self.folder / "files" / key
        place.mkdir(exist_ok=True)
        stored = StoredFile(key, place / clean)
        temporary = place / f".{secrets.token_hex(4)}"
        temporary.write_bytes(data)
        temporary.replace(stored.path)
        os.utime(place)
        self._prune("files", self.settings.most_files)
        return stored

    def file(self, key: str) -> StoredFile:
        """A file by its key.

        Raises:
            Refused: where there is none.
        """
        place = self.folder / "files" / _checked(key)
        with suppress(OSError):
            for path in place.iterdir():
                if not path.name.startswith("."):
                    return StoredFile(key, path)
        raise Refused("That file is not here any more; drop it again.", 404)

    def answer(self, key: str) -> Path:
        """Where the answer of a job is kept, or will be."""
        return self.folder / "answers" / f"{_checked(key)}.pickle"

    def list_earlier(self, summaries: list[dict[str, Any]]) -> None:
        """Keep the list of earlier searches."""
        temporary = self.folder / f".{secrets.token_hex(4)}"
        temporary.write_text(json.dumps(summaries), encoding="utf-8")
        temporary.replace(self.folder / EARLIER)

    def earlier(self) -> list[dict[str, Any]]:
        """The list of earlier searches; empty where none is kept, or it cannot be read."""
        try:
            found = json.loads((self.folder / EARLIER).read_text(encoding="utf-8"))
            return [one for one in found if isinstance(one["key"], str) and isinstance(one["began"], float)]
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def prune(self) -> None:
        """Let go of the oldest answers and of what stopped jobs had done."""
        self._prune("answers", self.settings.most_answers)
        self._prune("work", self.settings.most_answers)

    def _prune(self, kind: str, most: int) -> None:
        kept = sorted((self.folder / kind).iterdir(), key=_changed, reverse=True)
        for path in kept[most:]:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


def job_key(specification: dict[str, Any], version: str) -> str:
    """Sixteen hexadecimal digits: the same question to the same index has the same key."""
    text = json.dumps([specification, version], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise Refused("There is nothing of that name.", 404)
    return key


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()
