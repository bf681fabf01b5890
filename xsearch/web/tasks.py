"""How a worker process does what the page wants done, and says what came of it."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from xsearch.errors import XSearchError
from xsearch.progress import watching

Send = Callable[[tuple[str, bytes]], None]
Wishes = Mapping[str, str]
"""Options as the address has them: names of the command line's options, and text."""


class Tasks:
    """The tasks of a process; a method `do_NAME` is the task NAME, and gives plain values, arrays or bytes."""

    def __init__(self) -> None:
        self.report: Callable[[str, Any], None] = lambda kind, facts: None

    def answer(self, send: Send, task: str, arguments: dict[str, Any]) -> None:
        """Do a task and send its events and its answer; a fault is sent too."""
        self.report = lambda kind, facts: send((kind, json_bytes(facts)))
        try:
            with watching(self.report):
                found = self.do(task, arguments)
            send(("done", found if isinstance(found, bytes) else json_bytes(found)))
        except XSearchError as error:
            send(("failed", " ".join(str(error).split()).encode()))
        except OSError as error:
            send(("failed", f"{error.strerror or error}".encode()))
        except Exception:
            send(("broken", traceback.format_exc().encode()))

    def do(self, task: str, arguments: dict[str, Any]) -> Any:
        """Do a task."""
        return getattr(self, f"do_{task}")(**arguments)


def json_bytes(value: Any) -> bytes:
    """JSON text of plain values and arrays; what is not finite is null."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    from xsearch.report.json_text import plain

    return plain(value)


def keep(answer: Any, path: str) -> None:
    """Keep an answer in a file."""
    place = Path(path)
    temporary = place.with_suffix(".part")
    temporary.write_bytes(pickle.dumps(answer))
    temporary.replace(place)


def kept(path: str) -> Any:
    """An answer of this folder, which only this user can write; None where it is not there, or of another version."""
    try:
        return pickle.loads(Path(path).read_bytes())
    except (OSError, pickle.PickleError, AttributeError, ImportError, EOFError):
        return None


def scan_path(path: str, number: int) -> str:
    """Where the answer of a scan of a series is kept."""
    return str(Path(path).with_suffix(f".{number}.pickle"))


def scans_of(path: str) -> list[str]:
    """The answers of a series that are kept, in order."""
    place = Path(path)
    found = place.parent.glob(f"{place.stem}.*.pickle")
    return [str(one) for one in sorted(found, key=lambda one: int(one.suffixes[-2][1:]))]


def first_shown(view: Any) -> dict[str, Any]:
    """What the page shows of an answer, with its first crystal; `view` is an `InteractiveAnswer`."""
    record: dict[str, Any] = view.record()
    record["first"] = view.crystal_record(0) if record["crystals"] else None
    return record
