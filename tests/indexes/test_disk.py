"""A full disk and a folder that may not be written to end in one clear line, and hurt nothing."""

import multiprocessing
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.indexes.samples import build, snapshot
from xsearch.errors import XSearchError
from xsearch.indexes import Index, export, import_

CONTEXT = multiprocessing.get_context("fork")
NOBODY = 65534


def outcome_of(action: Callable[[], object]) -> str:
    """What an action says in a process of its own: `done`, the line of an XSearchError, or the name of a bug."""
    answer = CONTEXT.Queue()

    def run() -> None:
        try:
            action()
            answer.put("done")
        except XSearchError as error:
            answer.put(str(error))
        except BaseException as error:
            answer.put(f"BUG {type(error).__name__}: {error}")

    process = CONTEXT.Process(target=run)
    process.start()
    said: str = answer.get(timeout=60)
    process.join()
    return said


def test_no_file_may_grow_any_more_at_whatever_size(tmp_path: Path) -> None:
    old = tmp_path / "old"
    build(old, 1)
    whole = tmp_path / "whole"
    shutil.copytree(old, whole)
    build(whole, 2)
    finished = snapshot(whole)
    largest = max(len(content) for content in finished.values())
    full = 0
    for limit in (0, 8, 100, 500, 1500, 4000, 8000, 10_000, 12_000, 16_000, largest - 1, 10 * largest):
        folder = tmp_path / str(limit)
        shutil.copytree(old, folder)

        def build_within(folder: Path = folder, limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            build(folder, 2)

        said = outcome_of(build_within)
        if said != "done":
            assert "the disk is full" in said
            assert "\n" not in said
            assert len(Index.open(folder)) == 10
            full += 1
        Index.open(folder).verify()
        build(folder, 2)
        assert snapshot(folder) == finished
    assert full >= 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "none", folder], capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_runs_full_is_told_and_the_build_goes_on_when_there_is_room(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_disk / "index"
    build(folder, 1)
    said = outcome_of(lambda: build(folder, 4))
    assert "the disk is full" in said
    Index.open(folder).verify()
    assert len(Index.open(folder)) == 10
    said = outcome_of(lambda: export(folder, small_disk / "out.xsi"))
    assert said == "done" or "the disk is full" in said
    (small_disk / "out.xsi").unlink(missing_ok=True)
    bundle = tmp_path / "big.xsi"
    build(tmp_path / "big", 4)
    export(tmp_path / "big", bundle)
    monkeypatch.setenv("XSEARCH_HOME", str(small_disk))
    assert "the disk is full" in outcome_of(lambda: import_(bundle))
    assert not (small_disk / "indexes" / "big").exists()
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    build(folder, 4)
    assert len(Index.open(folder)) == 40


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that another user can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def without_rights(action: Callable[[], object]) -> Callable[[], object]:
    """The action by a user whom the file system does not obey."""

    def run() -> object:
        if os.getuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        return action()

    return run


def test_an_index_that_may_only_be_read_is_read(public_folder: Path) -> None:
    folder = public_folder / "index"
    build(folder, 1)
    shutil.copytree(folder, public_folder / "copy", copy_function=shutil.copyfile)  # with other modification times
    everything = [public_folder, *public_folder.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def use(folder: Path) -> None:
        index = Index.open(folder)
        index.verify()
        assert index.material(3).material_id == "x-3"
        assert index.faiss.ntotal == len(index)

    try:
        for name in ("index", "copy"):
            assert outcome_of(without_rights(lambda name=name: use(public_folder / name))) == "done"
        before = snapshot(folder)
        for action in (lambda: build(folder, 2), lambda: build(public_folder / "new", 1)):
            assert "may not be written to" in outcome_of(without_rights(action))
        assert "may not be written to" in outcome_of(without_rights(lambda: export(folder, public_folder / "x.xsi")))
        assert snapshot(folder) == before
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("not a folder")
    said = outcome_of(lambda: build(tmp_path / "index", 1))
    assert said.startswith("Cannot")
    assert "BUG" not in outcome_of(lambda: Index.open(tmp_path / "index"))
