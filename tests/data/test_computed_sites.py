"""Sites that are computed, and the journal that keeps them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xsearch.chemistry.crystal import Crystal
from xsearch.data.computed_sites import SCHEMA, Journal, site_jobs
from xsearch.elements import usual_edge
from xsearch.errors import BuildError, QueryError
from xsearch.simulate.feff_input import FeffSettings

SETTINGS = FeffSettings()


def row(key: str, distinct: int = 1, **more: Any) -> dict[str, Any]:
    """A row as a computation gives it."""
    site = int(key.rpartition(" ")[2])
    stated = {"material_id": key.split()[0], "reduced_formula": "FeO", "absorber": "Fe", "edge": "K", "code": "FEFF10"}
    numbers = {"energy": [7110.0, 7111.0], "mu": [0.1, 1.0], "mu0": [0.1, 0.9], "fermi": -7.0, "seconds": 1.0}
    counts = {"site": site, "multiplicity": 2, "distinct": distinct, "natoms": 99, "scf_converged": True}
    return {"key": key, "cards": SETTINGS.cards, **stated, **numbers, **counts, **more}


def test_each_distinct_site_is_a_job() -> None:
    spinel_like = Crystal.ordered(
        np.eye(3) * 6.0,
        np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5], [0.5, 0.5, 0.5]]),
        ["Fe"] * 4 + ["N"],
    )
    jobs = site_jobs("mp-1", "Fe4N", spinel_like, "Fe", "K")
    assert [(job.site, job.multiplicity, job.distinct) for job in jobs] == [(0, 1, 2), (1, 3, 2)]
    moved = Crystal.ordered(spinel_like.lattice_A * 1.01, spinel_like.frac_coords, spinel_like.elements)
    assert jobs[0].key != site_jobs("mp-1", "Fe4N", moved, "Fe", "K")[0].key
    with pytest.raises(QueryError, match="holds no Cu"):
        site_jobs("mp-1", "Fe4N", spinel_like, "Cu", "K")


def test_light_elements_have_their_k_edge_and_heavy_ones_their_l3_edge_computed() -> None:
    assert [usual_edge(element) for element in ("Mg", "I", "Cs", "U")] == ["K", "K", "L3", "L3"]


def test_what_was_cut_off_is_passed_over_and_the_rest_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "sites.jsonl")
    journal.append(row("mp-1 a Fe K 0"))
    with journal.path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row("mp-2 a Fe K 0"))[:50])
    journal.append(row("mp-3 a Fe K 0"))
    assert journal.done(SETTINGS, 60.0) == {"mp-1 a Fe K 0", "mp-3 a Fe K 0"}
    table = journal.table(SETTINGS)
    assert table.schema == SCHEMA
    assert table.column("material_id").to_pylist() == ["mp-1", "mp-3"]


def test_a_failure_is_tried_again_where_there_is_more_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "sites.jsonl")
    journal.append({"key": "mp-1 a Fe K 0", "cards": SETTINGS.cards, "error": "too slow", "timeout_s": 60.0})
    assert journal.done(SETTINGS, 60.0) == {"mp-1 a Fe K 0"}
    assert journal.done(SETTINGS, 600.0) == set()
    assert journal.table(SETTINGS).num_rows == 0


def test_other_cards_are_another_computation(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "sites.jsonl")
    journal.append(row("mp-1 a Fe K 0"))
    assert journal.done(FeffSettings(fms_A=6.0), 60.0) == set()


def test_a_material_is_complete_when_all_its_sites_are_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "sites.jsonl")
    for key in ("mp-1 a Fe K 0", "mp-1 a Fe K 3", "mp-2 a Fe K 0"):
        journal.append(row(key, distinct=2))
    assert journal.table(SETTINGS).column("sites_complete").to_pylist() == [True, True, False]


def test_one_process_holds_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "sites.jsonl")
    with journal.lock(), pytest.raises(BuildError, match="Another process"), Journal(journal.path).lock():
        pass
