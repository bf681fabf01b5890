"""A build that is killed leaves the old index whole, and the next run ends with the bytes of an undisturbed one."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.indexes.samples import build, build_and_die, snapshot
from tests.systems import posix_only
from xsearch.indexes import Index

if TYPE_CHECKING:  # Windows has no such processes
    from multiprocessing.context import ForkServerContext

pytestmark = posix_only

OLD_CHUNKS, NEW_CHUNKS = 1, 2
RANDOM_KILLS = 8
MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start within milliseconds, the modules being loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["xsearch.indexes", "faiss", "pandas", "duckdb", "filelock", "pyarrow.parquet"])
    return context


@pytest.fixture(scope="module")
def memory_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where the system has one: hundreds of fsyncs take long on a busy disk."""
    if not MEMORY.is_dir():
        yield tmp_path_factory.mktemp("kills")
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def old_index(memory_folder: Path) -> Path:
    """An index with one version, and a second build of it to come."""
    folder = memory_folder / "old"
    build(folder, OLD_CHUNKS)
    return folder


@pytest.fixture(scope="module")
def undisturbed(old_index: Path, memory_folder: Path) -> dict[str, bytes]:
    """What the second build comes to when nobody disturbs it."""
    folder = memory_folder / "undisturbed"
    shutil.copytree(old_index, folder)
    build(folder, NEW_CHUNKS)
    return snapshot(folder)


def check_whole_and_finish(folder: Path, undisturbed: dict[str, bytes]) -> None:
    index = Index.open(folder)
    index.verify()
    assert len(index) in (OLD_CHUNKS * 10, NEW_CHUNKS * 10)
    build(folder, NEW_CHUNKS)
    assert snapshot(folder) == undisturbed


def test_a_build_killed_before_any_step_on_disk_is_survived(
    processes: ForkServerContext, old_index: Path, undisturbed: dict[str, bytes], memory_folder: Path
) -> None:
    kills = 0
    for step in range(1000):
        folder = memory_folder / f"{step}"
        shutil.copytree(old_index, folder)
        child = processes.Process(target=build_and_die, args=(folder, NEW_CHUNKS, step))
        child.start()
        child.join()
        if child.exitcode == 0:  # it has fewer steps than this and came through
            assert snapshot(folder) == undisturbed
            break
        assert child.exitcode == -signal.SIGKILL
        check_whole_and_finish(folder, undisturbed)
        shutil.rmtree(folder)
        kills += 1
    assert kills > 25


def test_a_build_killed_at_random_moments_is_survived(
    processes: ForkServerContext, old_index: Path, undisturbed: dict[str, bytes], memory_folder: Path
) -> None:
    moments = random.Random(1)
    started = time.perf_counter()
    whole = processes.Process(target=shutil.copytree, args=(old_index, memory_folder / "timed"))
    whole.start()
    whole.join()
    start_seconds = time.perf_counter() - started
    started = time.perf_counter()
    build(memory_folder / "timed", NEW_CHUNKS)
    build_seconds = time.perf_counter() - started
    kills = 0
    for number in range(RANDOM_KILLS):
        folder = memory_folder / f"random-{number}"
        shutil.copytree(old_index, folder)
        child = processes.Process(target=build, args=(folder, NEW_CHUNKS))
        child.start()
        time.sleep(moments.uniform(0.3, 1.0) * start_seconds + moments.random() * build_seconds)
        child.kill()
        child.join()
        kills += child.exitcode == -signal.SIGKILL
        check_whole_and_finish(folder, undisturbed)
    assert kills > 0


def test_an_interrupted_first_build_leaves_no_index_and_resumes(processes: ForkServerContext, tmp_path: Path) -> None:
    build(tmp_path / "undisturbed", NEW_CHUNKS)
    child = processes.Process(target=build_and_die, args=(tmp_path / "killed", NEW_CHUNKS, 10))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "CURRENT").exists()
    assert list((tmp_path / "killed" / "building").rglob("chunk-*.arrow"))
    build(tmp_path / "killed", NEW_CHUNKS)
    assert snapshot(tmp_path / "killed") == snapshot(tmp_path / "undisturbed")
