"""What stages of a long computation found, kept in a folder, so that one that was stopped goes on where it stood."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder of one question's own; the same question must mean the same elements, pattern, templates and settings.

    Attributes:
        folder: of this user alone, since what is read from it is trusted; None keeps nothing.
    """

    folder: Path | None = None

    def part(self, name: str) -> Checkpoint:
        """A folder within, for one of several computations of a question."""
        return self if self.folder is None else Checkpoint(self.folder / name)

    def stage(self, name: str, make: Callable[[], Found]) -> Found:
        """What a stage found before, or what it finds now, which is kept."""
        kept: Found | None = self.get(name)
        if kept is not None:
            return kept
        found = make()
        self.put(name, found)
        return found

    def get(self, name: str) -> Any:
        """What was kept under a name; None where there is nothing, or where it cannot be read."""
        if self.folder is None:
            return None
        try:
            return pickle.loads((self.folder / f"{name}.pickle").read_bytes())
        except (OSError, EOFError, pickle.PickleError, AttributeError, ImportError):
            return None

    def put(self, name: str, found: object) -> None:
        """Keep something under a name, in the place of what stood there."""
        if self.folder is None:
            return
        path = self.folder / f"{name}.pickle"
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        temporary.write_bytes(pickle.dumps(found))
        temporary.replace(path)


NOTHING_KEPT = Checkpoint()
"""Every stage is done."""
