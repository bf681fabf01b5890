"""The fit of the score of edges, on cases whose answer is known and on simulated searches."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.once import made_once
from xsearch.builders.add import add_entries
from xsearch.search import SearchIndex, open_index
from xsearch.search.edge_score import FEATURES
from xsearch.training.edge_score import EdgeCase, computed_libraries, fit, logged_cases, out_of_fold

EVIDENCE = FEATURES.index("evidence")


def cases(count: int, seed: int) -> list[EdgeCase]:
    """Right with a probability that rises with the evidence; the other features are noise."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(count, len(FEATURES)))
    right = random.random(count) < 1 / (1 + np.exp(-2 * features[:, EVIDENCE]))
    return [
        EdgeCase("Fe K", f"Fe{place % 40}", "none", "augmented", False, tuple(row), int(one))
        for place, (row, one) in enumerate(zip(features.tolist(), right, strict=True))
    ]


def test_the_law_that_made_the_cases_comes_back() -> None:
    model = fit(cases(4000, 0), FEATURES, ())
    assert model.weights[EVIDENCE] == pytest.approx(2, abs=0.25)
    assert np.abs(np.delete(model.weights, EVIDENCE)).max() < 0.15


def test_no_formula_is_judged_by_a_model_that_saw_it() -> None:
    noise = [replace(one, formula=f"X{place}") for place, one in enumerate(cases(300, 1))]
    twins = [replace(one, rank=1 - one.rank) for one in noise]
    alone = out_of_fold([*noise, *twins])[: len(noise)]
    assert np.abs(alone - 0.5).max() < 0.15  # each formula right once and wrong once: nothing to learn


@pytest.fixture(scope="module")
def copper(prototypes: SearchIndex, tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    """The AFLOW crystals with a made spectrum of each that holds copper."""
    home = made_once(tmp_path_factory, "copper", lambda folder: _add_copper(folder, prototypes))
    return open_index(home / "indexes" / "aflow")


def _add_copper(home: Path, prototypes: SearchIndex) -> None:
    shutil.copytree(prototypes.index.folder.parents[2], home / "indexes")
    energy = np.arange(8930.0, 9130.0, 0.25)
    rows = []
    for entry in prototypes.index.materials(range(len(prototypes.index))):
        if "Cu" not in entry.elements:
            continue
        chance = np.random.default_rng(len(rows))
        mu = 0.5 + np.arctan((energy - 8985) / 1.5) / np.pi
        for _ in range(5):
            centre, width = chance.uniform(8987, 9020), chance.uniform(1.5, 5)
            mu = mu + chance.uniform(-0.25, 0.5) * np.exp(-(((energy - centre) / width) ** 2))
        same = {"absorber": "Cu", "edge": "K", "code": "FEFF9"}
        rows.append({"material_id": entry.material_id, **same, "energy": energy, "mu": mu})
    pq.write_table(pa.Table.from_pylist(rows), home / "computed.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSEARCH_HOME", str(home))
        add_entries("aflow", xanes=[home / "computed.parquet"], progress=False)


def test_simulated_edges_are_found_where_they_are_and_never_where_they_were_left_out(
    copper: SearchIndex, tmp_path: Path
) -> None:
    without = {"Cu", "CuO"}
    made = logged_cases(copper, without, 12, 0, tmp_path / "log.jsonl")
    lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 12
    (tmp_path / "log.jsonl").write_text("\n".join(lines[:5]) + "\n", encoding="utf-8")
    assert logged_cases(copper, without, 12, 0, tmp_path / "log.jsonl") == made  # goes on from what is there
    assert not {one.formula for one in made} & without
    assert all(np.isfinite(one.features).all() for one in made)
    assert np.mean([one.right for one in made if not one.left_out]) > 0.6
    assert not any(one.right for one in made if one.left_out)


def test_compounds_that_judge_are_not_measured_but_stay_in_the_library(copper: SearchIndex) -> None:
    ((library, places),) = computed_libraries(copper, {"Cu"})
    assert "Cu" in library.spectra.reduced_formula
    assert "Cu" not in library.spectra.reduced_formula[places]
