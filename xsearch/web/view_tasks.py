"""What a worker process reads and draws for the page: nothing of it takes long."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

from xsearch.errors import XSearchError
from xsearch.web.links import check_links
from xsearch.web.readings import reading_of
from xsearch.web.tasks import Tasks, Wishes, first_shown, kept, scan_path

KEPT_ANSWERS = 8
"""Answers that stay in memory."""


class ViewTasks(Tasks):
    """The tasks, with the last answers; each loads what it needs, so that the first is not kept waiting."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: OrderedDict[str, Any] = OrderedDict()

    def do_warm(self) -> None:
        """Load what reading and drawing need, and read a pattern of one line."""
        import numpy as np

        from xsearch.report.file_contents import FileContents
        from xsearch.report.file_view import file_view
        from xsearch.spectra import PowderPattern

        two_theta_deg = np.arange(10.0, 60.0, 0.02)
        counts = 100 + 1000 * np.exp(-(((two_theta_deg - 30) / 0.1) ** 2))
        file_view(FileContents("warm", (PowderPattern(two_theta_deg, counts, 1.5406),)))

    def do_indexes(self) -> list[dict[str, Any]]:
        """Which indexes there are."""
        from xsearch.indexes.library import list_indexes
        from xsearch.report.index_listing import index_records

        return index_records(list_indexes())

    def do_use(self, name: str) -> list[dict[str, Any]]:
        """Make an index the one in use."""
        from xsearch.indexes.library import index_names, use

        if name not in index_names():
            raise XSearchError(f"There is no index {name!r}.")
        use(name)
        return self.do_indexes()

    def do_read(self, path: str, wishes: Wishes) -> dict[str, Any]:
        """What is read from a file, as it is to be read."""
        from xsearch.report.file_contents import file_contents
        from xsearch.report.file_view import CRYSTAL_FILE, crystal_file_view, file_view

        place = Path(path)
        check_links(place)
        if place.suffix.lower() == CRYSTAL_FILE:
            with contextlib.suppress(XSearchError):
                return crystal_file_view(place, place.name)
        wish = reading_of(wishes)
        return file_view(file_contents(place, wish.wavelength, wish.absorber, wish.edge, wish.reading))

    def _remember(self, key: str, view: Any) -> None:
        self._answers[key] = view
        self._answers.move_to_end(key)
        while len(self._answers) > KEPT_ANSWERS:
            self._answers.popitem(last=False)

    def _view(self, key: str, path: str, scan: int | None = None) -> Any:
        """An answer that was kept, ready to be drawn."""
        from xsearch.report.interactive import InteractiveAnswer

        place = path if scan is None else scan_path(path, scan)
        name = f"{place}:{Path(place).stat().st_mtime if Path(place).exists() else 0}"
        if name not in self._answers:
            if (answer := kept(place)) is None:
                raise XSearchError("That answer is not here any more; search again.")
            self._remember(name, InteractiveAnswer(answer))
        self._answers.move_to_end(name)
        return self._answers[name]

    def do_answer(self, key: str, path: str, scan: int | None = None) -> dict[str, Any]:
        """What the page shows of an answer that was kept."""
        return first_shown(self._view(key, path, scan))

    def do_crystal(self, key: str, path: str, place: int, scan: int | None = None) -> dict[str, Any]:
        """What the page shows of one crystal of an answer."""
        from xsearch.report.fragments import crystals_of

        view = self._view(key, path, scan)
        if not 0 <= place < len(crystals_of(view.answer)):
            raise XSearchError("The answer holds no such crystal.")
        record: dict[str, Any] = view.crystal_record(place)
        return record
