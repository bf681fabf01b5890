"""Searches and other work that the page starts: they wait for their turn, report as they go, and can be stopped."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from xsearch.web.settings import SETTINGS, WebSettings
from xsearch.web.store import Refused, Store
from xsearch.web.worker import Broken, Failed, Stopped, Worker

State = Literal["waiting", "running", "done", "failed", "stopped"]

LONG = frozenset({"infer", "series", "build"})
"""Kinds of work that may take minutes; they have a process of their own, so that searches go on beside them."""

TASKS = {"infer": "query", **{name: name for name in ("query", "series", "cells", "predict", "build")}}
"""Kind of work to the task of the worker."""


@dataclass(eq=False)
class Job:
    """One piece of work.

    Attributes:
        key: of its question; the same question is the same job.
        kind: one of `TASKS`.
        title: for the list of jobs.
        arguments: of the task.
        address: of the page with the question, from its `?` on; empty where it has none.
        state: how far it is.
        events: what was reported, as (name, JSON text), from the beginning.
        began: seconds since the epoch, when it was last submitted.
    """

    key: str
    kind: str
    title: str
    arguments: dict[str, Any]
    address: str = ""
    state: State = "waiting"
    events: list[tuple[str, bytes]] = field(default_factory=list)
    began: float = field(default_factory=time.time)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _running: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.state not in ("waiting", "running")

    def summary(self) -> dict[str, Any]:
        """For the list of jobs."""
        return {name: getattr(self, name) for name in ("key", "kind", "title", "state", "began", "address")}

    def report(self, name: str, body: bytes) -> None:
        """Add an event."""
        self.events.append((name, body))
        self._news.set()

    async def follow(self, first: int = 0) -> AsyncIterator[tuple[int, str, bytes]]:
        """Events from a place on, with their places, until the job is over."""
        place = first
        while True:
            while place < len(self.events):
                name, body = self.events[place]
                yield place, name, body
                place += 1
            if self.is_over:
                return
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), 15)
            if place == len(self.events) and not self.is_over:
                yield place, "waiting", b"{}"  # keeps the connection


class Jobs:
    """The jobs of a server, and its workers.

    Args:
        store: where answers go.
        index: that is opened first; None for the one in use.
        settings: limits.
    """

    def __init__(self, store: Store, index: str | None = None, settings: WebSettings = SETTINGS) -> None:
        self.store, self.settings = store, settings
        self.jobs: dict[str, Job] = {}
        folder = store.empty_folder
        self.views = Worker("views", "view", folder, ("warm", {}))
        self.searches = Worker("searches", "search", folder, ("warm", {"index": index}))
        self.long = Worker("long", "search", folder)

    def start(self) -> None:
        """Start the processes that a first search needs."""
        self.searches.start()
        self.views.start()

    def close(self) -> None:
        """End all processes."""
        for worker in (self.views, self.searches, self.long):
            worker.close()

    async def view(self, task: str, arguments: dict[str, Any]) -> bytes:
        """Read a file or draw a crystal: what takes no time."""
        return await self.views.call(task, arguments, self.settings.view_s)

    def job(self, key: str) -> Job:
        """A job by its key.

        Raises:
            Refused: where there is none.
        """
        if key not in self.jobs:
            raise Refused("There is no such search; start it again.", 404)
        return self.jobs[key]

    def earlier(self) -> list[dict[str, Any]]:
        """Summaries of the last jobs that have an address, the latest first; those before the server started too."""
        found = {one["key"]: one for one in self.store.earlier()}
        found |= {job.key: job.summary() for job in self.jobs.values() if job.address}
        return sorted(found.values(), key=lambda one: -float(one["began"]))[: self.settings.most_listed]

    def submit(self, key: str, kind: str, title: str, arguments: dict[str, Any], address: str = "") -> Job:
        """Start a job, or find it where it is there; one that was stopped goes on where it stood.

        Args:
            key, kind, title, address: of the job. arguments: of its task.

        Raises:
            Refused: where too many wait.
        """
        there = self.jobs.get(key)
        if there is not None and there.state in ("waiting", "running", "done"):
            there.began = time.time()  # the list of jobs begins with the latest
            return there
        if sum(not job.is_over for job in self.jobs.values()) >= self.settings.most_waiting:
            raise Refused("Too many searches wait; stop one of them.", 429)
        there_too = {**arguments, "key": key, "path": str(self.store.answer(key))}
        job = self.jobs[key] = Job(key, kind, title, there_too, address if address.startswith("?") else "")
        job._running = asyncio.create_task(self._run(job))
        self._forget()
        return job

    def stop(self, key: str) -> Job:
        """Stop a job at once."""
        job = self.job(key)
        if job.state == "running":
            worker = self._worker(job)
            worker.stop()
            if worker is self.searches:
                worker.start()  # it opens the index, to be warm again
        elif job.state == "waiting" and job._running is not None:
            job._running.cancel()
            self._over(job, "stopped", "It was stopped.")
        return job

    def _worker(self, job: Job) -> Worker:
        return self.long if job.kind in LONG else self.searches

    async def _run(self, job: Job) -> None:
        worker = self._worker(job)
        timeout_s = self.settings.long_s if worker is self.long else self.settings.search_s

        def report(name: str, body: bytes) -> None:
            job.state = "running"
            job.report(name, body)

        try:
            body = await worker.call(TASKS[job.kind], job.arguments, timeout_s, report)
        except Failed as error:
            self._over(job, "failed", str(error))
        except Broken as error:
            self._over(job, "failed", "A fault of xsearch; please report it.", str(error))
        except Stopped as error:
            self._over(job, "stopped", str(error))
        else:
            job.state = "done"
            job.report("done", body)
            self.store.prune()
        finally:
            self.store.list_earlier(self.earlier())

    def _over(self, job: Job, state: State, text: str, traceback: str = "") -> None:
        job.state = state
        job.report(state, json.dumps({"text": text, "traceback": traceback}).encode())

    def _forget(self) -> None:
        over = sorted((job for job in self.jobs.values() if job.is_over), key=lambda job: job.began)
        for job in over[: max(0, len(self.jobs) - self.settings.most_answers)]:
            del self.jobs[job.key]
