"""Learned vectors of near edges in an index, and what they recall."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.indexes.samples import chunk
from tests.indexes.test_spectra import build, spectrum
from xsearch.indexes import Index
from xsearch.indexes.spectra import SpectraChunk, edge_rows
from xsearch.models import xanes_encoder
from xsearch.preprocess.xanes import normalize, window
from xsearch.xas.evidence import match_recalled, recalled_by_vectors, weigh_edge
from xsearch.xas.library import EdgeLibraries, EdgeLibrary
from xsearch.xas.matching import match
from xsearch.xas.settings import DEFAULTS

pytestmark = pytest.mark.skipif(xanes_encoder.load() is None, reason="the encoder's weights are missing")


@pytest.fixture
def index(tmp_path: Path) -> Index:
    name = next(iter(chunk(0).entries())).material.material_id
    return build(tmp_path / "a", [SpectraChunk.from_spectra([spectrum(n, name, level="site") for n in range(24)])])


@pytest.fixture
def iron(index: Index) -> EdgeLibrary:
    return EdgeLibraries(index).of("Fe", "K")


def test_a_build_makes_vectors_of_its_edges(index: Index) -> None:
    vectors = index.xanes_vectors
    assert vectors is not None
    assert vectors.array.shape == (24, 64)
    assert np.allclose(np.linalg.norm(vectors.array.astype(np.float32), axis=1), 1, atol=2e-3)
    assert vectors.faiss.ntotal == 24


def test_a_stored_edge_is_its_own_nearest_neighbour_among_its_edge(index: Index) -> None:
    vectors, rows = index.xanes_vectors, edge_rows(index.spectra_table, "Cu", "K")
    assert vectors is not None
    cut = window(normalize(spectrum(5).to_xanes()))
    nearest = vectors.nearest(encoded(cut.values[None], cut.known[None], "Cu")[0], rows, 3)
    assert nearest[0] == 5
    assert set(nearest.tolist()) <= set(rows.tolist())


def encoded(values: NDArray[np.float32], known: NDArray[np.bool_], absorber: str) -> NDArray[np.float32]:
    encoder = xanes_encoder.load()
    assert encoder is not None
    return encoder.vectors(values, known, absorber, "K")


def test_small_libraries_are_matched_as_a_whole(iron: EdgeLibrary) -> None:
    cut = window(normalize(spectrum(4).to_xanes()))
    assert recalled_by_vectors(cut, iron).all()


def test_large_libraries_are_matched_where_vectors_are_near(iron: EdgeLibrary) -> None:
    cut = window(normalize(spectrum(4).to_xanes()))
    recalled = recalled_by_vectors(cut, iron, replace(DEFAULTS.recall, all_below=5, nearest=4))
    assert recalled.sum() == 4
    found, whole = match_recalled(cut, iron, recalled), match(cut, iron.spectra)
    assert found.score.argmax() == whole.score.argmax()
    assert np.allclose(found.score[recalled], whole.score[recalled], atol=1e-5)
    assert (found.score[~recalled] == found.score[recalled].min()).all()


def test_the_first_answer_does_not_depend_on_recall(iron: EdgeLibrary) -> None:
    given = normalize(spectrum(4).to_xanes())
    few = replace(DEFAULTS, recall=replace(DEFAULTS.recall, all_below=5, nearest=4))
    for settings in (DEFAULTS, few):
        evidence = weigh_edge(given, iron, settings)
        assert iron.spectra.spectrum_id[evidence.matches.score.argmax()] == "s-4"
        assert len(evidence.of_row) == 1
