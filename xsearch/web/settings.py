"""The limits of the page."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.settings import setting


@dataclass(frozen=True)
class WebSettings:
    """What a page may take of the machine."""

    largest_file_MB: float = setting(64.0, "MB", "set by hand: a map of 10,000 patterns is smaller")
    most_files: int = setting(500, "1", "set by hand: files that are kept; the oldest go first")
    most_waiting: int = setting(8, "1", "set by hand: searches that wait for their turn")
    most_answers: int = setting(200, "1", "set by hand: answers that are kept; the oldest go first")
    most_listed: int = setting(30, "1", "set by hand: earlier searches that the page lists")
    view_s: float = setting(300.0, "s", "set by hand: reading takes milliseconds, compiling its kernels a minute, once")
    search_s: float = setting(300.0, "s", "set by hand: a search takes a second, a mixture some")
    long_s: float = setting(6 * 3600.0, "s", "set by hand: builds, inferences and series are done in hours at most")


SETTINGS = WebSettings()
