"""How far long work has come, on a terminal as a bar, elsewhere as plain lines; and how long stages take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from rich.progress import TaskID

LINE_EVERY_S = 15.0
"""Seconds between two plain lines; set by hand."""


def per_time(rate_per_s: float) -> str:
    """A rate in the unit in which it is above one."""
    return f"{rate_per_s:.0f}/s" if rate_per_s >= 1 else f"{rate_per_s * 60:.1f}/min"


class Progress(Protocol):
    """What a build tells about itself as it goes."""

    def say(self, text: str) -> None:
        """Tell something in one line."""
        ...

    def start(self, label: str, total: int | None) -> None:
        """A stage begins; `total` items, where that is known."""
        ...

    def advance(self, items: int, failures: int = 0) -> None:
        """So many more items are through, failed ones included."""
        ...


class Silence:
    """Tells nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def start(self, label: str, total: int | None) -> None:
        """Nothing."""

    def advance(self, items: int, failures: int = 0) -> None:
        """Nothing."""


SILENCE = Silence()
"""One that tells nothing."""


class Lines:
    """Plain lines, one every quarter of a minute, for log files and pipes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.start("", None)

    def say(self, text: str) -> None:
        """One line."""
        print(text, file=self._stream, flush=True)

    def start(self, label: str, total: int | None) -> None:
        """A stage begins."""
        self._label, self._total = label, total
        self._done = self._failed = 0
        self._began = self._told = time.monotonic()

    def advance(self, items: int, failures: int = 0) -> None:
        """Count, and now and then tell."""
        self._done += items
        self._failed += failures
        now = time.monotonic()
        if now - self._told >= LINE_EVERY_S:
            self._told = now
            rate = self._done / max(now - self._began, 1e-6)
            of_total = f" of {self._total:,}" if self._total else ""
            left = f", {(self._total - self._done) / rate:.0f} s left" if self._total and rate else ""
            self.say(f"{self._label}: {self._done:,}{of_total}, {self._failed:,} failed, {per_time(rate)}{left}")


class Bar:
    """A bar with rate and time left."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]}"),
            console=Console(file=stream),
            transient=True,
        )
        self._task: TaskID | None = None

    def say(self, text: str) -> None:
        """One line above the bar."""
        self._rich.console.print(text, highlight=False, markup=False)

    def start(self, label: str, total: int | None) -> None:
        """A bar of its own for the stage."""
        if self._task is None:
            self._rich.start()  # not before there is something to show
        else:
            self._rich.remove_task(self._task)
        self._failed = 0
        self._began = time.monotonic()
        self._task = self._rich.add_task(label, total=total, rate="", failed="")

    def advance(self, items: int, failures: int = 0) -> None:
        """Move the bar."""
        if self._task is None:
            return
        self._failed += failures
        done = self._rich.tasks[-1].completed + items
        self._rich.update(
            self._task,
            advance=items,
            rate=per_time(done / max(time.monotonic() - self._began, 1e-6)),
            failed=f"{self._failed:,} failed" if self._failed else "",
        )

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._rich.stop()


Watcher = Callable[[str, dict[str, Any]], None]
"""Is called with what happens, `stage`, `items` or `say`, and its facts."""

_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Have a watcher called with the stages of what runs inside, and with how far long ones are."""
    before = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(before)


def watch(happened: str, **facts: Any) -> None:
    """Call the watcher, if there is one."""
    if (watcher := _WATCHER.get()) is not None:
        watcher(happened, facts)


class Watched:
    """Passes everything on to the watcher, not more often than it can be read."""

    EVERY_S = 0.2

    def __init__(self, total: int | None = None) -> None:
        self._done = self._failed = 0
        self._total = total
        self._last = 0.0

    def say(self, text: str) -> None:
        """One line."""
        watch("say", text=text)

    def start(self, label: str, total: int | None) -> None:
        """A stage begins."""
        self._done, self._failed, self._total, self._last = 0, 0, total, 0.0
        watch("stage", name=label)

    def advance(self, items: int, failures: int = 0) -> None:
        """Count."""
        self._done += items
        self._failed += failures
        now = time.monotonic()
        if now - self._last >= self.EVERY_S or self._done == self._total:
            self._last = now
            watch("items", done=self._done, total=self._total, failed=self._failed)


Item = TypeVar("Item")


def counted(items: Iterable[Item], total: int) -> Iterator[Item]:
    """The same items; a watcher sees how many of the total are through."""
    watched = Watched(total)
    for item in items:
        yield item
        watched.advance(1)


@contextmanager
def open_progress(show: bool, stream: IO[str] | None = None) -> Iterator[Progress]:
    """A bar where the stream is a terminal, plain lines where it is not, silence where nothing is to be shown.

    Where a watcher is set, it is shown everything instead.
    """
    stream = stream or sys.stderr
    if _WATCHER.get() is not None:
        yield Watched()
    elif not show:
        yield Silence()
    elif stream.isatty():
        bar = Bar(stream)
        try:
            yield bar
        finally:
            bar.close()
    else:
        yield Lines(stream)


@contextmanager
def timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    """Enter the wall time of a stage into `timings`, in milliseconds; a watcher sees it begin."""
    watch("stage", name=stage)
    begin = time.perf_counter()
    yield
    timings[stage] = (time.perf_counter() - begin) * 1e3
