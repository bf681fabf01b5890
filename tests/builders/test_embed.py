"""Vectors beside an index."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.prototypes import Measure, measured, prototypes, without_vectors  # noqa: F401
from xsearch.builders.embed import embed, row_vectors
from xsearch.errors import BrokenIndex, QueryError, XSearchError
from xsearch.indexes import Index
from xsearch.indexes.bundle import export, import_
from xsearch.indexes.library import rollback
from xsearch.models.powder_net import Config, PowderNet
from xsearch.models.powder_vectors import vectors_from
from xsearch.search import open_index
from xsearch.search.nearest_neighbours import VectorSearch


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    net = PowderNet(Config(stem=8, middle=12, wide=16, trunk=24, embedding=10))
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


@pytest.fixture
def own(without_vectors: Path, xsearch_home: Path) -> str:  # noqa: F811
    """A copy of the prototypes' index without vectors under this test's home."""
    shutil.copytree(without_vectors, xsearch_home / "indexes" / "own")
    return "own"


def test_vectors_are_published_with_everything_else_as_it_was(own: str, weights: Path) -> None:
    before = Index.open(own)
    assert before.embedding is None
    assert before.encoder is None
    version = embed(own, weights)
    after = Index.open(own)
    after.verify()
    assert after.version == version != before.version
    assert after.encoder == vectors_from(weights).identity
    assert after.embedding is not None
    assert np.array_equal(after.embedding.array, row_vectors(before, vectors_from(weights)))
    lengths = np.linalg.norm(after.embedding.array.astype(np.float32), axis=1)
    has_lines = np.diff(after.reflection_arrays.offsets) > 0
    assert lengths[has_lines] == pytest.approx(np.ones(has_lines.sum()), abs=2e-3)
    assert after.catalog.equals(before.catalog)
    assert embed(own, weights) == version  # nothing to do
    Index.open(own).verify()
    assert rollback(own) == before.version
    before.verify()


def test_faiss_finds_what_an_exact_scan_finds(own: str, weights: Path) -> None:
    embed(own, weights)
    stored = Index.open(own).embedding
    assert stored is not None
    query = stored.array[7:8].astype(np.float32)
    cosine, rows = stored.faiss.search(query, 12)
    exact = (stored.array.astype(np.float32) @ query[0])[rows[0]]
    assert cosine[0] == pytest.approx(exact, abs=1e-3)
    assert np.sort(stored.array.astype(np.float32) @ query[0])[-12] == pytest.approx(cosine[0, -1], abs=1e-3)


@pytest.mark.parametrize("count", [1, 12, 500])
def test_faiss_searches_only_the_rows_that_are_allowed(own: str, weights: Path, count: int) -> None:
    embed(own, weights)
    stored = Index.open(own).embedding
    assert stored is not None
    allowed = np.arange(3, 250, 4)
    query = stored.array[7].astype(np.float32)
    cosines = stored.array[allowed].astype(np.float32) @ query
    expected = np.sort(allowed[np.argsort(-cosines, kind="stable")[:count]])
    assert np.array_equal(stored.nearest_rows(query, count, allowed), expected)
    assert len(stored.nearest_rows(query, count)) == min(count, len(stored.array))


@pytest.mark.parametrize("backend", ["hnsw", "ivf"])
def test_a_shortcut_is_stored_checked_and_searched(own: str, weights: Path, backend: str) -> None:
    exact = embed(own, weights)
    version = embed(own, weights, backend)
    assert embed(own, weights, backend) == version != exact  # the second time there is nothing to do
    index = Index.open(own)
    index.verify()
    assert index.info()["vector_backend"] == backend
    assert index.embedding is not None
    vectors = index.embedding.array.astype(np.float32)
    rows = np.flatnonzero(np.diff(index.reflection_arrays.offsets) > 0)[20:]
    shortcut = VectorSearch(index, vectors_from(weights))
    assert index.embedding.shortcut is not None
    found = shortcut._nearest_rows(vectors[40], rows, 20)
    assert len(found) == 20
    assert np.isin(found, rows).all()
    best = rows[np.argsort(-(vectors[rows] @ vectors[40]))[:20]]
    assert np.isin(best, found).mean() >= 0.9
    path = index.folder / "embedding_shortcut.faiss"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BrokenIndex, match=r"embedding_shortcut\.faiss"):
        Index.open(own)


def test_going_back_to_an_exact_scan_leaves_the_shortcut_out(own: str, weights: Path) -> None:
    embed(own, weights, "hnsw")
    embed(own, weights, "exact")
    index = Index.open(own)
    assert index.embedding is not None
    assert index.embedding.shortcut is None
    assert not (index.folder / "embedding_shortcut.faiss").exists()
    assert index.info()["vector_backend"] == "exact"


def test_a_bundle_carries_the_vectors(own: str, weights: Path, tmp_path: Path) -> None:
    embed(own, weights)
    import_(export(own, tmp_path / "own.xsi"), "other")
    assert Index.open("other").encoder == vectors_from(weights).identity


def test_vectors_of_other_weights_are_not_searched(own: str, weights: Path, measured: Measure) -> None:  # noqa: F811
    embed(own, weights)
    opened = open_index(own)
    assert not opened.has_vectors
    assert opened.search(measured(20)).options["ranking"] == "physics"
    with pytest.raises(QueryError, match=r"`fused` needs; `xsearch build embed own` makes them"):
        opened.search(measured(20), ranking="fused")


def test_without_vectors_it_is_said_how_to_make_them(own: str) -> None:
    with pytest.raises(XSearchError, match="`xsearch build embed own` makes them"):
        VectorSearch(Index.open(own))
