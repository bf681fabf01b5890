"""An answer as one self-contained HTML page."""

from __future__ import annotations

import io
from html import escape
from pathlib import Path

import xsearch
from xsearch.answers.hit import Hit
from xsearch.answers.result import SearchResult
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.report.files import with_folder
from xsearch.report.hit_reasons import reasons
from xsearch.report.hits_table import NOTE, edge_cells, edge_headings, edges_of, footnotes, measured, verdict_line
from xsearch.report.provenance import attributions
from xsearch.report.search_plot import result_figure
from xsearch.report.typeset import formula_html, signed, symbol_html

STYLE = """
:root { color-scheme: light; --ink: #1a1a1a; --pale: #6b6b6b; --line: #e2e2e2; --accent: #0072b2; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.35rem; margin-bottom: 0; } h2 { font-size: 1.05rem; margin-top: 2rem; }
.verdict { font-size: 1.15rem; } .match { color: #00734f; } .tentative { color: #a05a00; } .none { color: #a8201a; }
.pale, footer { color: var(--pale); } footer { margin-top: 2.5rem; font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); } .n { text-align: right; }
.hits tbody tr:first-child { font-weight: 600; } .hits td { white-space: nowrap; }
details table { width: auto; } details { margin: .4rem 0; } summary { cursor: pointer; }
figure { margin: 1.5rem 0; } figure svg { width: 100%; height: auto; } .bar { text-decoration: overline; }
.scroll { overflow-x: auto; }
"""


def write_page(result: SearchResult, path: str | Path, top: int = 5) -> Path:
    """Write the page; `top` says how many hits are drawn."""
    path = with_folder(Path(path))
    path.write_text(page_html(result, top), encoding="utf-8")
    return path


def page_html(result: SearchResult, top: int = 5) -> str:
    """The page as text: the verdict, the picture, the table, the evidence, notes and credits."""
    name = escape(result.source or "powder pattern")
    edges, has_pattern = edges_of(result), result.pattern is not None
    headings = [*(("strain %", "zero shift °", "unexplained %") if has_pattern else ()), *edge_headings(edges)]
    credits = attributions(material for hit in result.hits for material in (hit.material, hit.matched))
    notes = "".join(
        f"<li>{escape(note.removeprefix(NOTE))}</li>" for note in footnotes(result, result.hits, duplicates=True)
    )
    mood = {"match": "match", "tentative": "tentative"}.get(result.verdict, "none")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: {escape(verdict_line(result))}</title><style>{STYLE}</style></head><body>
<h1>{name}</h1>
<p class="pale">{escape(", ".join(measured(result)))}, {result.n_searched:,} entries of
index {escape(result.index_name)} ({escape(result.index_version)}) were searched.</p>
<p class="verdict {mood}">{escape(verdict_line(result))}</p>
<figure>{figure_svg(result, top)}</figure>
<h2>Hits</h2><div class="scroll"><table class="hits">
<thead><tr><th class="n">#</th><th>formula</th><th>name</th><th>id</th>
<th>space group</th><th>system</th><th class="n">score</th>
{"".join(f'<th class="n">{escape(heading)}</th>' for heading in headings)}</tr></thead>
<tbody>{"".join(row_html(hit, edges, has_pattern) for hit in result.hits)}</tbody></table></div>
<h2>Evidence</h2>{"".join(evidence_html(hit) for hit in result.hits)}
<h2>Notes</h2><ul>{notes or "<li>Nothing was assumed.</li>"}</ul>
<footer>{"".join(f"<p>{escape(credit)}</p>" for credit in credits)}
<p>Written by xsearch {escape(xsearch.__version__)}.</p></footer>
</body></html>
"""


def figure_svg(result: SearchResult, top: int) -> str:
    """The picture as an svg element."""
    text = io.StringIO()
    result_figure(result, top).savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def row_html(hit: Hit, edges: tuple[str, ...] = (), has_pattern: bool = True) -> str:
    """One row of the table."""
    fitted = []
    if has_pattern:
        fit = hit.fitted
        fitted = [signed(100 * fit.strain, 2), signed(fit.zero_shift_deg, 3), f"{100 * fit.unexplained:.0f}"]
    numbers = [f"{hit.score:.2f}", *fitted, *edge_cells(hit, edges)]
    number = hit.material.space_group
    group = f"{symbol_html(space_group_symbol(number))} ({number})" if number else "?"
    return (
        f'<tr><td class="n">{hit.rank}</td><td>{formula_html(hit.formula)}</td><td>{escape(hit.name or "")}</td>'
        f"<td>{escape(hit.material_id)}</td><td>{group}</td><td>{escape(hit.material.crystal_system or '?')}</td>"
        + "".join(f'<td class="n">{escape(number)}</td>' for number in numbers)
        + "</tr>"
    )


def evidence_html(hit: Hit) -> str:
    """What one hit rests on and where its data come from, folded away."""
    terms = "".join(
        f'<tr><td>{escape(term)}</td><td class="n">{value:.4g}</td></tr>'
        for term, value in hit.evidence.terms().items()
    )
    twins = ", ".join(escape(twin.material_id) for twin in hit.duplicates)
    fitted = []
    if hit.pattern_fit is not None:
        a, b, c, alpha, beta, gamma = hit.pattern_fit.cell
        fitted = [
            f"Cell strained to the pattern: {a:.4f} {b:.4f} {c:.4f} Å, {alpha:.2f} {beta:.2f} {gamma:.2f}°",
            f"FWHM {hit.pattern_fit.fwhm_deg:.3f}°",
        ]
    facts = [
        *(escape(line[0].upper() + line[1:]) for line in reasons(hit)),
        *fitted,
        *(f"{escape(str(match))}; {escape(match.spectrum_id)}, {escape(match.source)}" for match in hit.edges),
        f"Source: {escape(hit.matched.source)}, licence {escape(hit.matched.licence)}",
        *([f"Reference: {escape(hit.matched.reference)}"] if hit.matched.reference else []),
        *([f"Measured cell of {escape(hit.matched_cell.material_id)}"] if hit.matched_cell else []),
        *([f"Same phase, folded: {twins}"] if twins else []),
    ]
    return (
        f"<details{' open' if hit.rank == 1 else ''}><summary>{hit.rank} {formula_html(hit.formula)} "
        f"{escape(hit.material_id)}</summary><ul>{''.join(f'<li>{fact}</li>' for fact in facts)}</ul>"
        f"<table>{terms}</table></details>"
    )
