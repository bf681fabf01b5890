"""Formulas and symbols in print."""

import pytest

from xsearch.report.typeset import (
    formula_html,
    formula_mathtext,
    hkl_mathtext,
    shortened,
    symbol_html,
    symbol_mathtext,
)


def test_formulas() -> None:
    assert formula_mathtext("Ca(HO)2") == "Ca(HO)$_{2}$"
    assert formula_html("Fe0.9O") == "Fe<sub>0.9</sub>O"


@pytest.mark.parametrize(
    ("symbol", "expected"), [("Fm-3m", r"$\mathit{Fm}\bar{3}\mathit{m}$"), ("P6_3/m", r"$\mathit{P}6_{3}/\mathit{m}$")]
)
def test_symbols(symbol: str, expected: str) -> None:
    assert symbol_mathtext(symbol) == expected


def test_symbols_in_html() -> None:
    assert symbol_html("R-3m") == '<i>R</i><span class="bar">3</span><i>m</i>'


def test_indices() -> None:
    assert hkl_mathtext([1, -2, 0]) == r"$1\bar{2}0$"
    assert hkl_mathtext([10, 0, 1]) == r"$10\,0\,1$"


def test_long_names_are_cut() -> None:
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"
