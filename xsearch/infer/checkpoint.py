"""What the stages of an inference found, kept in a folder, so that one that was stopped goes on where it stood."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder of one question's own; the same question must mean the same elements, pattern, templates and settings.

    Attributes:
        folder: of this user alone, since what is read from it is trusted; None keeps nothing.
    """

    folder: Path | None = None

    def part(self, name: str) -> Checkpoint:
        """A folder within, for one of several inferences of a question."""
        return self if self.folder is None else Checkpoint(self.folder / name)

    def stage(self, name: str, make: Callable[[], Found]) -> Found:
        """What a stage found before, or what it finds now, which is kept."""
        if self.folder is None:
            return make()
        path = self.folder / f"{name}.pickle"
        try:
            kept: Found = pickle.loads(path.read_bytes())
            return kept
        except (OSError, EOFError, pickle.PickleError, AttributeError, ImportError):
            found = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        temporary.write_bytes(pickle.dumps(found))
        temporary.replace(path)
        return found


NOTHING_KEPT = Checkpoint()
"""Every stage is done."""
