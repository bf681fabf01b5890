"""An answer as a table for the terminal, to be read at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xsearch.answers.hit import Hit
from xsearch.answers.symmetry import Symmetry
from xsearch.chemistry.reference import Reference
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.report.hit_reasons import rival_line
from xsearch.report.typeset import shortened, signed

if TYPE_CHECKING:
    from xsearch.answers.result import SearchResult

VERDICT_STYLE = {"match": "bold green", "tentative": "bold yellow", "no confident match": "bold red"}
STRONG, FAIR = 0.8, 0.5
"""Scores from which a row is green or yellow; colour only, the verdict is the search's own."""

LEAST_SHOWN = 0.10
"""Symmetries that are less likely are left out of the line below the table."""

FORMULA_LENGTH, NAME_LENGTH = 24, 18
KIND_MARKS = {"simulated": "", "measured": " m", "predicted": " p"}
KIND_NOTES = {
    "measured": "m compared with a measured reference, not with a simulated spectrum",
    "predicted": "p compared with a spectrum that a model predicted from the structure",
}
NOTE = "note: "


def result_table(result: SearchResult, top: int | None = None, unfold: bool = False) -> RenderableType:
    """The verdict, a row a hit, and below it what the rows leave unsaid."""
    hits = result.hits[:top]
    parts: list[RenderableType] = [heading(result)]
    if hits:
        parts.append(hits_table(hits, unfold, edges_of(result), result.pattern is not None))
    closest = [f"1 is {line}" for line in (rival_line(hit) for hit in hits[:1]) if line]
    parts += [Text(f"  {line}", style="dim") for line in (*closest, *footnotes(result, hits, unfold))]
    return Group(*parts)


def heading(result: SearchResult) -> Text:
    """One line: the spectra, what was searched, and the verdict."""
    text = Text()
    text.append(result.source or "pattern", style="bold")
    text.append(f"  {', '.join(asked(result))}, {result.n_searched:,} entries of {result.index_name}: ")
    text.append(verdict_line(result), style=VERDICT_STYLE[result.verdict])
    return text


def asked(result: SearchResult) -> list[str]:
    """The wavelength of the pattern, and the edges."""
    pattern = [] if result.pattern is None else [f"λ {result.pattern.wavelength_A:.5g} Å"]
    return [*pattern, *(f"{one.absorber} {one.edge} edge" for one in result.spectra)]


def verdict_line(result: SearchResult) -> str:
    """The answer in words."""
    if not result.hits:
        return "nothing in the index meets the conditions"
    named = (f"{hit.formula} {hit.name}" if hit.name else hit.formula for hit in result.answer)
    what = " + ".join(f"{name} ({hit.material_id})" for name, hit in zip(named, result.answer, strict=True))
    if result.verdict == "match":
        return what
    return f"perhaps {what}" if result.verdict == "tentative" else "no confident match"


def edges_of(result: SearchResult) -> tuple[str, ...]:
    """The edges that were searched for, such as `Fe K`."""
    return tuple(f"{one.absorber} {one.edge}" for one in result.spectra)


def hits_table(hits: tuple[Hit, ...], unfold: bool, edges: tuple[str, ...] = (), has_pattern: bool = True) -> Table:
    """The rows; the name column is there only where a name is known, two columns for each edge."""
    named = any(hit.name for hit in hits)
    table = Table(box=None, pad_edge=True, header_style="bold", show_edge=False)
    table.add_column("#", justify="right")
    table.add_column("formula", no_wrap=True)
    table.add_column("id", no_wrap=True)
    if named:
        table.add_column("name", no_wrap=True)
    table.add_column("space group", no_wrap=True)
    table.add_column("system", no_wrap=True)
    table.add_column("score", justify="right")
    for heading in (*(("strain %", "unexplained %") if has_pattern else ()), *edge_headings(edges)):
        table.add_column(heading, justify="right", no_wrap=True)
    for hit in hits:
        table.add_row(*cells(hit, named, False, edges, has_pattern))
        for twin in hit.duplicates if unfold else ():
            table.add_row(*cells(twin, named, True, edges, has_pattern), style="dim")
    return table


def edge_headings(edges: tuple[str, ...]) -> list[str]:
    """Two columns an edge: how well the spectra agree, and the energy between them."""
    return [heading for edge in edges for heading in (f"{edge} r", "shift eV")]


def edge_cells(hit: Hit, edges: tuple[str, ...]) -> list[str]:
    """The correlation at each edge and the shift; a letter marks library spectra that are not simulated."""
    found = {match.edge: match for match in hit.edges}
    return [
        text
        for edge in edges
        for text in (
            (f"{found[edge].correlation:.3f}{KIND_MARKS[found[edge].kind]}", signed(found[edge].shift_eV, 1))
            if edge in found
            else ("-", "-")
        )
    ]


def cells(
    hit: Hit, named: bool, folded: bool = False, edges: tuple[str, ...] = (), has_pattern: bool = True
) -> list[Text | str]:
    """The texts of one row."""
    material = hit.material
    number = material.space_group
    mark = "*" if hit.matched_cell else ""
    more = f" (+{len(hit.duplicates)})" if hit.duplicates and not folded else ""
    row: list[Text | str] = [
        "=" if folded else str(hit.rank),
        Text(shortened(hit.formula, FORMULA_LENGTH), style="" if folded else "bold"),
        f"{hit.material_id}{mark}{more}",
    ]
    if named:
        row.append(Text(shortened(hit.name or "", NAME_LENGTH)))
    return [
        *row,
        f"{space_group_symbol(number)} ({number})" if number else "?",
        material.crystal_system or "?",
        Text(f"{hit.score:.2f}", style=score_style(hit.score)),
        *((signed(100 * hit.strain, 2), f"{100 * hit.unexplained:.0f}") if has_pattern else ()),
        *edge_cells(hit, edges),
    ]


def score_style(score: float) -> str:
    """Green, yellow or plain."""
    return "green" if score >= STRONG else "yellow" if score >= FAIR else ""


def symmetry_line(symmetry: Symmetry) -> str:
    """What the pattern says of the symmetry, on one line."""
    systems = [f"{name} {100 * p:.0f} %" for name, p in symmetry.crystal_systems.items() if p >= LEAST_SHOWN]
    likely = {number: p for number, p in symmetry.space_groups.items() if p >= LEAST_SHOWN}
    groups = [f"{space_group_symbol(number)} {100 * p:.0f} %" for number, p in likely.items()]
    return f"symmetry: {', '.join(systems)}" + (f"; {', '.join(groups)}" if groups else "")


def footnotes(result: SearchResult, hits: tuple[Hit, ...], unfold: bool) -> list[str]:
    """What was assumed, whose cells matched, what was folded, and what to do without a match."""
    lines = [f"{NOTE}{note}" for note in result.notes]
    if result.symmetry:
        lines.append(symmetry_line(result.symmetry))
    measured = dict.fromkeys(
        f"* {hit.material_id} matched with the measured cell {hit.matched_cell.material_id}"
        + (f", {hit.matched_cell.reference}" if hit.matched_cell.reference else "")
        for hit in hits
        if hit.matched_cell
    )
    lines += measured
    kinds = {match.kind for hit in hits for match in hit.edges}
    lines += [text for kind, text in KIND_NOTES.items() if kind in kinds]
    if any(isinstance(hit.material, Reference) for hit in hits):
        lines.append("? a measured reference whose compound is no entry of the index: it has no structure")
    if any(hit.duplicates for hit in hits) and not unfold:
        lines.append("(+n) n further entries of the same phase are folded into the row; --unfold shows them")
    if result.verdict == "no confident match":
        check = "the wavelength" if result.pattern is not None else "the absorber, edge and energy scale"
        lines.append(
            "the phase may not be in the index, or the sample is a mixture; "
            f"check {check}, give the elements (--only, --must, --may), or search a larger index"
        )
    return lines
