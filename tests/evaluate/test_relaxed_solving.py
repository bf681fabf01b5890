"""Whether relaxation helps where crystals are solved: what is counted."""

import pytest

from xsearch.evaluate.relaxed_solving import RelaxedOutcome, figures


def outcome(before: int, after: int, rms: tuple[float, float] | None = None) -> RelaxedOutcome:
    first, then = rms or (None, None)
    return RelaxedOutcome(f"{before}{after}", "diep", before, after, first, then, 0, 4.0)


def test_ranks_before_and_after_are_counted_and_compared() -> None:
    found = figures(
        [outcome(1, 1, (0.1, 0.05)), outcome(2, 1, (0.3, 0.2)), outcome(0, 0), outcome(1, 0), outcome(0, 6)]
    )
    assert (found["n"], found["better"], found["worse"]) == (5, 2, 1)
    assert found["before_top1"] == pytest.approx(2 / 5)
    assert found["after_top1"] == pytest.approx(2 / 5)
    assert found["before_top5"] == pytest.approx(3 / 5)
    assert found["after_top5"] == pytest.approx(2 / 5)
    assert (found["n_rms"], found["rms_before_A"], found["rms_after_A"]) == (
        2,
        pytest.approx(0.2),
        pytest.approx(0.125),
    )


def test_no_outcome_gives_figures_too() -> None:
    assert figures([])["n"] == 0
