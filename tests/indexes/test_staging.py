"""Builds resume, repeat themselves byte for byte, and never hurt what is there."""

import itertools
import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path

import pyarrow as pa
import pytest

from tests.indexes.samples import BINS, build, chunk, entry, snapshot
from xsearch.errors import BuildError
from xsearch.indexes import Chunk, Entry, Failure, Index, Staging
from xsearch.indexes.versions import current_version, versions_of


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    build(tmp_path / "one", 4)
    build(tmp_path / "two", 4)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_the_size_of_chunks_and_the_order_they_came_in_leave_no_trace(tmp_path: Path) -> None:
    def build_in(folder: Path, size: int, order: list[int]) -> dict[str, bytes]:
        with Staging.open(folder, "same", {}) as staging:
            for number in order:
                rows = range(number * size, min(120, (number + 1) * size))
                staging.write(number, Chunk.from_entries([entry(i) for i in rows]))
            staging.publish(len(order))
        return snapshot(folder)

    whole = build_in(tmp_path / "whole", 120, [0])
    assert build_in(tmp_path / "sevens", 7, list(range(18))) == whole
    assert build_in(tmp_path / "backwards", 13, list(reversed(range(10)))) == whole


def test_batches_of_the_catalog_leave_no_trace_of_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xsearch.indexes.tables.BATCH_ROWS", 17)
    files = []
    for size in (60, 4):
        folder = tmp_path / str(size)
        with Staging.open(folder, "same", {}) as staging:
            for number in range(60 // size):
                staging.write(
                    number, chunk(number, size) if size == 60 else Chunk.from_entries(entries_of(number, size))
                )
            staging.publish(60 // size)
        index = Index.open(folder)
        assert index.material(16).material_id == "x-16"
        assert [m.material_id for m in index.materials([59, 0, 17, 16])] == ["x-59", "x-0", "x-17", "x-16"]
        files.append((index.folder / "catalog.arrow").read_bytes())
    assert files[0] == files[1]


def entries_of(number: int, size: int) -> list[Entry]:
    return [entry(i) for i in range(number * size, (number + 1) * size)]


def test_a_resumed_build_finds_its_chunks(tmp_path: Path) -> None:
    with Staging.open(tmp_path / "index", "a", {}) as staging:
        staging.write(1, chunk(1))
    with Staging.open(tmp_path / "index", "a", {}) as staging:
        assert [staging.has(number) for number in range(3)] == [False, True, False]
    with Staging.open(tmp_path / "index", "b", {}) as staging:
        assert not staging.has(1)


def test_a_damaged_chunk_is_made_again(tmp_path: Path) -> None:
    with Staging.open(tmp_path / "index", "a", {}) as staging:
        staging.write(0, chunk(0))
        staging.write(1, chunk(1))
        paths = sorted(staging.folder.glob("chunk-*.arrow"))
    content = bytearray(paths[0].read_bytes())
    content[len(content) // 2] ^= 1
    paths[0].write_bytes(content)
    paths[1].write_bytes(paths[1].read_bytes()[:-1])
    with Staging.open(tmp_path / "index", "a", {}) as staging:
        assert not staging.has(0)
        assert not staging.has(1)
        assert not list(staging.folder.iterdir())


def test_publishing_needs_every_chunk(tmp_path: Path) -> None:
    with Staging.open(tmp_path / "index", "a", {}) as staging:
        staging.write(0, chunk(0))
        staging.write(2, chunk(2))
        with pytest.raises(BuildError, match="1 of 3 chunks are missing, the first is number 1"):
            staging.publish(3)
    assert current_version(tmp_path / "index") is None


def test_a_build_without_an_entry_says_why(tmp_path: Path) -> None:
    with Staging.open(tmp_path / "index", "a", {}) as staging:
        staging.write(0, Chunk.from_entries([], [Failure("x.cif", "holds no atoms")]))
        with pytest.raises(BuildError, match=r"no entry.*1 items failed.*x\.cif.*holds no atoms"):
            staging.publish(1)


def test_of_entries_with_one_id_the_first_is_kept_and_the_others_are_failures(tmp_path: Path) -> None:
    with Staging.open(tmp_path / "index", "a", {}) as staging:
        staging.write(0, Chunk.from_entries([entry(1), entry(2), entry(1)]))
        staging.write(1, Chunk.from_entries([entry(2), entry(3)]))
        staging.publish(2)
    index = Index.open(tmp_path / "index")
    assert [m.material_id for m in index.materials(range(3))] == ["x-1", "x-2", "x-3"]
    assert [failure.item_id for failure in index.failures()] == ["x-1", "x-2"]
    assert len(index.reflections(2)) == len(entry(3).reflections or ())


def test_chunks_whose_profiles_differ_in_length_cannot_be_published(tmp_path: Path) -> None:
    import numpy as np

    with Staging.open(tmp_path / "index", "a", {}) as staging:
        staging.write(0, Chunk.from_entries([entry(1)]))
        staging.write(1, Chunk.from_entries([Entry(entry(2).material, None, np.ones(BINS + 1, np.float32))]))
        with pytest.raises(BuildError, match=f"{BINS} and {BINS + 1} bins"):
            staging.publish(2)


def test_publishing_keeps_the_version_before_and_drops_older_ones(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    names = [build(folder, n_chunks) for n_chunks in (1, 2, 3)]
    assert versions_of(folder) == names[1:]
    assert current_version(folder) == names[2]
    assert [name[:4] for name in names] == ["0001", "0002", "0003"]
    assert not (folder / "building").exists()


def test_building_the_same_again_makes_no_new_version(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    build(folder, 1)
    name = build(folder, 2)
    before = snapshot(folder)
    assert build(folder, 2) == name
    assert snapshot(folder) == before


def test_building_the_same_again_mends_a_damaged_version(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    name = build(folder, 2)
    before = snapshot(folder)
    (folder / "versions" / name / "hkl.npy").write_bytes(b"")
    build(folder, 2)
    assert snapshot(folder) == before


def hold(folder: Path, ready: Event, done: Event) -> None:
    with Staging.open(folder, "a", {}):
        ready.set()
        done.wait(30)


def test_a_second_builder_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    first = context.Process(target=hold, args=(tmp_path / "index", ready, done))
    first.start()
    assert ready.wait(30)
    with pytest.raises(BuildError, match="Another process"), Staging.open(tmp_path / "index", "a", {}):
        pass
    first.kill()  # the kernel gives the lock back even so
    first.join()
    with Staging.open(tmp_path / "index", "a", {}) as staging:
        staging.write(0, chunk(0))
        staging.publish(1)
    assert len(Index.open(tmp_path / "index")) == 10


def read_again_and_again(folder: Path, reading: Event, stop: Event, outcome: "multiprocessing.Queue[object]") -> None:
    versions: set[str] = set()
    try:
        while not stop.is_set():
            index = Index.open(folder)
            rows = len(index)
            for row in (0, rows // 2, rows - 1):
                material = index.material(row)
                assert material.material_id == f"x-{row}"
                assert len(index.reflections(row)) == len(entry(row).reflections or ())
            assert index.faiss.ntotal == rows
            index.sql("select count(*) from materials").fetchall()
            versions.add(index.version)
            reading.set()
        outcome.put(versions)
    except BaseException as error:
        outcome.put(f"{type(error).__name__}: {error}")


def test_readers_in_two_processes_never_stumble_while_versions_are_swapped(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    context = multiprocessing.get_context("spawn")
    build(folder, 1)
    stop, outcome = context.Event(), context.Queue()
    reading = [context.Event() for _ in range(2)]
    readers = [context.Process(target=read_again_and_again, args=(folder, one, stop, outcome)) for one in reading]
    for reader in readers:
        reader.start()
    assert all(one.wait(60) for one in reading)
    names = {build(folder, n_chunks) for n_chunks in itertools.islice(itertools.cycle((2, 3, 1)), 24)}
    stop.set()
    outcomes = [outcome.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join()
    assert len(names) > 3
    for versions in outcomes:
        assert not isinstance(versions, str), versions
        assert len(versions) > 1


def test_a_chunk_read_back_for_publishing_is_mapped_not_loaded(tmp_path: Path) -> None:
    with Staging.open(tmp_path / "index", "a", {}) as staging:
        staging.write(0, chunk(0))
        (path,) = staging.folder.glob("chunk-*.arrow")
        before = pa.total_allocated_bytes()
        mapped = Chunk.from_bytes(pa.memory_map(str(path)))
        assert pa.total_allocated_bytes() - before < path.stat().st_size / 2
        assert mapped.table.equals(chunk(0).table)
