"""Formulas, space group symbols and numbers in print: plain, as matplotlib's mathtext, and as HTML."""

import re
from collections.abc import Iterable
from html import escape

_AMOUNT = re.compile(r"(?<=[A-Za-z)\]])(\d+(?:\.\d+)?)")
_BAR = re.compile(r"-(\d)")
_SCREW = re.compile(r"(\d)_(\d)")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LETTERS = re.compile(r"([A-Za-z]+)")


def formula_mathtext(formula: str) -> str:
    """`TiO2` as `TiO$_{2}$`."""
    return _AMOUNT.sub(r"$_{\1}$", formula)


def symbol_mathtext(symbol: str) -> str:
    """`Fm-3m` with italic letters and a bar over the 3, screw axes with their subscript."""
    body = _LETTERS.sub(r"\\mathit{\1}", symbol)
    body = _SCREW.sub(r"\1_{\2}", body)
    return "$" + _BAR.sub(r"\\bar{\1}", body) + "$"


def hkl_mathtext(hkl: Iterable[int]) -> str:
    """Indices without commas, a bar over the negative ones; spaces where one has two digits."""
    indices = list(hkl)
    gap = r"\," if max(abs(index) for index in indices) > 9 else ""
    return "$" + gap.join(rf"\bar{{{-index}}}" if index < 0 else str(index) for index in indices) + "$"


def formula_html(formula: str) -> str:
    """`TiO2` as `TiO<sub>2</sub>`."""
    return _AMOUNT.sub(r"<sub>\1</sub>", escape(formula))


def formula_text(formula: str) -> str:
    """`TiO2` as `TiO₂` in plain text; amounts that are no whole numbers stay on the line."""
    return _AMOUNT.sub(lambda found: found[1].translate(_SUBSCRIPTS) if found[1].isdecimal() else found[1], formula)


def symbol_html(symbol: str) -> str:
    """`P4_2/mnm` with italic letters, subscripts and overlined inversion axes."""
    body = _LETTERS.sub(r"<i>\1</i>", escape(symbol))
    body = _SCREW.sub(r"\1<sub>\2</sub>", body)
    return _BAR.sub(r'<span class="bar">\1</span>', body)


def signed(value: float, decimals: int) -> str:
    """A number with its sign; what rounds to zero has none."""
    text = f"{value:+.{decimals}f}"
    return text if text.strip("+-0.") else text[1:]


def shortened(text: str, length: int) -> str:
    """Text cut to a length, with an ellipsis where something is missing."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
