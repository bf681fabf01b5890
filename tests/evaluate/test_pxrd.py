"""Evaluation on labelled patterns."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.prototypes import Measure
from xsearch.data.labelled_patterns import read_labelled, right_rows, without_hydrogen
from xsearch.data.scores import expected_calibration_error
from xsearch.errors import SpectrumError
from xsearch.evaluate.pxrd import Outcome, Report, evaluate, figures, symmetry
from xsearch.report.json_text import json_text
from xsearch.search import SearchIndex


@pytest.fixture(scope="module")
def labelled_file(prototypes: SearchIndex, measured: Measure, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six patterns with their structures, one of them doubtful, and one of several phases."""
    rows = []
    for number, row in enumerate((3, 20, 40, 80, 120, 160)):
        pattern, material = measured(row, strain=0.004), prototypes.index.material(row)
        rows.append(
            {
                "label": f"made {number}",
                "single_phase": True,
                "wavelength": pattern.wavelength_A,
                "two_theta": pattern.two_theta_deg,
                "intensity": pattern.intensity,
                "structure_json": json.dumps(material.crystal.to_structure().as_dict()),
                "sim_cosine": 0.4 if number == 5 else 0.9,
            }
        )
    rows.append({**rows[0], "label": "mixture", "single_phase": False, "structure_json": None})
    path = tmp_path_factory.mktemp("labelled") / "labelled.parquet"
    pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.fixture(scope="module")
def blind(labelled_file: Path, prototypes: SearchIndex) -> Report:
    """The evaluation with nothing given; its log lies beside the patterns."""
    return evaluate(labelled_file, prototypes, log=labelled_file.with_name("log.jsonl"))


@pytest.mark.parametrize("elements", ["none", "subset", "exact"])
def test_made_patterns_are_found(labelled_file: Path, prototypes: SearchIndex, blind: Report, elements: str) -> None:
    report = blind if elements == "none" else evaluate(labelled_file, prototypes, elements, leave_out=False)
    report = report.to_dict()
    assert (report["n"], report["answerable"]) == (5, 5)
    assert report["top1"] >= 0.8
    assert report["top1"] <= report["top5"] <= report["top10"] <= report["top50"] == 1.0
    assert report["doubtful"]["n"] == 1
    assert 0 < report["latency_ms_p50"] <= report["latency_ms_p95"]


def test_without_the_right_entries_another_answer_is_given(labelled_file: Path, prototypes: SearchIndex) -> None:
    (labelled, *_) = read_labelled(labelled_file)
    right = right_rows(prototypes.index, labelled)
    ids = {material.material_id for material in prototypes.index.materials(right)}
    whole = prototypes.search(labelled.pattern)
    lacking = prototypes.search(labelled.pattern, leave_out_rows=right)
    assert whole.hits[0].material_id in ids
    assert not ids & {one.material_id for hit in lacking.hits for one in (hit, *hit.duplicates)}
    assert lacking.hits[0].score < whole.hits[0].score
    nothing = prototypes.search(labelled.pattern, exactly=labelled.elements, leave_out_rows=range(len(prototypes)))
    assert (nothing.hits, nothing.verdict) == ((), "no confident match")


def test_removed_answers_are_refused(labelled_file: Path, prototypes: SearchIndex, blind: Report) -> None:
    report = blind.to_dict()
    assert report["removed"] == 5
    assert 0.5 <= report["refused_when_removed"] <= 1
    assert 0 <= report["ece"] <= 1
    without = evaluate(labelled_file, prototypes, "exact", leave_out=False).to_dict()
    assert (without["removed"], without["ece"]) == (0, None)


def test_removed_answers_are_refused_where_elements_are_given(
    labelled_file: Path, prototypes: SearchIndex, tmp_path: Path
) -> None:
    pd.read_parquet(labelled_file).iloc[:1].to_parquet(tmp_path / "one.parquet")
    report = evaluate(tmp_path / "one.parquet", prototypes, "subset").to_dict()
    assert (report["n"], report["removed"], report["top1"]) == (1, 1, 1.0)


def test_symmetry_of_the_first_hit_is_counted() -> None:
    pairs = [(225, 225), (225, 221), (14, 15), (14, 62), (2, 0), (0, 14)]
    outcomes = [Outcome(str(i), True, 1, 1.0, "", "match", space_groups=pair) for i, pair in enumerate(pairs)]
    found = symmetry(outcomes)
    assert found["space_group_accuracy"] == pytest.approx(1 / 5)
    assert found["crystal_system_accuracy"] == pytest.approx(3 / 5)


def test_calibration_error_is_the_mean_gap() -> None:
    scores, truth = np.array([0.95, 0.95, 0.15, 0.15]), np.array([1.0, 0.0, 0.0, 0.0])
    assert expected_calibration_error(scores, truth) == pytest.approx((2 * 0.45 + 2 * 0.15) / 4)
    assert expected_calibration_error(np.ones(4), np.ones(4)) == 0


def test_right_rows_hold_the_entry_itself(labelled_file: Path, prototypes: SearchIndex) -> None:
    labelled = list(read_labelled(labelled_file))
    assert [one.label for one in labelled] == [f"made {i}" for i in range(6)]
    for one, row in zip(labelled, (3, 20, 40, 80, 120, 160), strict=True):
        right = right_rows(prototypes.index, one)
        assert row in right
        formulas = {material.reduced_formula for material in prototypes.index.materials(right)}
        assert formulas == {one.formula}


def test_rows_that_cannot_be_used_are_counted_with_their_reason(
    labelled_file: Path, prototypes: SearchIndex, tmp_path: Path
) -> None:
    table = pd.read_parquet(labelled_file)
    table.loc[0, "wavelength"] = float("nan")
    table.to_parquet(tmp_path / "some.parquet")
    report = evaluate(tmp_path / "some.parquet", prototypes, leave_out=False)
    assert len(report.unusable) == 1
    assert "wavelength" in report.unusable[0]
    assert len(report.clean) + len(report.doubtful) == table.single_phase.sum() - 1
    assert "NaN" not in json_text(report.to_dict())


def test_an_evaluation_goes_on_from_its_log(
    labelled_file: Path, prototypes: SearchIndex, blind: Report, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    lines = labelled_file.with_name("log.jsonl").read_text(encoding="utf-8").splitlines()
    log.write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:20], encoding="utf-8")  # stopped while writing
    searched: list[str] = []
    again = evaluate(labelled_file, prototypes, log=log, progress=lambda outcome: searched.append(outcome.label))
    assert blind.to_dict()["patterns"] == again.to_dict()["patterns"]
    assert len(log.read_text(encoding="utf-8").splitlines()) == len(lines) + 1


def test_hydrogen_can_be_ignored() -> None:
    assert without_hydrogen("FeHO2") == "FeO2"
    assert without_hydrogen("H2") == ""


def test_unanswerable_patterns_do_not_count() -> None:
    outcomes = (
        Outcome("a", True, 1, 10.0, "", "match"),
        Outcome("b", True, 7, 20.0, "", "match"),
        Outcome("c", False, None, 30.0, "", "no confident match"),
        Outcome("d", True, None, 40.0, "", "tentative"),
    )
    found = figures(outcomes)
    assert (found["n"], found["answerable"]) == (4, 3)
    assert [found[f"top{k}"] for k in (1, 5, 10, 50)] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])


def test_files_that_are_no_labelled_patterns_are_refused(tmp_path: Path, prototypes: SearchIndex) -> None:
    text = tmp_path / "a.parquet"
    text.write_text("hello", encoding="utf-8")
    with pytest.raises(SpectrumError, match="is no Parquet file"):
        evaluate(text, prototypes)
    other = tmp_path / "b.parquet"
    pd.DataFrame({"label": ["x"]}).to_parquet(other)
    with pytest.raises(SpectrumError, match="lacks the columns single_phase"):
        evaluate(other, prototypes)
    with pytest.raises(SpectrumError, match="no such file"):
        evaluate(tmp_path / "c.parquet", prototypes)
