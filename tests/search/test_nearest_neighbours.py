"""Searches with the network's vectors."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.errors import QueryError
from xsearch.models import powder_vectors
from xsearch.models.powder_encoder import WEIGHTS_FILE
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex, open_index
from xsearch.search.settings import DEFAULTS
from xsearch.spectra import Xanes

pytestmark = pytest.mark.skipif(not WEIGHTS_FILE.is_file(), reason="no weights come with this copy")


@pytest.fixture(scope="module")
def embedded(prototypes: SearchIndex) -> SearchIndex:
    """A build as it is."""
    return prototypes


def test_vectors_recall_disturbed_patterns(embedded: SearchIndex, measured: Measure) -> None:
    rows = np.arange(len(embedded))
    found = 0
    for row in range(5, 205, 10):
        nearest = embedded.nearest_neighbours(net_pattern(measured(row, strain=-0.008, zero_deg=0.03)), rows, 15)
        assert len(nearest.places) == len(nearest.evidence) == 15
        found += row in nearest.places
    assert found >= 14  # of 20, among 288; chance would find one


def test_both_kinds_of_recall_are_matched_and_physics_ranks(embedded: SearchIndex, measured: Measure) -> None:
    pattern = measured(20, strain=0.004)
    fused, physics = embedded.search(pattern), embedded.search(pattern, ranking="physics")
    assert fused.options["ranking"] == "fused"
    assert fused.hits[0].material_id == physics.hits[0].material_id
    assert fused.hits[0].evidence.correlation == physics.hits[0].evidence.correlation


def test_the_learned_ranking_goes_by_vectors_alone(embedded: SearchIndex, measured: Measure) -> None:
    pattern, index = measured(20), embedded.index
    result = embedded.search(pattern, ranking="learned", fold=False, top=5)
    nearest = embedded.nearest_neighbours(net_pattern(pattern), np.arange(len(index)), 5)
    best = index.materials(nearest.places[np.argsort(-nearest.evidence, kind="stable")])
    assert [hit.material_id for hit in result.hits] == [material.material_id for material in best]


def test_conditions_on_elements_hold_for_vectors_too(embedded: SearchIndex, measured: Measure) -> None:
    row = 20
    elements = embedded.index.material(row).elements
    result = embedded.search(measured(row), only=list(elements), ranking="learned")
    assert all(set(hit.material.elements) <= set(elements) for hit in result.hits)


def test_vectors_alone_do_not_rank_edges(embedded: SearchIndex, measured: Measure) -> None:
    energy = np.arange(7060.0, 7260.0, 0.5)
    edge = Xanes(energy, 0.5 + np.arctan((energy - 7120) / 1.5) / np.pi, "Fe", "K")
    with pytest.raises(QueryError, match="leave it out with edges"):
        embedded.search(measured(20), xanes=edge, ranking="learned")


def test_an_index_without_vectors_says_how_to_make_them(without_vectors: Path, measured: Measure) -> None:
    plain = open_index(without_vectors)
    assert plain.search(measured(3)).options["ranking"] == "physics"
    assert "vectors" not in plain.search(measured(3)).timings_ms
    with pytest.raises(QueryError, match=r"ranking `learned` needs; `xsearch build embed plain` makes them"):
        plain.search(measured(3), ranking="learned")
    with pytest.raises(QueryError, match="Unknown ranking 'magic'"):
        plain.search(measured(3), ranking="magic")


def test_a_search_says_how_long_the_vectors_took_and_an_index_how_they_are_searched(
    embedded: SearchIndex, measured: Measure
) -> None:
    assert embedded.search(measured(3)).timings_ms["vectors"] > 0
    info = embedded.index.info()
    assert (info["vector_backend"], info["vectors_searched_by"], info["vectors_searched_on"]) == (
        "exact", "FAISS", "cpu",
    )  # fmt: skip


def test_faiss_finds_the_rows_that_all_cosines_find(embedded: SearchIndex, measured: Measure) -> None:
    assert embedded.index.embedding is not None
    stored = embedded.index.embedding.array.astype(np.float32)
    rows = np.arange(0, len(embedded), 3)
    for row in (4, 40, 140):
        net = net_pattern(measured(row))
        vector = powder_vectors.load().of_pattern(net)
        expected = set(rows[np.argsort(-(stored[rows] @ vector))[:12]].tolist())
        found = embedded.nearest_neighbours(net, rows, 12)
        assert set(rows[found.places].tolist()) == expected
        assert found.evidence == pytest.approx(stored[rows[found.places]] @ vector / DEFAULTS.vectors.temperature)


def test_the_network_answers_without_torch(embedded: SearchIndex) -> None:
    ask = (
        "import sys, xsearch; from pathlib import Path; "
        "index = xsearch.open_index(Path(sys.argv[1])); "
        "print(index.search(xsearch.read(sys.argv[2])).options['ranking'], 'torch' in sys.modules)"
    )
    pattern = Path(__file__).parents[2] / "examples" / "spectra" / "rutile.xy"
    command = [sys.executable, "-c", ask, str(embedded.index.folder.parents[1]), str(pattern)]
    answer = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert answer.stdout.split() == ["fused", "False"]
