"""Why a hit has its rank, in words."""

from dataclasses import replace
from typing import Any

import pytest

from xsearch.answers import DiscriminatingReflection, Hit, Rival
from xsearch.fit.pattern_fit import LeBailFit
from xsearch.report.hit_reasons import reasons, rival_line

LINES = (DiscriminatingReflection(27.44, 0.62, 0.31, 0.6), DiscriminatingReflection(36.1, 0.2, 0.0, 0.22))


@pytest.fixture
def hit(hits: tuple[Hit, ...]) -> Hit:
    known = replace(hits[0], material=replace(hits[0].material, is_theoretical=False))
    return fitted(known, strain=-0.011, expected_strain=-0.01, shape_change=0.02)


def fitted(hit: Hit, **changed: Any) -> Hit:
    return replace(hit, pattern_fit=replace(hit.fitted, **changed))


def rival(margin: float, elements: tuple[str, ...] = ("O", "Sn")) -> Rival:
    return Rival("mp-856", "SnO2", elements, margin, LINES)


def test_every_term_has_its_words(hit: Hit) -> None:
    assert reasons(replace(fitted(hit, zero_shift_deg=0.08), rival=rival(1.25))) == (
        "explains 95 % of the intensity; profile correlation 0.91 at a width of 0.0035 in ln q, 0.97 at 0.014",
        "computed cell strained by -1.1 %, as -1.0 % is expected; its shape changed by 2.0 %",
        "zero shift +0.08°",
        "experimentally reported",
        "log-evidence +1.2 against SnO2 (mp-856); discriminating reflections: 27.44° (calculated 62 and 31, "
        "measured 60), 36.10° (calculated 20 and 0, measured 22); discriminating elements: Ti or Sn",
    )


def test_an_unexpected_strain_is_said(hit: Hit) -> None:
    assert "strained by +2.0 %, where -1.0 % is expected" in reasons(fitted(hit, strain=0.02))[1]


def test_fitted_lines_are_given_as_residuals(hit: Hit) -> None:
    text = reasons(fitted(hit, le_bail=LeBailFit(0.04, 0.01, 0.05, 1.0, 0.0, (0.9, 0.9, 0.9))))[0]
    assert text.endswith("; residual 0.20 with free intensities, 0.10 between these and the calculated ones")


def test_a_compound_known_from_calculation_only_is_called_so(hit: Hit) -> None:
    calculated = replace(hit.material, is_theoretical=True, energy_above_hull_eV=0.12)
    assert "known from calculation only, 0.12 eV above the hull" in reasons(replace(hit, material=calculated))


def test_of_a_distant_rival_only_the_margin_is_given(hit: Hit) -> None:
    assert rival_line(replace(hit, rival=rival(9.0))) == "log-evidence +9.0 against SnO2 (mp-856)"
    assert rival_line(hit) == ""


def test_a_variant_that_the_pattern_does_not_distinguish_is_called_so(hit: Hit) -> None:
    same = Rival("mp-2", "TiO2", ("O", "Ti"), 0.1)
    line = rival_line(replace(hit, rival=same))
    assert line.endswith("not distinguishable; another measurement is needed to discriminate")


def test_an_element_in_one_of_them_discriminates(hit: Hit) -> None:
    assert rival_line(replace(hit, rival=rival(0.1, ("H", "O", "Ti")))).endswith(
        "; discriminating elements: with or without H"
    )
