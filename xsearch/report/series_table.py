"""A series of patterns as one table: what was found in each scan."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from xsearch.answers import Combined, Inference, SearchResult
from xsearch.report.hits_table import NOTE, VERDICT_STYLE
from xsearch.report.rich_table import new_table, with_lines


def series_table(answers: Sequence[SearchResult | Combined | Inference]) -> RenderableType:
    """A row a scan: the first answer, its score and the verdict; notes that all scans share stand once, below."""
    table = new_table(("scan", "first", "id", "score", "verdict"), ("scan", "first", "id", "verdict"))
    for answer in answers:
        name, first, number, score, verdict = _row(answer)
        style = VERDICT_STYLE.get(verdict, "")
        table.add_row(name, first, number, score, Text(verdict, style=style))
    notes = [set(_notes(answer)) for answer in answers]
    shared = set.intersection(*notes) if notes else set()
    return with_lines([table], (f"{NOTE}{note}" for note in _notes(answers[0]) if note in shared))


def _row(answer: SearchResult | Combined | Inference) -> tuple[str, str, str, str, str]:
    if isinstance(answer, Inference):
        name = "" if answer.pattern is None else answer.pattern.source
        if not answer.candidates:
            return name, "", "", "", answer.verdict
        first = answer.candidates[0]
        return name, first.formula, first.inferred_id, f"{first.probability:.2f}", answer.verdict
    result = answer.search if isinstance(answer, Combined) else answer
    if len(result.answer) > 1:
        names = " + ".join(hit.formula for hit in result.answer)
        return result.source, names, "", f"{result.answer[0].score:.2f}", result.verdict
    if not result.hits:
        return result.source, "", "", "", result.verdict
    best = result.hits[0]
    return result.source, f"{best.formula} {best.name}".strip(), best.material_id, f"{best.score:.2f}", result.verdict


def _notes(answer: SearchResult | Combined | Inference) -> tuple[str, ...]:
    return answer.search.notes if isinstance(answer, Combined) else answer.notes
