"""An answer as a table for the terminal, to be read at a glance."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from xsearch.answers.hit import Hit
from xsearch.answers.known import KnownPhase
from xsearch.answers.result import SearchResult
from xsearch.answers.symmetry import Symmetry
from xsearch.chemistry.reference import Reference
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.options import Range
from xsearch.report.hit_reasons import rival_line
from xsearch.report.rich_table import new_table, with_lines
from xsearch.report.settings import SETTINGS
from xsearch.report.typeset import shortened, signed

VERDICT_STYLE = {"match": "bold green", "tentative": "bold yellow", "no confident match": "bold red"}
LEFT = ("formula", "id", "name", "space group", "system")
"""Columns of text."""

FORMULA_LENGTH, NAME_LENGTH = 24, 18
"""Characters after which a cell of the table is cut."""

KIND_MARKS = {"simulated": "", "measured": " m", "predicted": " p"}
KIND_NOTES = {
    "measured": "m compared with a measured reference, not with a simulated spectrum",
    "predicted": "p compared with a spectrum that a model predicted from the structure",
}
NOTE = "note: "


def result_table(result: SearchResult, top: int | None = None, duplicates: bool = False) -> RenderableType:
    """The verdict, a row a hit, and below them the rival, the notes and what marks mean."""
    hits = result.hits[:top]
    parts: list[RenderableType] = [heading(result)]
    if hits:
        parts.append(hits_table(hits, duplicates, edges_of(result), result.pattern is not None))
    closest = [f"1: {line}" for line in (rival_line(hit) for hit in hits[:1]) if line]
    return with_lines(parts, (*closest, *footnotes(result, hits, duplicates)))


def heading(result: SearchResult) -> Text:
    """One line: the spectra, what was searched, and the verdict."""
    text = Text()
    text.append(result.source or "pattern", style="bold")
    text.append(f"  {', '.join(measured(result))}, {result.n_searched:,} entries of {result.index_name}: ")
    text.append(verdict_line(result), style=VERDICT_STYLE[result.verdict])
    return text


def measured(result: SearchResult) -> list[str]:
    """The wavelength of the pattern, and the edges."""
    pattern = [] if result.pattern is None else [f"λ {result.pattern.wavelength_A:.5g} Å"]
    return [*pattern, *(f"{one.absorber} {one.edge} edge" for one in result.spectra)]


def verdict_line(result: SearchResult) -> str:
    """The answer in words."""
    if not result.hits:
        return "nothing is left" if result.known else "no entry of the index meets the constraints"
    named = (f"{hit.formula} {hit.name}" if hit.name else hit.formula for hit in result.answer)
    what = " + ".join(f"{name} ({hit.material_id})" for name, hit in zip(named, result.answer, strict=True))
    if result.verdict == "match":
        return what
    return f"perhaps {what}" if result.verdict == "tentative" else "no confident match"


def edges_of(result: SearchResult) -> tuple[str, ...]:
    """What was compared of the edges that were searched for, such as `Fe K` and `Fe K EXAFS`."""
    near = [] if result.options.get("range") == Range.EXAFS.value else result.spectra
    names = [f"{one.absorber} {one.edge}" for one in near]
    return tuple(dict.fromkeys((*names, *(match.edge for hit in result.hits for match in hit.edges))))


def hit_headings(named: bool, edges: tuple[str, ...] = (), has_pattern: bool = True) -> list[str]:
    """The columns of hits; a name where one is known, two columns for the fit to a pattern and for each edge."""
    name, fit = ["name"] if named else [], ["strain %", "unexplained %"] if has_pattern else []
    return ["#", "formula", "id", *name, "space group", "system", "score", *fit, *edge_headings(edges)]


def hits_table(hits: tuple[Hit, ...], duplicates: bool, edges: tuple[str, ...] = (), has_pattern: bool = True) -> Table:
    """A row a hit, and one a duplicate where these are shown."""
    named = any(hit.name for hit in hits)
    table = new_table(hit_headings(named, edges, has_pattern), LEFT)
    for hit in hits:
        table.add_row(*cells(hit, named, False, edges, has_pattern))
        for twin in hit.duplicates if duplicates else ():
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
        *((signed(100 * hit.fitted.strain, 2), f"{100 * hit.fitted.unexplained:.0f}") if has_pattern else ()),
        *edge_cells(hit, edges),
    ]


def percent(share: float | None) -> str:
    """A share in per cent; empty where it is not known."""
    return "" if share is None else f"{100 * share:.0f}"


def score_style(score: float) -> str:
    """Green, yellow or plain."""
    return "green" if score >= SETTINGS.strong_score else "yellow" if score >= SETTINGS.fair_score else ""


def symmetry_line(symmetry: Symmetry) -> str:
    """The symmetry posterior, on one line."""
    systems = [
        f"{name} {100 * p:.0f} %" for name, p in symmetry.crystal_systems.items() if p >= SETTINGS.least_symmetry
    ]
    likely = {number: p for number, p in symmetry.space_groups.items() if p >= SETTINGS.least_symmetry}
    groups = [f"{space_group_symbol(number)} {100 * p:.0f} %" for number, p in likely.items()]
    return f"symmetry: {', '.join(systems)}" + (f"; {', '.join(groups)}" if groups else "")


def known_lines(known: tuple[KnownPhase, ...]) -> list[str]:
    """A line a known phase: how much of it there is, and its cell."""
    lines = []
    for one in known:
        if one.intensity <= 0:
            continue
        weight = "" if one.weight_fraction is None else f"{100 * one.weight_fraction:.0f} weight %, "
        a, b, c, *_ = one.cell
        lengths = " ".join(f"{length:.4f}" for length in dict.fromkeys((a, b, c)))
        lines.append(
            f"known: {one.formula} ({one.source}), {space_group_symbol(one.space_group)}: {weight}"
            f"{100 * one.intensity:.0f} % of the intensity, cell {lengths} Å"
        )
    return lines


def twins_line(result: SearchResult) -> str:
    """Which hits the pattern cannot tell apart, and how likely one of them is right; empty where there is but one."""
    twins = result.twins
    if twins is None or twins.size < 2:
        return ""
    ranks = ", ".join(map(str, twins.ranks))
    more = twins.size - len(twins.ranks)
    further = f" and {more} that {'is' if more == 1 else 'are'} not shown" if more else ""
    elements = _discriminating_elements(result)
    return (
        f"hits {ranks}{further} fit equally well (Bayes factor below 3); one of them is right with probability "
        f"{twins.score:.2f}" + (f"; discriminating elements: {elements}" if elements else "; the elements are the same")
    )


def _discriminating_elements(result: SearchResult) -> str:
    """Elements that some of the twins hold and others do not."""
    assert result.twins is not None
    held: list[set[str]] = [set(hit.material.elements) for hit in result.hits if hit.rank in result.twins.ranks]
    return ", ".join(sorted(held[0].union(*held) - held[0].intersection(*held))) if held else ""


def footnotes(result: SearchResult, hits: tuple[Hit, ...], duplicates: bool) -> list[str]:
    """Notes, symmetry, measured cells, what marks mean, and what to do without a match."""
    lines = [*known_lines(result.known), *(f"{NOTE}{note}" for note in result.notes)]
    if twins := twins_line(result):
        lines.append(twins)
    if result.symmetry:
        lines.append(symmetry_line(result.symmetry))
    lines += dict.fromkeys(
        f"* {hit.material_id} matched with the measured cell {hit.matched_cell.material_id}"
        + (f", {hit.matched_cell.reference}" if hit.matched_cell.reference else "")
        for hit in hits
        if hit.matched_cell
    )
    kinds = {match.kind for hit in hits for match in hit.edges}
    lines += [text for kind, text in KIND_NOTES.items() if kind in kinds]
    if any(isinstance(hit.material, Reference) for hit in hits):
        lines.append("? a measured reference whose compound is no entry of the index: it has no structure")
    if any(hit.duplicates for hit in hits) and not duplicates:
        lines.append("(+n) n further entries of the same phase are folded into the row; --duplicates shows them")
    if result.verdict == "no confident match":
        check = "the wavelength" if result.pattern is not None else "the absorber, edge and energy scale"
        lines.append(
            "the phase may not be in the index, or the sample is a mixture; "
            f"check {check}, give the elements (--only, --must, --may), or search a larger index"
        )
    return lines
