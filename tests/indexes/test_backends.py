"""Graphs and lists against a look at all vectors."""

from pathlib import Path

import numpy as np
import pytest
import torch

from xsearch.errors import BrokenIndex, BuildError
from xsearch.indexes.backends import Shortcut, backend_for, write_shortcut
from xsearch.indexes.scan import Scan, device_for
from xsearch.indexes.settings import NEIGHBOURS
from xsearch.indexes.vectors import Profiles, write_vectors
from xsearch.options import Backend

ROWS, DIMENSIONS, NEAREST = 6000, 24, 30
SHORTCUTS = [Backend.HNSW, Backend.IVF]


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Unit vectors in clouds, as crystals of one structure type are, and a few rows of zeros."""
    random = np.random.default_rng(3)
    found = random.normal(size=(150, 1, DIMENSIONS)) + 0.4 * random.normal(size=(150, ROWS // 150, DIMENSIONS))
    found = found.reshape(ROWS, DIMENSIONS)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    found[::500] = 0
    return found.astype(np.float16)


@pytest.fixture(scope="module")
def queries(vectors: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(4)
    found = vectors[1:1001:20].astype(np.float32) + 0.05 * random.normal(size=(50, DIMENSIONS)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def stored(vectors: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Profiles:
    path = tmp_path_factory.mktemp("vectors") / "embedding.faiss"
    write_vectors(vectors, path)
    return Profiles(path, ROWS, DIMENSIONS)


def nearest(vectors: np.ndarray, query: np.ndarray, allowed: np.ndarray) -> set[int]:
    """The slow, obvious way."""
    cosine = vectors[allowed].astype(np.float32) @ query
    return set(allowed[np.argsort(-cosine)[:NEAREST]].tolist())


@pytest.mark.parametrize("backend", SHORTCUTS)
@pytest.mark.parametrize("share", [1.0, 0.3])
def test_a_shortcut_leads_to_what_a_look_at_all_vectors_finds(
    backend: Backend, share: float, vectors: np.ndarray, queries: np.ndarray, stored: Profiles, tmp_path: Path
) -> None:
    write_shortcut(vectors, backend, tmp_path / "shortcut")
    shortcut = Shortcut(tmp_path / "shortcut", backend, stored.faiss)
    allowed = np.flatnonzero(np.random.default_rng(5).random(ROWS) < share)
    found = 0
    for query in queries:
        rows = shortcut.nearest_rows(query, NEAREST, None if share == 1 else allowed)
        assert np.array_equal(rows, np.unique(rows))
        assert np.isin(rows, allowed).all()
        found += len(nearest(vectors, query, allowed) & set(rows.tolist()))
    assert found >= 0.97 * NEAREST * len(queries)  # of random rows it would be one in two hundred


@pytest.mark.parametrize("backend", SHORTCUTS)
def test_the_same_vectors_give_the_same_file(backend: Backend, vectors: np.ndarray, tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_shortcut(vectors, backend, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_graph_does_not_store_the_vectors_again(vectors: np.ndarray, tmp_path: Path) -> None:
    write_shortcut(vectors, Backend.HNSW, tmp_path / "graph")
    content = (tmp_path / "graph").read_bytes()
    assert vectors[17].tobytes() not in content
    write_vectors(vectors, tmp_path / "vectors")
    assert vectors[17].tobytes() in (tmp_path / "vectors").read_bytes()


@pytest.mark.parametrize("backend", SHORTCUTS)
def test_a_shortcut_of_other_vectors_is_refused(
    backend: Backend, vectors: np.ndarray, stored: Profiles, tmp_path: Path
) -> None:
    write_shortcut(vectors[:-1], backend, tmp_path / "shortcut")
    with pytest.raises(BrokenIndex, match=r"6,000 vectors expected, 5,999 found"):
        Shortcut(tmp_path / "shortcut", backend, stored.faiss)
    (tmp_path / "shortcut").write_bytes(b"nonsense" * 100)
    with pytest.raises(BrokenIndex, match="FAISS cannot read it"):
        Shortcut(tmp_path / "shortcut", backend, stored.faiss)


def test_too_few_rows_for_lists_are_said_to_be_so(vectors: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="39 rows are too few for lists"):
        write_shortcut(vectors[:39], Backend.IVF, tmp_path / "shortcut")


def test_the_size_chooses() -> None:
    assert backend_for(NEIGHBOURS.approximate_from - 1) is Backend.EXACT
    assert backend_for(NEIGHBOURS.approximate_from) is Backend.IVF
    assert device_for(NEIGHBOURS.gpu_from - 1) == "cpu"
    assert device_for(NEIGHBOURS.gpu_from) == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    "device",
    [
        torch.device("cpu").type + ":0",  # through torch all the same
        pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")),
    ],
)
def test_torch_scans_as_numpy_does(device: str, vectors: np.ndarray, queries: np.ndarray) -> None:
    plain, other = Scan(vectors, "cpu"), Scan(vectors, device)
    rows = np.arange(5, ROWS, 7)
    assert plain.cosines(queries[0]) == pytest.approx(vectors.astype(np.float64) @ queries[0], abs=1e-6)
    assert other.cosines(queries[0]) == pytest.approx(plain.cosines(queries[0]), abs=1e-6)
    assert other.cosines(queries[1], rows) == pytest.approx(plain.cosines(queries[1])[rows], abs=1e-6)
