"""Killing builds of the Materials Project at random moments, and looking at what is left."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mp_library import Library
from tests.mp_server import KEY, MpServer, serving
from xsearch.indexes import Index

if TYPE_CHECKING:  # Windows has no such processes
    from multiprocessing.context import ForkServerContext

MATERIALS = 80
"""Of which a quarter is in the older version that a whole build replaces."""

ENVIRONMENT = {"NO_PROXY": "127.0.0.1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "MP_API_KEY": KEY}


def preloaded() -> ForkServerContext:
    """Processes that start at once, the slow imports being done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["xsearch.builders.mp", "mp_api.client.routes.materials.xas", "tests.builders.warm", "faiss"]
    )
    return context


def build(home: Path, url: str, limit: int | None = None) -> None:
    """Build below a folder; what changed since the version there is fetched, or all where it is of another limit."""
    from xsearch.builders import mp
    from xsearch.builders.mp_selection import Selection
    from xsearch.builders.settings import FetchSettings

    os.environ.update(ENVIRONMENT, XSEARCH_HOME=str(home))
    mp.build_mp(
        "mp",
        Selection(limit=limit),
        endpoint=url,
        workers=1,
        measured_cells=False,
        progress=False,
        fetching=FetchSettings(documents_a_page=10, listed_a_page=10, waits_s=(0.1,)),
        batch=8,
    )


class Kills:
    """A run of kills: half of them of updates, half of whole builds over an older version.

    Attributes:
        phases: how many kills fell into fetching, simulating, writing, swapping, and after the end.
    """

    def __init__(self, folder: Path, seed: int = 1, materials: int = MATERIALS) -> None:
        self._folder, self._random, self._context = folder, random.Random(seed), preloaded()
        self._materials = materials
        self.phases: Counter[str] = Counter()

    def run(self, kills: int) -> None:
        """Kill so many builds, each time checking the old version and letting the next run finish.

        Raises:
            AssertionError: where something was lost, or the bytes differ from an undisturbed build's.
        """
        with serving(Library(self._materials)) as server:
            for name, limit in (("update", None), ("whole", self._materials // 4)):
                self._finish(self._folder / f"old-{name}", server, limit)
            for number in range(0, self._materials, 9):
                server.library.change(server.library.summary[number]["material_id"])
            server.library.deprecate(server.library.summary[4]["material_id"])
            server.library.db_version = "2025.06.01"
            wanted = {name: self._undisturbed(name, server) for name in ("update", "whole")}
            for number in range(kills):
                self._kill_one(number, "update" if number % 2 else "whole", server, wanted)

    def _undisturbed(self, name: str, server: MpServer) -> tuple[dict, float]:
        home = self._folder / f"undisturbed-{name}"
        shutil.copytree(self._folder / f"old-{name}", home)
        began = time.perf_counter()
        self._finish(home, server, None)
        return _files(home), time.perf_counter() - began

    def _kill_one(self, number: int, name: str, server: MpServer, wanted: dict[str, tuple[dict, float]]) -> None:
        files, seconds = wanted[name]
        old, home = self._folder / f"old-{name}", self._folder / f"kill-{number}"
        shutil.copytree(old, home)
        child = self._context.Process(target=build, args=(home, server.url))
        child.start()
        child.join(self._random.uniform(0.1 * seconds, seconds))
        os.kill(child.pid, signal.SIGKILL) if child.is_alive() else None
        child.join()
        self.phases[_phase(home)] += 1
        index = Index.open(home / "indexes" / "mp")
        index.verify()
        assert index.manifest.files in (_files(old), files), f"kill {number} left something between"
        self._finish(home, server, None)
        assert _files(home) == files, f"kill {number}: the next run ended with other bytes"
        assert not list((home / "downloads").rglob("*.zst"))
        shutil.rmtree(home)

    def _finish(self, home: Path, server: MpServer, limit: int | None) -> None:
        child = self._context.Process(target=build, args=(home, server.url, limit))
        child.start()
        child.join()
        assert child.exitcode == 0


def _files(home: Path) -> dict:
    return Index.open(home / "indexes" / "mp").manifest.files


def _phase(home: Path) -> str:
    """What a killed build was doing, from what it left."""
    folder = home / "indexes" / "mp"
    if len(list((folder / "versions").iterdir())) > 1:
        return "swap or later"
    if list(folder.glob("building/*/version")):
        return "write"
    if list(folder.glob("building/*/chunk-*")):
        return "simulate"
    return "fetch" if list(home.glob("downloads/mp/*/*.zst")) else "start"
