"""Search by edges: element logic, several edges, references, and a pattern beside them."""

import numpy as np
import pytest

from xsearch.chemistry.element_query import ElementQuery
from xsearch.errors import QueryError
from xsearch.indexes.xanes_table import XanesTable
from xsearch.preprocess.xanes import normalize, window
from xsearch.search.edges import search_edges
from xsearch.spectra.xanes import Xanes

EDGES_eV = {"Fe": 7112.0, "Ti": 4966.0}


def spectrum(seed: int, absorber: str = "Fe") -> Xanes:
    """An edge whose peaks depend on the seed alone."""
    chance = np.random.default_rng(seed)
    energy = np.arange(EDGES_eV[absorber] - 50, EDGES_eV[absorber] + 150, 0.25)
    x = energy - EDGES_eV[absorber] - 8
    mu = 0.5 + np.arctan(x / 1.5) / np.pi
    for _ in range(5):
        mu += chance.uniform(-0.25, 0.5) * np.exp(-(((x - chance.uniform(2, 35)) / chance.uniform(1.5, 5)) ** 2))
    return Xanes(energy, mu, absorber, "K")


def table(absorber: str, seeds: list[int], entries: list[tuple[str, str]], kind: str = "simulated") -> XanesTable:
    """Spectra of given seeds for (material id, formula) entries; elements are read off the formula's capitals."""
    windows = [window(normalize(spectrum(seed, absorber))) for seed in seeds]
    n = len(windows)
    texts = {"level": "material", "code": "FEFF9", "source": "test", "licence": "CC0", "kind": kind}
    split = {"FeTiO3": "Fe Ti O", "Fe2O3": "Fe O", "FeS": "Fe S", "Fe2TiO4": "Fe Ti O"}
    return XanesTable(
        absorber=absorber,
        edge="K",
        values=np.stack([w.values for w in windows]),
        known=np.stack([w.known for w in windows]),
        offset_eV=np.array([w.offset_eV for w in windows], np.float32),
        elements=tuple(frozenset(split[f].split()) for _, f in entries),
        spectrum_id=np.array([f"{absorber}-{i}" for i in range(n)], object),
        material_id=np.array([m for m, _ in entries], object),
        reduced_formula=np.array([f for _, f in entries], object),
        is_theoretical=np.zeros(n, np.float32),
        energy_above_hull_eV=np.zeros(n, np.float32),
        **{name: np.full(n, text, object) for name, text in texts.items()},
    )


ENTRIES = [("m1", "FeTiO3"), ("m2", "Fe2O3"), ("m3", "FeS"), ("m4", "Fe2TiO4")]


@pytest.fixture(scope="module")
def library() -> dict[tuple[str, str], XanesTable]:
    iron = table("Fe", [1, 2, 3, 1], ENTRIES)  # m1 and m4 cannot be told apart by iron
    titanium = table("Ti", [11, 12], [ENTRIES[0], ENTRIES[3]])
    return {("Fe", "K"): iron, ("Ti", "K"): titanium}


def test_edge_finds_its_material(library) -> None:
    hits = search_edges([spectrum(2)], library)
    assert (hits[0].material_id, hits[0].reduced_formula) == ("m2", "Fe2O3")
    assert hits[0].probability > 0.9
    assert hits[0].edges[0].correlation > 0.99
    assert sum(h.probability for h in hits) == pytest.approx(1)


def test_second_edge_decides_between_twins(library) -> None:
    alone = search_edges([spectrum(1)], library)
    assert alone[0].probability == pytest.approx(alone[1].probability, rel=0.2)
    both = search_edges([spectrum(1), spectrum(12, "Ti")], library)
    assert both[0].material_id == "m4"
    assert {e.edge for e in both[0].edges} == {"Fe K", "Ti K"}


def test_pattern_decides_between_twins(library) -> None:
    hits = search_edges([spectrum(1)], library, pxrd={"m1": 9.0, "m4": 1.0})
    assert hits[0].material_id == "m1"
    assert hits[0].evidence["pxrd"] is not None


def test_element_conditions_hold(library) -> None:
    hits = search_edges([spectrum(1)], library, ElementQuery.parse(exclude="Ti"))
    assert {h.material_id for h in hits} == {"m2", "m3"}
    with pytest.raises(QueryError, match="loosen the element conditions"):
        search_edges([spectrum(1)], library, ElementQuery.parse(must="Mo"))


def test_measured_reference_without_an_entry_is_named_by_its_formula() -> None:
    hits = search_edges([spectrum(3)], {("Fe", "K"): table("Fe", [2, 3], [("", "Fe2O3"), ("", "FeS")], "measured")})
    assert (hits[0].material_id, hits[0].reduced_formula) == ("", "FeS")
    assert hits[0].edges[0].kind == "measured"
    assert hits[0].to_dict()["edges"][0]["edge"] == "Fe K"


def test_edge_that_the_library_lacks_is_said_with_what_it_has(library) -> None:
    energy = spectrum(1).energy_eV + 8979 - 7112
    with pytest.raises(QueryError, match="no Cu K spectra; it has Fe K, Ti K"):
        search_edges([Xanes(energy, spectrum(1).mu, "Cu", "K")], library)
