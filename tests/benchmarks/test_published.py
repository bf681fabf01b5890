"""Published figures beside ours."""

import pytest

from benchmarks import published


def test_a_figure_comes_with_how_many_were_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"a/b/c": (0.5, 500), "a/b/n_of_c": (125.0, 500)}
    monkeypatch.setattr(published, "value_of", kept.get)
    assert published.shown("a/b/c") == "0.5 (N 500)"
    assert published.shown("a/b/c", "a/b/n_of_c") == "0.5 (N 125)"
    assert published.shown("a/b/other") == "not run"
    assert published.shown("") == "-"


def test_every_experiment_has_figures_or_says_why_not() -> None:
    for row in published.ROWS:
        assert row.theirs or row.grouped or row.why_not, row.experiment
        for name in filter(None, (row.theirs, row.grouped, row.count)):
            assert name.count("/") >= 2, name
