"""A process that works for the page: it can be stopped at any moment, and keeps an opened index warm."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xsearch.errors import XSearchError

if TYPE_CHECKING:
    from xsearch.web.tasks import Tasks

Report = Callable[[str, bytes], None]
"""Takes an event of a task: its kind, and its facts as JSON text."""

Kind = Literal["view", "search"]
"""Which tasks a process can do."""

BEFORE_FIRST_S = 0.5
"""How long a worker that has started waits for a task before it does its first one."""

PARENT_EVERY_S = 2.0
"""How often a worker makes sure that the server is still there."""


class Failed(XSearchError):
    """A task could not be done, for a reason that the user can mend."""


class Broken(Exception):
    """A task ended in a fault of the program; the message is its traceback."""


class Stopped(Exception):
    """A task was stopped, or took too long."""


class Worker:
    """One process, one task at a time.

    Args:
        name: for the list of processes.
        tasks: what it can do.
        folder: an empty one, where it stands.
        first: a task with its arguments that it does once it has started and nobody waits for another.
    """

    def __init__(self, name: str, tasks: Kind, folder: Path, first: tuple[str, dict[str, Any]] | None = None) -> None:
        self.name, self.tasks, self.folder, self.first = name, tasks, folder, first
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"xsearch-{name}")

    def start(self) -> None:
        """Start the process, if it is not there."""
        if self._process is not None and self._process.is_alive():
            return
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        self._process = context.Process(
            target=work,
            args=(there, self.tasks, str(self.folder), self.first, os.getpid()),
            name=f"xsearch-{self.name}",
        )
        self._process.start()
        there.close()
        self._connection = here

    def stop(self) -> None:
        """End the process at once, and those that it started; a task that runs ends with `Stopped`."""
        process, self._process = self._process, None
        if process is None or process.pid is None:
            return
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                if os.getpgid(process.pid) == process.pid:  # it leads a group of its own once it has begun
                    os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join(5)

    async def call(self, task: str, arguments: dict[str, Any], timeout_s: float, report: Report | None = None) -> bytes:
        """Do a task and give its answer as JSON text, or as the bytes of a file.

        Raises:
            Failed: with the one line for the user.
            Broken: with a traceback.
            Stopped: where the process was ended.
        """
        async with self._turn:
            if report is not None:
                report("begin", b"{}")
            self.start()
            assert self._connection is not None
            connection, deadline = self._connection, time.monotonic() + timeout_s
            loop = asyncio.get_running_loop()
            try:
                connection.send((task, arguments))
                while True:
                    receiving = loop.run_in_executor(self._thread, connection.recv)
                    receiving.add_done_callback(_seen)
                    kind, body = await asyncio.wait_for(
                        asyncio.shield(receiving), max(0.0, deadline - time.monotonic())
                    )
                    if kind == "done":
                        return bytes(body)
                    if kind == "failed":
                        raise Failed(body.decode())
                    if kind == "broken":
                        raise Broken(body.decode())
                    if report is not None:
                        report(kind, body)
            except TimeoutError:
                self.stop()
                raise Stopped(f"It took longer than {timeout_s:.0f} s and was stopped.") from None
            except (EOFError, OSError):
                if self._connection is connection and self._process is not None:  # nobody stopped it
                    self.stop()
                    raise Stopped("The process ended by itself, perhaps for want of memory.") from None
                raise Stopped("It was stopped.") from None

    def close(self) -> None:
        """End the process for good."""
        self.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)


def tasks_of(kind: Kind) -> Tasks:
    """The tasks of a process, loaded in it."""
    if kind == "view":
        from xsearch.web.view_tasks import ViewTasks

        return ViewTasks()
    from xsearch.web.search_tasks import SearchTasks

    return SearchTasks()


def _seen(receiving: asyncio.Future[Any]) -> None:
    """What nobody waits for any more may end in an error."""
    if not receiving.cancelled():
        receiving.exception()


def work(
    connection: Connection, kind: Kind, folder: str, first: tuple[str, dict[str, Any]] | None, parent: int
) -> None:
    """The life of a worker process: tasks one after the other, until the server is gone."""
    if hasattr(os, "setsid"):
        os.setsid()  # a group of its own: stopping ends the processes of a build too, and Ctrl-C is the server's
    os.chdir(folder)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    tasks = tasks_of(kind)
    while True:
        if first is not None and not connection.poll(BEFORE_FIRST_S):
            with suppress(Exception):  # a fault shows where somebody waits for the answer
                tasks.do(*first)
            first = None
        try:
            task, arguments = connection.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        with suppress(BrokenPipeError):
            tasks.answer(connection.send, task, arguments)


def _leave_with(parent: int) -> None:
    while os.getppid() == parent or not hasattr(os, "setsid"):
        time.sleep(PARENT_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)
