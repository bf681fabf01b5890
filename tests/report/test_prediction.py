"""Predictions from an edge, shown."""

import io

from rich.console import Console

from tests.xas.test_prediction import titanium
from xsearch import report
from xsearch.chemistry.formula import parse_formula
from xsearch.report.prediction import prediction_table
from xsearch.xas.prediction import predict


def test_picture_shows_the_window_with_what_carried_the_answer(tmp_path) -> None:
    (found,) = predict([titanium(0.3, 0.3)])
    figure = report.plot(found, tmp_path / "cn.png", task="cn")
    low, high = figure.axes[0].get_xlim()
    assert abs(high - low - 56) < 1
    assert figure.axes[0].get_title().startswith("coordination number: ")
    assert (tmp_path / "cn.png").stat().st_size > 5000


def test_sites_are_answered_together_where_a_formula_is_given() -> None:
    (blind,) = predict([titanium(0.1, 0.35)])
    (found,) = predict([titanium(0.1, 0.35)], amounts=parse_formula("Mg2TiO4"))
    assert report.to_dict(blind)["site"]["arrangements"] == []
    plain = report.to_dict(found)["site"]["arrangements"]
    assert 1 <= len(plain) <= 3
    assert sum(one["probability"] for one in plain) <= 1.001
    assert all(abs(sum(n["share"] for n in one["cn"]) - 1) < 0.02 for one in plain)
    assert any(one["analogue"] for one in plain)
    shown = io.StringIO()
    Console(width=200, file=shown).print(prediction_table(found))
    text = shown.getvalue()
    assert "sites together" in text
    assert "-fold" in text
