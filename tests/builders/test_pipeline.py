"""Whole builds, small ones, from source to published index."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from pymatgen.core import Lattice, Structure

from tests.systems import posix_only
from xsearch.builders import BuildStopped, build, build_cif, build_parquet
from xsearch.builders.aflow import AflowSource, process_aflow
from xsearch.builders.embed import row_vectors
from xsearch.builders.identity import index_folder
from xsearch.builders.parquet import ParquetSource
from xsearch.builders.source import Item, Process
from xsearch.errors import BuildError
from xsearch.indexes.index import Index
from xsearch.indexes.versions import current_version
from xsearch.models.powder_vectors import load


@dataclass(frozen=True)
class Given:
    """A source of items that a test gives."""

    given: tuple[Item, ...]
    name: str = "test"
    version: str = "1"
    licence: str = "CC0"
    citation: str = ""
    process: Process = field(default_factory=lambda: process_aflow)

    def fingerprint(self) -> str:
        return "-".join(item.item_id for item in self.given)

    def count(self) -> int | None:
        return len(self.given)

    def formulas(self) -> frozenset[str] | None:
        return None

    def items(self) -> Iterator[Item]:
        yield from self.given


def digest(name: str) -> str:
    """The part of a version's name that hashes every byte of the index."""
    version = current_version(index_folder(name))
    assert version is not None
    return version.partition("-")[2]


def test_a_build_makes_an_index_with_everything_in_it(xsearch_home: Path, prototypes: list[Item]) -> None:
    result = build(Given(tuple(prototypes[:30])), "small", workers=1, progress=False)
    index = Index.open(index_folder("small"))
    assert (result.entries, result.failures, result.measured_cells, len(index)) == (30, 0, 0, 30)
    entry = index.entry(index.row_of(prototypes[3].item_id))
    assert entry.material.space_group is not None
    assert entry.material.template is not None
    assert entry.reflections is not None
    assert len(entry.reflections) > 0
    assert entry.profile is not None
    assert np.linalg.norm(entry.profile) == pytest.approx(1, abs=1e-2)


def test_a_build_makes_the_vectors_that_embedding_makes(xsearch_home: Path, prototypes: list[Item]) -> None:
    build(Given(tuple(prototypes[:40])), "small", workers=1, progress=False, batch=7)
    index = Index.open(index_folder("small"))
    assert index.embedding is not None
    assert index.encoder == load().identity
    assert index.embedding.array.astype(np.float32) == pytest.approx(
        row_vectors(index, load()).astype(np.float32), abs=2e-3
    )


def test_failures_become_rows_with_their_reason_and_stop_nothing(xsearch_home: Path, prototypes: list[Item]) -> None:
    odd = Item("odd", {"snl": {"lattice": {"matrix": np.eye(3) * 4}, "sites": []}, "tags": {"aflow": "x"}})
    strange = Item("strange", {"snl": None, "tags": None})
    items = (prototypes[0], odd, strange, *prototypes[1:8], prototypes[2])
    result = build(Given(items), "mixed", workers=1, progress=False, batch=4)
    failures = {f.item_id: f.reason for f in Index.open(index_folder("mixed")).failures()}
    assert (result.entries, result.failures) == (8, 3)
    assert failures.keys() == {"odd", "strange", prototypes[2].item_id}
    assert failures["strange"].startswith("TypeError")
    assert "same id" in failures[prototypes[2].item_id]
    assert all("\n" not in reason for reason in failures.values())


def test_the_number_of_workers_and_the_run_change_no_byte(xsearch_home: Path, small_parquet: Path) -> None:
    source = ParquetSource.of(small_parquet)
    for name, workers in (("one", 1), ("two", 2), ("again", 2)):
        build(source, name, workers=workers, progress=False, batch=7)
    assert digest("one") == digest("two") == digest("again")


def test_a_build_without_a_single_crystal_is_refused_and_leaves_the_old_index(
    xsearch_home: Path, prototypes: list[Item]
) -> None:
    build(Given(tuple(prototypes[:3])), "kept", workers=1, progress=False)
    before = digest("kept")
    with pytest.raises(BuildError, match="made no entry"):
        build(Given((Item("strange", {"snl": None}),)), "kept", workers=1, progress=False)
    assert digest("kept") == before


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 80])
def test_a_name_that_is_no_plain_word_is_refused(xsearch_home: Path, name: str) -> None:
    with pytest.raises(BuildError, match="no name for an index"):
        build(AflowSource(), name, progress=False)


def test_an_interrupted_build_keeps_what_it_did_and_goes_on(xsearch_home: Path, prototypes: list[Item]) -> None:
    source = Given(tuple(prototypes[:40]))

    def interrupted(transform, batches):
        for batch in batches:
            if batch.number == 3:
                raise KeyboardInterrupt
            yield batch.number, transform(batch)

    with pytest.raises(BuildStopped, match="goes on from here"):
        build(source, "stopped", run=interrupted, progress=False, batch=5)
    assert current_version(index_folder("stopped")) is None
    result = build(source, "stopped", workers=1, progress=False, batch=5)
    assert (result.entries, result.resumed) == (40, 15)
    build(source, "undisturbed", workers=1, progress=False, batch=5)
    assert digest("stopped") == digest("undisturbed")


def test_chunks_may_come_back_in_any_order(xsearch_home: Path, prototypes: list[Item]) -> None:
    source = Given(tuple(prototypes[:30]))

    def backwards(transform, batches):
        yield from [(batch.number, transform(batch)) for batch in batches][::-1]

    build(source, "backwards", run=backwards, progress=False, batch=5)
    build(source, "forwards", workers=1, progress=False, batch=5)
    assert digest("backwards") == digest("forwards")


SCRIPT = """
import sys
from xsearch.builders import build
from xsearch.builders.parquet import ParquetSource
build(ParquetSource.of(sys.argv[1]), "killed", workers=2, progress=False, batch=3)
"""
"""A plain script, without the line that worker processes usually ask of one."""


def start(small_parquet: Path, tmp_path: Path) -> subprocess.Popen:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, tmp_path / "script.py", small_parquet],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job's children ignore it
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for_chunks(process: subprocess.Popen, least: int) -> None:
    deadline = time.monotonic() + 90
    while len(list(index_folder("killed").glob("building/*/chunk-*.arrow"))) < least:
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.005)


@posix_only
def test_a_killed_build_leaves_the_old_index_and_no_process_and_resumes(
    xsearch_home: Path, small_parquet: Path, tmp_path: Path, prototypes: list[Item]
) -> None:
    import psutil

    build(Given(tuple(prototypes[:3])), "killed", workers=1, progress=False)
    process = start(small_parquet, tmp_path)
    wait_for_chunks(process, 2)
    helpers = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(Index.open(index_folder("killed"))) == 3
    _, alive = psutil.wait_procs(helpers, timeout=20)
    assert not alive
    result = build(ParquetSource.of(small_parquet), "killed", workers=1, progress=False, batch=3)
    assert result.resumed >= 6
    build(ParquetSource.of(small_parquet), "undisturbed", workers=1, progress=False, batch=3)
    assert digest("killed") == digest("undisturbed")


@posix_only
def test_ctrl_c_stops_with_one_line_and_can_be_taken_up(
    xsearch_home: Path, small_parquet: Path, tmp_path: Path
) -> None:
    process = start(small_parquet, tmp_path)
    wait_for_chunks(process, 2)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    last = said.decode().strip().splitlines()[-1]
    assert last.startswith("xsearch.builders.pipeline.BuildStopped: Stopped.")
    assert "KeyboardInterrupt" not in said.decode()
    assert build(ParquetSource.of(small_parquet), "killed", workers=1, progress=False, batch=3).resumed >= 6


def test_a_sample_of_the_snapshot_is_built_with_its_measured_cells(
    xsearch_home: Path, tmp_path: Path, data_folder: Path
) -> None:
    chosen = [("reduced_formula", "in", ["ZnO", "NaCl", "TiO2"]), ("nsites", "<=", 12)]
    table = pq.read_table(data_folder / "mp_structures.parquet", filters=chosen)
    path = tmp_path / "sample.parquet"
    pq.write_table(table, path)
    linked = build_parquet(path, "linked", workers=1, progress=False)
    alone = build_parquet(path, "alone", workers=1, measured_cells=False, progress=False)
    assert (alone.entries, alone.failures, alone.measured_cells) == (len(table), 0, 0)
    assert linked.entries == len(table) + linked.measured_cells
    index = Index.open(index_folder("linked"))
    cells = [index.material(row) for row in np.flatnonzero(index.columns.cell_of >= 0)]
    names = {cell.name for cell in cells}
    assert {"Zincite", "Halite", "Rutile", "Anatase"} <= names
    for cell in cells:
        owner = index.material(index.row_of(cell.cell_of))
        assert (cell.reduced_formula, cell.space_group) == (owner.reduced_formula, owner.space_group)


def test_a_folder_of_cifs_is_built_and_its_bad_files_listed(xsearch_home: Path, tmp_path: Path) -> None:
    lattice = Lattice.cubic(5.64)
    Structure.from_spacegroup("Fm-3m", lattice, ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]).to(tmp_path / "good.cif")
    Structure(lattice, ["Na", "Cl"], [[0, 0, 0], [0.05, 0, 0]]).to(tmp_path / "bad.cif")
    result = build_cif(tmp_path, "lab", workers=1, progress=False)
    assert (result.entries, result.failures) == (1, 1)
    (failure,) = Index.open(index_folder("lab")).failures()
    assert failure.item_id == "bad"
    assert failure.reason.startswith("bad.cif: Atoms overlap")
