"""Evaluation of XANES queries on a small real index."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.search.test_xanes_search import curve, library  # noqa: F401
from xsearch.data.xanes_tables import read_labelled_edges
from xsearch.errors import BuildError
from xsearch.evaluate.xanes import evaluate_xanes, left_out
from xsearch.search import SearchIndex


def write(path: Path, **more: object) -> Path:
    """Pyrite and ilmenite of one laboratory, rutile as suspect, and an element that the index lacks."""
    rows = [
        {"id": "a", "element": "Fe", "edge": "K", "formula": "FeS2", "seed": 6, "phase": "", "suspect": False},
        {"id": "b", "element": "Fe", "edge": "K", "formula": "TiFeO3", "seed": 4, "phase": "", "suspect": False},
        {"id": "c", "element": "Ti", "edge": "K", "formula": "TiO2", "seed": 1, "phase": "", "suspect": True},
        {"id": "d", "element": "Fe", "edge": "K", "formula": "Fe8N", "seed": 8, "phase": "", "suspect": False},
    ]
    for row in rows:
        energy, mu = curve(int(str(row.pop("seed"))), str(row["element"]))
        row |= {"energy": energy, "mu_raw": mu, "usable_query": True, "source": "lab", **more}
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_spectra_are_asked_and_counted(library: SearchIndex, tmp_path: Path) -> None:  # noqa: F811
    report = evaluate_xanes(write(tmp_path / "m.parquet"), library).to_dict()
    assert (report["n"], report["answerable"], report["compounds"]) == (3, 2, 2)
    assert (report["top1"], report["top5"]) == (1.0, 1.0)
    assert {one["label"]: one["rank"] for one in report["spectra"]} == {"a": 1, "b": 1, "d": None}
    keys = {"top10", "latency_ms_p50", "latency_ms_p95", "ece", "refused_when_removed", "refused", "elements", "index"}
    assert keys <= report.keys()
    assert report["by_compound"]["top1"] == 1.0


def test_no_reference_answers_itself_nor_a_query_of_its_source(library: SearchIndex, tmp_path: Path) -> None:  # noqa: F811
    path = write(tmp_path / "m.parquet", source="measured.parquet")  # the source of the references in the index
    first, *_ = read_labelled_edges(path)
    assert left_out(library.libraries.of("Fe", "K"), first) == {"ref-1", "ref-2"}
    report = evaluate_xanes(path, library, "subset", leave_out=False)
    assert [one.rank for one in report.clean][1] == 1
    alone = evaluate_xanes(write(tmp_path / "n.parquet"), library, compared="simulated", leave_out=False)
    assert [one.answerable for one in alone.clean] == [True, True, False]
    references = evaluate_xanes(tmp_path / "n.parquet", library, compared="measured", leave_out=False)
    assert [one.answerable for one in references.clean] == [True, False, False]


def test_another_table_is_refused(library: SearchIndex, tmp_path: Path) -> None:  # noqa: F811
    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(BuildError, match="no table of spectra"):
        evaluate_xanes(tmp_path / "x.parquet", library)
