"""An answer as one self-contained HTML page, made of the same parts as the page of `xsearch serve`."""

from __future__ import annotations

import io
from functools import cache
from html import escape
from pathlib import Path

import xsearch
from xsearch.answers import Combined, Hit, Inference, SearchResult
from xsearch.report.files import with_folder
from xsearch.report.fragments import (
    Answer,
    credits_html,
    crystal_html,
    crystals_html,
    crystals_of,
    notes_html,
    search_of,
    verdict_html,
)
from xsearch.report.search_plot import result_figure
from xsearch.report.typeset import formula_html

STYLE = Path(__file__).with_name("style.css")
"""The look of pages."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A page loads nothing and runs nothing."""


def write_page(answer: Answer, path: str | Path, top: int = 5) -> Path:
    """Write the page; `top` says how many hits are drawn."""
    path = with_folder(Path(path))
    path.write_text(page_html(answer, top), encoding="utf-8")
    return path


def page_html(answer: Answer, top: int = 5) -> str:
    """The page as text: the verdict, the picture, the table, the evidence, notes and credits."""
    name = escape(source_of(answer) or "Inferred crystals")
    search = search_of(answer)
    figure = "" if search is None else f"<figure>{figure_svg(search, top)}</figure>"
    index = "" if search is None else f"Index {escape(search.index_name)}, version {escape(search.index_version)}. "
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{name}</title><style>{style()}</style></head><body class="report"><main>
<h1>{name}</h1>
{verdict_html(answer)}
{figure}
<h3>{"Candidates" if isinstance(answer, Inference) else "Hits"}</h3><div class="scroll">{crystals_html(answer)}</div>
<h3>Evidence</h3>{"".join(_evidence(answer, place) for place in range(len(crystals_of(answer))))}
<h3>Notes</h3>{notes_html(answer)}
<footer>{credits_html(answer)}<p>{index}Written by xsearch {escape(xsearch.__version__)}.</p></footer>
</main></body></html>
"""


def source_of(answer: Answer) -> str:
    """The names of what was measured."""
    if isinstance(answer, SearchResult | Combined):
        return answer.source
    return "" if answer.pattern is None else answer.pattern.source


@cache
def style() -> str:
    """The style sheet."""
    return STYLE.read_text(encoding="utf-8")


def figure_svg(result: SearchResult, top: int) -> str:
    """The picture as an svg element."""
    text = io.StringIO()
    result_figure(result, top).savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def _evidence(answer: Answer, place: int) -> str:
    """What one crystal rests on and where its data come from; folded away but for the first."""
    crystal = crystals_of(answer)[place]
    name = crystal.material_id if isinstance(crystal, Hit) else crystal.inferred_id
    return (
        f"<details{' open' if place == 0 else ''}><summary>{place + 1} {formula_html(crystal.formula)} "
        f"{escape(name)}</summary>{crystal_html(crystal)}</details>"
    )
