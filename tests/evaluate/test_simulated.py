"""Evaluation on simulated measurements of rows held out."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from xsearch.data.splits import split_rows
from xsearch.errors import SpectrumError
from xsearch.evaluate.recall import recall_figures
from xsearch.evaluate.simulated import evaluate
from xsearch.options import Task
from xsearch.search import SearchIndex


def test_entries_are_found_under_all_that_measurement_does(prototypes: SearchIndex) -> None:
    names: list[str] = []
    figures = evaluate(prototypes, Task.STRONG, count=8, progress=names.append)
    assert figures["n"] == len(names) == 8
    assert figures["top10"] >= 0.75
    assert figures["top1"] <= figures["top5"] <= figures["top10"]
    held_out = {material.material_id for material in prototypes.index.materials(split_rows(prototypes.index).formulas)}
    assert set(names) <= held_out


def test_only_entries_that_a_table_lists_are_searched_for(prototypes: SearchIndex, tmp_path: Path) -> None:
    held_out = [m.material_id for m in prototypes.index.materials(split_rows(prototypes.index).formulas)]
    parquet.write_table(pa.table({"material_id": held_out[::2]}), tmp_path / "half.parquet")
    names: list[str] = []
    evaluate(prototypes, Task.STRONG, path=tmp_path / "half.parquet", count=4, progress=names.append)
    assert names
    assert set(names) <= set(held_out[::2])
    parquet.write_table(pa.table({"material_id": ["nowhere"]}), tmp_path / "none.parquet")
    with pytest.raises(SpectrumError, match="lists no entry"):
        evaluate(prototypes, path=tmp_path / "none.parquet")


def test_the_same_seed_gives_the_same_figures(prototypes: SearchIndex) -> None:
    assert evaluate(prototypes, "formula", count=2, seed=2) == evaluate(prototypes, "formula", count=2, seed=2)


def test_an_unknown_compound_is_not_found_but_has_a_symmetry(
    prototypes: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[int] = []
    ask = SearchIndex.search

    def spied(self: SearchIndex, *args: object, **options: object) -> object:
        searched.extend(options["leave_out_rows"])  # type: ignore[arg-type]
        return ask(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(SearchIndex, "search", spied)
    figures = evaluate(prototypes, Task.FORMULA, count=2)
    assert len(searched) >= 2
    assert "top1" not in figures
    assert 0 <= figures["crystal_system_accuracy"] <= 1
    assert 0 < figures["majority"] <= 1


def test_a_row_in_either_list_is_recalled() -> None:
    places = [{"profiles": 3, "vectors": 900}, {"profiles": 500, "vectors": 0}, {"profiles": 700, "vectors": 700}]
    assert recall_figures(places) == {"recall200": {"profiles": 1 / 3, "vectors": 1 / 3, "union": 2 / 3}}
    assert recall_figures([]) == {}
