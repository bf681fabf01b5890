"""A full disk and a folder that may not be written to end in one clear line, and hurt nothing."""

import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.indexes.samples import build, snapshot
from tests.systems import posix_only
from xsearch.errors import XSearchError
from xsearch.indexes import Index, export, import_

pytestmark = posix_only

NOBODY = 65534


@pytest.fixture(scope="module")
def outcome_of() -> Callable[..., str]:
    """What a function says in a process of its own: `done`, the line of an XSearchError, or the name of a bug."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["xsearch.indexes", "faiss", "pandas"])

    def run(function: Callable[..., object], *arguments: object) -> str:
        answer = context.Queue()
        process = context.Process(target=report, args=(answer, function, *arguments), daemon=True)
        process.start()
        said: str = answer.get(timeout=60)
        process.join()
        return said

    return run


def report(answer: "multiprocessing.Queue[str]", function: Callable[..., object], *arguments: object) -> None:
    try:
        function(*arguments)
        answer.put("done")
    except XSearchError as error:
        answer.put(str(error))
    except BaseException as error:
        answer.put(f"BUG {type(error).__name__}: {error}")


def build_within(limit: int, folder: Path) -> None:
    """Build where no file may be longer than so many bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    build(folder, 2)


def import_under(home: Path, bundle: Path) -> None:
    os.environ["XSEARCH_HOME"] = str(home)
    import_(bundle)


def without_rights(function: Callable[..., object], *arguments: object) -> None:
    """A function called by a user whom the file system does not obey."""
    if os.getuid() == 0:
        with tempfile.TemporaryDirectory() as folder:  # load all that is needed: root's Python may be out of reach then
            build(Path(folder) / "index", 1)
            read(Path(folder) / "index")
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    function(*arguments)


def read(folder: Path) -> None:
    index = Index.open(folder)
    index.verify()
    assert index.material(3).material_id == "x-3"
    assert index.faiss.ntotal == len(index)


def test_no_file_may_grow_any_more_at_whatever_size(outcome_of: Callable[..., str], tmp_path: Path) -> None:
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
        said = outcome_of(build_within, limit, folder)
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
    outcome_of: Callable[..., str], small_disk: Path, tmp_path: Path
) -> None:
    folder = small_disk / "index"
    build(folder, 1)
    said = outcome_of(build, folder, 4)
    assert "the disk is full" in said
    Index.open(folder).verify()
    assert len(Index.open(folder)) == 10
    said = outcome_of(export, folder, small_disk / "out.xsi")
    assert said == "done" or "the disk is full" in said
    (small_disk / "out.xsi").unlink(missing_ok=True)
    bundle = tmp_path / "big.xsi"
    build(tmp_path / "big", 4)
    export(tmp_path / "big", bundle)
    assert "the disk is full" in outcome_of(import_under, small_disk, bundle)
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


def test_an_index_that_may_only_be_read_is_read(outcome_of: Callable[..., str], public_folder: Path) -> None:
    folder = public_folder / "index"
    build(folder, 1)
    shutil.copytree(folder, public_folder / "copy", copy_function=shutil.copyfile)  # with other modification times
    everything = [public_folder, *public_folder.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = snapshot(folder)
    try:
        for name in ("index", "copy"):
            assert outcome_of(without_rights, read, public_folder / name) == "done"
        for arguments in ((build, folder, 2), (build, public_folder / "new", 1), (export, folder, public_folder / "x")):
            assert "may not be written to" in outcome_of(without_rights, *arguments)
        assert snapshot(folder) == before
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_file_where_a_folder_should_be_is_told(outcome_of: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "index").write_text("not a folder", encoding="utf-8")
    assert outcome_of(build, tmp_path / "index", 1).startswith("Cannot")
    assert "No index is at" in outcome_of(Index.open, tmp_path / "index")
