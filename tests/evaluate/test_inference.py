"""The evaluation of inference, on a table of structures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.crystals import perovskite, rock_salt, template_library
from tests.search.test_xanes_search import ILMENITE, MARCASITE, curve
from tests.search.test_xanes_search import library as with_spectra  # noqa: F401
from xsearch.chemistry.crystal import Crystal, cell_parameters
from xsearch.data.compounds import read_compounds
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.errors import SpectrumError
from xsearch.evaluate.inference import computed_edges, evaluate, figures, outcomes_of, refused, sets_of
from xsearch.infer.template_library import TemplateLibrary
from xsearch.search import SearchIndex
from xsearch.spectra import Xanes

CRYSTALS = [
    rock_salt("Na", "Cl", 5.64), rock_salt("K", "Cl", 6.29), rock_salt("K", "Br", 6.60), rock_salt("Mg", "O", 4.21),
    rock_salt("Ca", "O", 4.81), perovskite("Sr", "Ti", 3.905), perovskite("Ba", "Ti", 4.0),
    perovskite("Ba", "Zr", 4.19),
]  # fmt: skip


@pytest.fixture(scope="module")
def library() -> TemplateLibrary:
    return template_library(CRYSTALS)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three compounds: two of types that the library has, one of a type that it has not."""
    places = [[0, 0, 0], [0.5, 0.5, 0.31], [0, 0.5, 0.62], [0.5, 0, 0.17], [0.5, 0.5, 0.79]]
    alone = Crystal.ordered(np.diag([3.0, 3.4, 7.1]), np.array(places), ["Li", "Li", "Li", "N", "N"])
    rows = []
    for name, crystal, system in [
        ("x-1", rock_salt("Na", "Br", 5.97), "cubic"),
        ("x-2", perovskite("Sr", "Zr", 4.15), "cubic"),
        ("x-3", alone, "orthorhombic"),
    ]:
        parameters = dict(
            zip(("a", "b", "c", "alpha", "beta", "gamma"), cell_parameters(crystal.lattice_A), strict=True)
        )
        rows.append(
            {
                "material_id": name,
                "species": list(crystal.elements),
                "frac_coords": crystal.frac_coords.ravel().tolist(),
                "crystal_system": system,
                **parameters,
            }
        )
    path = tmp_path_factory.mktemp("compounds") / "compounds.parquet"
    pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.fixture(scope="module")
def report(table: Path, library: TemplateLibrary) -> dict[str, Any]:
    """Of all three; its log lies beside the table."""
    return evaluate(table, library=library, log=table.with_name("log.jsonl"))


def test_figures_count_what_was_found_and_what_could_be(report):
    assert report["n"] == 3
    assert report["template_exists"] == pytest.approx(2 / 3, abs=1e-3)
    lines = {line["material_id"]: line for line in report["compounds"]}
    assert lines["x-1"]["right"]
    assert lines["x-2"]["right"]
    assert not lines["x-3"]["right"]
    assert report["structure_top1"] == 1.0
    assert report["formula_system_top1"] == pytest.approx(2 / 3, abs=1e-3)
    assert report["seconds_p95"] > 0


def test_the_first_candidate_counts_whatever_the_verdict_and_accepted_ones_apart(table, library):
    (right,) = outcomes_of([one for one in read_compounds(table) if one.formula == "NaBr"], library)
    report = figures([right, replace(right, verdict="no confident match"), replace(right, formula_right=False)])
    assert report["formula_system_top1"] == pytest.approx(2 / 3, abs=1e-3)
    assert report["refused"] == pytest.approx(1 / 3, abs=1e-3)
    assert report["formula_system_top1_accepted"] == 0.5


def test_entries_of_the_formula_asked_for_are_not_used(table, library, tmp_path):
    rows = pd.read_parquet(table).iloc[[0]].copy()
    rows["species"] = [["Na", "Cl"]]
    rows.to_parquet(tmp_path / "known.parquet")
    report = evaluate(tmp_path / "known.parquet", library=library)
    assert report["template_exists"] == 1.0
    assert report["compounds"][0]["right"]


def test_a_limit_is_shared_among_numbers_of_elements(table):
    assert [c.formula for c in read_compounds(table, limit=2)] in (["NaBr", "SrZrO3"], ["Li3N2", "SrZrO3"])


def test_some_materials_of_a_table_are_read(table):
    every = read_compounds(table)
    (one,) = read_compounds(table, material_ids={every[1].material_id, "mp-0"})
    assert one.formula == every[1].formula


def test_a_table_without_structures_is_refused(tmp_path):
    pd.DataFrame({"material_id": ["a"]}).to_parquet(tmp_path / "bad.parquet")
    with pytest.raises(SpectrumError, match="columns"):
        read_compounds(tmp_path / "bad.parquet")
    with pytest.raises(SpectrumError, match="no such file"):
        read_compounds(tmp_path / "none.parquet")


def test_the_same_seed_disturbs_alike_and_another_does_not():
    one, two, three = (augmented_pattern(CRYSTALS[5], seed) for seed in (1, 1, 2))
    assert np.array_equal(one.intensity, two.intensity)
    assert not np.array_equal(one.intensity, three.intensity)


def test_an_evaluation_goes_on_from_its_log(table, library, report, tmp_path):
    log = tmp_path / "log.jsonl"
    lines = table.with_name("log.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 3
    # killed while the second outcome was being written
    log.write_text(lines[0] + lines[1][:20] + "\n", encoding="utf-8")
    done: list[str] = []
    again = evaluate(table, library=library, log=log, progress=done.append)
    assert [line["right"] for line in again["compounds"]] == [line["right"] for line in report["compounds"]]
    assert again["compounds"][0] == report["compounds"][0]
    assert len(done) == 3


def test_the_edges_that_were_computed_for_a_compound_are_given_with_its_pattern(
    table: Path,
    library: TemplateLibrary,
    with_spectra: SearchIndex,  # noqa: F811
):
    edges_of = computed_edges(with_spectra.index)
    ilmenite = edges_of(with_spectra.index.material(ILMENITE).material_id)
    assert [(edge.absorber, edge.edge) for edge in ilmenite] == [("Fe", "K"), ("Ti", "K")]
    assert np.array_equal(ilmenite[0].mu, curve(4, "Fe")[1])
    assert edges_of(with_spectra.index.material(MARCASITE).material_id) == []
    told = {"x-2": [Xanes(*curve(1, "Ti"), "Ti", "K")]}
    compounds = read_compounds(table, material_ids={"x-1", "x-2"})
    outcomes = list(outcomes_of(compounds, library, edges_of=lambda name: told.get(name, [])))
    assert {o.material_id: o.edges for o in outcomes} == {"x-1": (), "x-2": ("Ti",)}
    assert figures(outcomes)["n_with_edges"] == 1


def test_wrong_elements_and_random_lines_are_counted_apart(table, library):
    report = refused(read_compounds(table)[:2], library)
    assert (report["n_wrong_elements"], report["n_random_lines"]) == (2, 2)
    assert report["accepted_random_lines"] == 0.0


def test_only_reported_compounds_can_be_asked_for(table, tmp_path):
    rows = pd.read_parquet(table)
    rows["theoretical"] = [False, True, None]
    rows.to_parquet(tmp_path / "known.parquet")
    assert [c.material_id for c in read_compounds(tmp_path / "known.parquet", reported=True)] == ["x-1"]
    with pytest.raises(SpectrumError, match="theoretical"):
        read_compounds(table, reported=True)


def test_elements_that_may_be_there_are_the_compound_s_and_others(table: Path) -> None:
    compounds = read_compounds(table)
    every = {"Na", "Br", "Sr", "Zr", "O", "Li", "N"}
    for compound in compounds:
        assert sets_of(compound, every, 0) == (frozenset(compound.elements),)
        sets = sets_of(compound, every, 5)
        assert frozenset(compound.elements) in sets
        assert len(frozenset().union(*sets)) == 5
        assert len(sets) == 2**5 - 1
        assert sets_of(compound, every, 5) == sets
    found = evaluate(table, may=4, library=template_library(CRYSTALS), limit=1)
    assert found["n"] == 1
