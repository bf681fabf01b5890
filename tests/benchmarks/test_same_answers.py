import json

import pytest

from benchmarks.same_answers import SEARCHES, compare, counts_of, drawn


def answer(*scores: float, verdict: str = "match", **evidence: float) -> dict[str, object]:
    rows = [
        {"id": f"mp-{score:.1f}", "formula": "TiO2", "numbers": {"score": score, "match": 2.0, **evidence}}
        for score in scores
    ]
    return {"verdict": verdict, "rows": rows, "symmetry": {}, "notes": []}


@pytest.mark.parametrize(
    ("after", "others", "line"),
    [
        (answer(0.9, 0.5), 0, "1 identical, 0 equal but for rounding, 0 in the same order, 0 others"),
        (answer(0.9 + 1e-13, 0.5), 0, "0 identical, 1 equal but for rounding, 0 in the same order, 0 others"),
        (answer(0.91, 0.5), 0, "largest difference of score: 0.01 (search, blind: rutile)"),
        (answer(0.9, 0.5, strain=0.1), 0, "only after, and not compared: strain"),
        (answer(0.9), 1, "search, blind: rutile: TiO2 mp-0.9 0.900 (match) -> TiO2 mp-0.9 0.900 (match)"),
        (answer(0.5, 0.9), 1, "rutile, from number 1 on: TiO2 mp-0.9 0.900 (match) -> TiO2 mp-0.5 0.500 (match)"),
        (answer(0.9, 0.5, verdict="tentative"), 1, "0.900 (match) -> TiO2 mp-0.9 0.900 (tentative)"),
    ],
)
def test_a_comparison_tells_rounding_other_numbers_and_other_answers_apart(after, others, line, tmp_path, capsys):
    for name, one in (("before", answer(0.9, 0.5)), ("after", after)):
        (tmp_path / name).write_text(json.dumps({"answers": {"search, blind: rutile": one}}), encoding="utf-8")
    assert compare(tmp_path / "before", tmp_path / "after") == others
    assert line in capsys.readouterr().out


def test_fewer_questions_are_a_part_of_more():
    few, many = counts_of(SEARCHES, 20), counts_of(SEARCHES, 200)
    assert (sum(few.values()), sum(many.values())) == (20, 200)
    for kind, count in few.items():
        rows = list(range(50))
        assert drawn(kind, rows, count) == drawn(kind, rows, many[kind])[:count]
