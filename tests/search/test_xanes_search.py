"""Searching by XANES, alone and beside a powder pattern, in a real index."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.once import made_once
from tests.prototypes import Measure
from xsearch import report
from xsearch.builders.add import add_entries
from xsearch.errors import QueryError
from xsearch.search import SearchIndex, open_index
from xsearch.spectra.xanes import Xanes

EDGES_eV = {"Fe": 7112.0, "Ti": 4966.0}
RUTILE, ANATASE, BROOKITE, ILMENITE, PYRITE, MARCASITE = 112, 64, 156, 31, 194, 10
"""Rows of the AFLOW index."""

COMPUTED = {("Ti", RUTILE): 1, ("Ti", ANATASE): 2, ("Ti", ILMENITE): 3, ("Fe", ILMENITE): 4, ("Fe", PYRITE): 5}
"""Which spectrum, by the seed of its peaks, was computed for which row; marcasite and brookite have none."""


def curve(seed: int, absorber: str = "Fe", shift_eV: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """An edge whose peaks depend on the seed alone."""
    chance = np.random.default_rng(seed)
    energy = np.arange(EDGES_eV[absorber] - 50, EDGES_eV[absorber] + 150, 0.25)
    x = energy - EDGES_eV[absorber] - 8 - shift_eV
    mu = 0.5 + np.arctan(x / 1.5) / np.pi
    for _ in range(5):
        mu += chance.uniform(-0.25, 0.5) * np.exp(-(((x - chance.uniform(2, 35)) / chance.uniform(1.5, 5)) ** 2))
    return energy, mu


def spectrum(seed: int, absorber: str = "Fe", shift_eV: float = 0.0, noise: float = 0.003) -> Xanes:
    energy, mu = curve(seed, absorber, shift_eV)
    return Xanes(energy, mu + np.random.default_rng(99).normal(0, noise, len(mu)), absorber, "K", f"{absorber}.xdi")


@pytest.fixture(scope="module")
def library(prototypes: SearchIndex, tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    """The AFLOW crystals with computed spectra of some, and measured references of FeS2 and of a compound unknown."""
    home = made_once(tmp_path_factory, "with_spectra", lambda folder: _add_spectra(folder, prototypes))
    return open_index(home / "indexes" / "aflow")


def _add_spectra(home: Path, prototypes: SearchIndex) -> None:
    shutil.copytree(prototypes.index.folder.parents[2], home / "indexes")
    rows: list[dict[str, Any]] = []
    for (absorber, row), seed in COMPUTED.items():
        energy, mu = curve(seed, absorber)
        entry = prototypes.index.material(row)
        rows.append(
            {
                "material_id": entry.material_id,
                "absorber": absorber,
                "edge": "K",
                "code": "FEFF9",
                "energy": energy,
                "mu": mu,
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), home / "computed.parquet")
    measured = [
        {
            "id": name,
            "element": "Fe",
            "edge": "K",
            "formula": formula,
            "energy": curve(seed)[0],
            "mu_raw": curve(seed)[1],
        }
        for name, formula, seed in (("ref-1", "FeS2", 6), ("ref-2", "Fe4Si3", 7))
    ]
    pq.write_table(pa.Table.from_pylist(measured), home / "measured.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSEARCH_HOME", str(home))
        add_entries("aflow", xanes=[home / "computed.parquet", home / "measured.parquet"], progress=False)


def formulas(result: Any) -> list[str]:
    return [hit.formula for hit in result.hits]


def test_an_edge_finds_its_crystal_and_says_why(library: SearchIndex, tmp_path: Path) -> None:
    result = library.search(xanes=spectrum(1, "Ti", shift_eV=-2.0))
    best = result.hits[0]
    assert best.material_id == library.index.material(RUTILE).material_id
    assert (result.verdict, best.structure.composition.reduced_formula) == ("match", "TiO2")
    (match,) = best.edges
    assert (match.edge, match.kind, match.code) == ("Ti K", "simulated", "FEFF9")
    assert match.correlation > 0.97
    assert match.shift_eV == pytest.approx(-2.0, abs=0.3)
    assert {"Ti K", "prior"} <= best.evidence.terms().keys()
    assert any("E0" in line and "Ti K" in line for line in result.notes)
    record = report.to_dict(result)
    assert record["question"]["pattern"] is None
    assert record["settings"]["xas"]["matching"]
    assert record["hits"][0]["edges"][0]["spectrum_id"] == match.spectrum_id
    assert record["hits"][0]["reflections"] is None
    assert len(report.write_cifs(result, tmp_path, top=1)) == 1
    report.plot(result, tmp_path / "p.svg")
    page = report.write_html(result, tmp_path / "p.html").read_text(encoding="utf-8")
    assert "Ti K" in page
    assert "nan" not in page
    assert report.to_dataframe(result)["shift_eV Ti K"][0] == match.shift_eV


def test_what_was_compared_and_what_was_not_is_said(library: SearchIndex) -> None:
    alone = library.search(xanes=spectrum(4), only="Fe,Ti,O")
    assert (formulas(alone), alone.verdict) == (["TiFeO3"], "tentative")
    assert alone.hits[0].score > 0.5
    assert any("compared with 1 simulated spectra" in line for line in alone.notes)
    assert any(line.startswith("Only 1 compound that meets") for line in alone.notes)
    titanium = library.search(xanes=spectrum(1, "Ti"))
    (lacking,) = [line for line in titanium.notes if "have no Ti K spectrum to compare" in line]
    named = lacking.partition("all those of ")[2].partition(" and ")[0].partition(" among ")[0].split(", ")
    materials = library.index.materials(range(len(library.index)))
    with_titanium = {m.reduced_formula for m in materials if "Ti" in m.crystal.elements}
    assert set(named) <= with_titanium - {"TiO2", "TiFeO3"}
    assert lacking.endswith("xsearch build computed aflow --absorbers Ti.")


def test_a_spectrum_may_be_given_in_place_of_the_pattern(library: SearchIndex) -> None:
    assert formulas(library.search(spectrum(4)))[0] == "TiFeO3"


def test_a_reference_speaks_for_the_entries_of_its_formula(library: SearchIndex) -> None:
    result = library.search(xanes=spectrum(6))
    assert {hit.formula for hit in result.hits[:2]} == {"FeS2"}
    assert result.hits[0].edges[0].kind == "measured"
    assert any("A measured reference of FeS2" in line for line in result.notes)


def test_a_reference_without_an_entry_is_a_hit_without_a_structure(library: SearchIndex, tmp_path: Path) -> None:
    result = library.search(xanes=spectrum(7))
    best = result.hits[0]
    assert (best.formula, best.material_id) == ("Fe4Si3", "ref-2")
    with pytest.raises(QueryError, match="its structure is not in the index"):
        _ = best.structure
    assert not [path for path in report.write_cifs(result, tmp_path) if "ref-2" in path.name]
    assert report.to_dict(result)["hits"][0]["material"]["crystal"] is None
    report.plot(result, tmp_path / "p.png")
    assert formulas(library.search(xanes=spectrum(7), leave_out_spectra=["ref-2"]))[0] != "Fe4Si3"


def test_two_edges_are_one_answer(library: SearchIndex) -> None:
    result = library.search(xanes=[spectrum(4), spectrum(3, "Ti")])
    assert formulas(result)[0] == "TiFeO3"
    assert {match.edge for match in result.hits[0].edges} == {"Fe K", "Ti K"}
    assert all({"Fe", "Ti"} <= set(hit.material.elements) for hit in result.hits)


def test_the_absorber_is_in_every_hit_and_conditions_hold(library: SearchIndex) -> None:
    result = library.search(xanes=spectrum(4), exclude="Ti")
    assert all("Fe" in hit.material.elements and "Ti" not in hit.material.elements for hit in result.hits)
    with pytest.raises(QueryError, match="Fe absorbs in the given spectra"):
        library.search(xanes=spectrum(4), only="Ti O")
    with pytest.raises(QueryError, match="no Fe K spectrum with"):
        library.search(xanes=spectrum(4), exactly="Fe Mo")


def test_rows_that_are_left_out_are_not_found(library: SearchIndex) -> None:
    ids = {hit.material_id for hit in library.search(xanes=spectrum(1, "Ti"), leave_out_rows=[RUTILE]).hits}
    assert library.index.material(RUTILE).material_id not in ids
    assert ids


def test_what_cannot_be_searched_is_refused_in_one_line(library: SearchIndex, prototypes: SearchIndex) -> None:
    with pytest.raises(QueryError, match="Fe K edge was given 2 times"):
        library.search(xanes=[spectrum(4), spectrum(5)])
    with pytest.raises(QueryError, match="no spectra at all"):
        prototypes.search(xanes=spectrum(4))


def test_a_pattern_and_an_edge_decide_together(library: SearchIndex, measured: Measure, tmp_path: Path) -> None:
    """The edge cannot tell pyrite from marcasite, of which there is no spectrum; the pattern can."""
    pattern = measured(MARCASITE, strain=-0.004, counts=3000)
    alone = library.search(pattern)
    result = library.search(pattern, spectrum(6), top=5)
    best = result.hits[0]
    assert best.material_id == library.index.material(MARCASITE).material_id
    assert {"correlation", "strain", "Fe K"} <= best.evidence.terms().keys()
    assert best.fitted.strain == pytest.approx(alone.hits[0].fitted.strain, abs=1e-3)
    assert best.edges[0].kind == "measured"
    assert all("Fe" in hit.material.elements for hit in result.hits)
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)
    assert result.source == "made, Fe.xdi"
    report.plot(result, tmp_path / "p.png")
    assert "strain" in report.write_html(result, tmp_path / "p.html").read_text(encoding="utf-8")
    report.table(result)


def test_a_powder_search_is_what_it_was(library: SearchIndex, prototypes: SearchIndex, measured: Measure) -> None:
    pattern = measured(RUTILE, strain=0.003)
    one, two = library.search(pattern), prototypes.search(pattern)
    assert [(h.material_id, h.score) for h in one.hits] == [(h.material_id, h.score) for h in two.hits]
