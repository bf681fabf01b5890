"""Builds on a Dask cluster of two real worker processes."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systems import posix_only
from xsearch.builders import build_parquet
from xsearch.builders.cluster import running_on
from xsearch.builders.parquet import ParquetSource
from xsearch.builders.pipeline import build
from xsearch.errors import BuildError
from xsearch.indexes import Index


@pytest.fixture(scope="module")
def cluster() -> Iterator:
    """A scheduler in this process and two workers of their own."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0) as cluster:
        yield cluster


@posix_only
def test_a_cluster_makes_the_same_bytes_though_a_worker_is_killed(
    cluster, xsearch_home: Path, small_parquet: Path
) -> None:
    source = ParquetSource.of(small_parquet)
    build(source, "here", workers=1, progress=False, batch=4)
    with running_on(cluster.scheduler_address) as run:
        build(source, "there", run=run, progress=False, batch=4)
        doomed = next(iter(cluster.workers.values())).pid
        made = 0

        def killing(transform, batches):
            nonlocal made
            for number, chunk in run(transform, batches):
                made += 1
                if made == 2:
                    os.kill(doomed, signal.SIGKILL)
                yield number, chunk

        build(source, "survived", run=killing, progress=False, batch=4, measured_cells=False)
    build(source, "without", workers=1, progress=False, batch=4, measured_cells=False)
    assert made == 15
    files = {name: Index.open(name).manifest.files for name in ("here", "there", "survived", "without")}
    assert files["here"] == files["there"]
    assert files["survived"] == files["without"]


def test_a_cluster_that_is_not_there_is_told_in_one_line(
    small_parquet: Path, xsearch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xsearch.builders.cluster.CONNECT_S", 1)
    began = time.monotonic()
    with (
        pytest.raises(BuildError, match=r"No Dask scheduler answers at tcp://127.0.0.1:9") as error,
        running_on("tcp://127.0.0.1:9") as run,
    ):
        build_parquet(small_parquet, "none", run=run, progress=False)
    assert "\n" not in str(error.value)
    assert time.monotonic() - began < 20


def test_a_scheduler_without_workers_is_told(small_parquet: Path, xsearch_home: Path) -> None:
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, dashboard_address=":0", processes=False) as empty,
        running_on(empty.scheduler_address) as run,
        pytest.raises(BuildError, match="has no worker"),
    ):
        build_parquet(small_parquet, "none", run=run, measured_cells=False, progress=False)
