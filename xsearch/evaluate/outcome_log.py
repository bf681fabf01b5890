"""Outcomes of an evaluation, kept in a file as they come, so that a run that was stopped goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from xsearch.report.json_text import plain

Outcome = TypeVar("Outcome")


class OutcomeLog(Generic[Outcome]):
    """A file with one outcome a line, as JSON; without a path nothing is kept.

    Attributes:
        done: outcomes of an earlier run by their keys. A line that was cut off in the middle is left out.
    """

    def __init__(
        self,
        path: str | Path | None,
        make: Callable[[Mapping[str, Any]], Outcome],
        key: Callable[[Outcome], str],
    ) -> None:
        self._path = None if path is None else Path(path)
        self._key = key
        self.done: dict[str, Outcome] = {}
        if self._path is None or not self._path.exists():
            return
        text = self._path.read_text(encoding="utf-8")
        if not text.endswith("\n"):  # the run was stopped while it wrote
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n")
        for line in text.splitlines():
            try:
                outcome = make(json.loads(line))
            except (json.JSONDecodeError, KeyError, TypeError):
                continue
            self.done[key(outcome)] = outcome

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome, unless it is kept already."""
        if self._key(outcome) in self.done:
            return
        self.done[self._key(outcome)] = outcome
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(plain(asdict(outcome)), allow_nan=False) + "\n")  # type: ignore[call-overload]
