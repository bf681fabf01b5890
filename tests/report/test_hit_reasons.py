"""Why a hit stands where it does, in words."""

import math
from dataclasses import replace

import pytest

from xsearch.answers import Hit, Rival, TellingLine
from xsearch.report.hit_reasons import reasons, rival_line

LINES = (TellingLine(27.44, 0.62, 0.31, 0.6), TellingLine(36.1, 0.2, 0.0, 0.22))


@pytest.fixture
def hit(hits: tuple[Hit, ...]) -> Hit:
    evidence = {"expected_strain": -0.01, "shape_change": 0.02, "correlation_0.0035": 0.91, "correlation_0.014": 0.97}
    known = replace(hits[0].material, is_theoretical=False)
    return replace(hits[0], evidence=evidence, strain=-0.011, material=known)


def rival(margin: float, elements: tuple[str, ...] = ("O", "Sn")) -> Rival:
    return Rival("mp-856", "SnO2", elements, margin, LINES)


def test_every_term_has_its_words(hit: Hit) -> None:
    assert reasons(replace(hit, zero_shift_deg=0.08, rival=rival(1.25))) == (
        "explains 95 % of the intensity; profiles correlate 0.91 to 0.97, narrow to wide",
        "computed cell strained by -1.1 %, as -1.0 % is expected; its shape changed by 2.0 %",
        "zero shift +0.08°",
        "has been made",
        "1.2 ahead of SnO2 (mp-856); to tell them: lines at 27.44° (62 against 31, measured 60), "
        "36.10° (20 against 0, measured 22) and elements (Ti against Sn)",
    )


def test_an_unexpected_strain_is_said(hit: Hit) -> None:
    assert "strained by +2.0 %, where -1.0 % is expected" in reasons(replace(hit, strain=0.02))[1]


def test_fitted_lines_are_told_as_residuals(hit: Hit) -> None:
    fitted = {**hit.evidence, "ln_cell_misfit": math.log(0.04), "ln_crystal_misfit": math.log(0.01)}
    told = reasons(replace(hit, evidence=fitted))[0]
    assert told.endswith("; residual 0.20 with free intensities in its cell, 0.10 of its own to the free ones")


def test_what_was_never_made_is_said(hit: Hit) -> None:
    calculated = replace(hit.material, is_theoretical=True, energy_above_hull_eV=0.12)
    assert "known from calculation only, 0.12 eV above the hull" in reasons(replace(hit, material=calculated))


def test_a_distant_rival_needs_no_telling(hit: Hit) -> None:
    assert rival_line(replace(hit, rival=rival(9.0))) == "9.0 ahead of SnO2 (mp-856)"
    assert rival_line(hit) == ""


def test_a_variant_that_the_pattern_cannot_tell_is_called_so(hit: Hit) -> None:
    same = Rival("mp-2", "TiO2", ("O", "Ti"), 0.1)
    assert rival_line(replace(hit, rival=same)).endswith("to tell them: another measurement")


def test_an_element_in_one_of_them_is_asked_for(hit: Hit) -> None:
    assert rival_line(replace(hit, rival=rival(0.1, ("H", "O", "Ti")))).endswith("and whether H is in it")
