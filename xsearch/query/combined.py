"""Database hits and inferred candidates in one list, never confused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xsearch.answers import SearchResult
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.errors import NothingSearched, QueryError
from xsearch.indexes import Index
from xsearch.infer.candidate import Inference, replacements
from xsearch.infer.engine import infer
from xsearch.infer.question import parse_elements
from xsearch.infer.template_library import library_of
from xsearch.search import SearchIndex
from xsearch.spectra import PowderPattern, Xanes

if TYPE_CHECKING:
    from rich.console import RenderableType

INFERRED = "inferred"
"""Name of the sub-folder into which CIF files of inferred crystals go."""


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """What an index holds and what was inferred for one pattern.

    Attributes:
        result: of the search in the index.
        inference: from the templates of the same index, for the same pattern.
    """

    result: SearchResult
    inference: Inference

    @property
    def source(self) -> str:
        """The names of what was asked about."""
        return self.result.source

    def plot(self, path: str | Path) -> Any:
        """Draw the pattern over the index's hits."""
        return self.result.plot(path)

    def write_html(self, path: str | Path) -> Path:
        """Write the page of the index's hits."""
        return self.result.write_html(path)

    def rows(self) -> list[dict[str, Any]]:
        """See `one_list`."""
        return one_list(self.result, self.inference)

    def to_dict(self) -> dict[str, Any]:
        """The search's answer as plain values, with `together` (one list) and `inference` added."""
        return {**self.result.to_dict(), "together": self.rows(), "inference": self.inference.to_dict()}

    def table(self, top: int | None = None) -> RenderableType:
        """One list for the terminal; what was inferred says so and is set off in italics."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        from xsearch.report.table import heading

        table = Table(box=None, show_edge=False, header_style="bold")
        for name in ("#", "kind", "formula", "id", "space group", "score", "unexplained %"):
            table.add_column(name, justify="right" if name in ("#", "score", "unexplained %") else "left", no_wrap=True)
        table.add_column("made from", overflow="fold")
        for row in self.rows()[:top]:
            number = row["space_group"]
            table.add_row(
                str(row["rank"]), row["kind"], row["formula"], row["id"],
                f"{space_group_symbol(number)} ({number})" if number else "?",
                f"{row['score']:.2f}", f"{100 * row['unexplained']:.0f}",
                f"{row['made_from']}, {replacements(row['substitution'])}" if "made_from" in row else "",
                style="italic" if row["kind"] == "inferred" else "",
            )  # fmt: skip
        notes = [f"inference: {self.inference.verdict}", *self.inference.notes, *self.result.assumptions]
        return Group(heading(self.result), table, *(Text(f"  note: {note}", style="dim") for note in notes))

    def write_cifs(self, folder: str | Path) -> list[Path]:
        """The hits' CIF files into the folder, those of inferred crystals into a sub-folder of their own.

        Crystals that explain nothing are not in the list, and are not written; `inference.write_cifs` does.
        """
        target = Path(folder)
        inferred = [] if self.inference.refused else self.inference.write_cifs(target / INFERRED)
        return [*self.result.write_cifs(target), *inferred]


def elements_of(only: str | None, exactly: str | None) -> str:
    """The elements that an inference starts from: those of `--exactly`, else all of `--only`.

    Raises:
        QueryError: where neither was given.
    """
    given = exactly or only
    if not given:
        raise QueryError("Inference needs the elements; give them with --exactly or --only, such as Ca,Mn,Al,O.")
    return given


def one_list(result: SearchResult, inference: Inference) -> list[dict[str, Any]]:
    """Hits of an index and inferred crystals, the likeliest first.

    An inferred crystal stands on what the search left over: its probability is multiplied by one less the best hit's
    score, so that it goes before a hit only where the database does not explain the pattern. One that has the formula
    and the space group of a hit is nothing new, and never goes before that. On equal terms a hit goes first.

    Args:
        result: of the search in the index.
        inference: from the templates of the same index, for the same pattern.

    Returns:
        One dictionary a row: `rank`, `kind` (`database` or `inferred`), `id`, `formula`, `space_group`,
        `crystal_system`, `score`, `unexplained`, and for inferred ones `made_from`, `substitution`, `assumptions`.
    """
    left = 1.0 - max((hit.score for hit in result.hits), default=0.0)
    known: dict[tuple[str, int | None], float] = {}
    for hit in result.hits:
        crystal = (hit.formula, hit.material.space_group)
        known[crystal] = max(hit.score, known.get(crystal, 0.0))
    rows: list[dict[str, Any]] = [
        {
            "kind": "database",
            "id": hit.material_id,
            "formula": hit.formula,
            "space_group": hit.material.space_group,
            "crystal_system": hit.material.crystal_system,
            "score": hit.score,
            "unexplained": hit.unexplained,
        }
        for hit in result.hits
    ]
    rows += [
        {
            "kind": "inferred",
            "id": candidate.inferred_id,
            "formula": candidate.formula,
            "space_group": candidate.space_group,
            "crystal_system": candidate.crystal_system,
            "score": min(left * candidate.probability, known.get((candidate.formula, candidate.space_group), 1.0)),
            "unexplained": candidate.unexplained,
            "made_from": f"{candidate.source_formula} ({candidate.source_id})",
            "substitution": candidate.substitution,
            "assumptions": list(candidate.assumptions),
        }
        for candidate in (() if inference.refused else inference.candidates)
    ]
    rows.sort(key=lambda row: (-row["score"], row["kind"], row["id"]))
    return [{"rank": rank, **row} for rank, row in enumerate(rows, start=1)]


def search_or_nothing(
    index: SearchIndex, pxrd: PowderPattern | None = None, xanes: Sequence[Xanes] = (), **asked: Any
) -> SearchResult:
    """What the index says, and where it holds nothing to compare with, an answer that says so.

    Without spectra of an edge the pattern alone is searched; without an entry with the elements there are no hits.

    Args:
        index: to search.
        pxrd, xanes, asked: as `SearchIndex.search` takes them.
    """
    try:
        return index.search(pxrd, xanes, **asked)
    except NothingSearched as error:
        told = str(error)
    if pxrd is not None and xanes:
        rest = search_or_nothing(index, pxrd, **asked)
        return replace(rest, notes=(*rest.notes, f"Searched by the pattern alone: {told}"))
    return SearchResult(pxrd, (), "no confident match", index.name, index.index.version, 0, notes=(told,))


def infer_beside(
    index: Index, result: SearchResult, elements: str, edges: Sequence[Xanes] = (), *, top: int = 10
) -> Together:
    """Infer for an answer of a search, from the same spectra and the templates of the same index.

    Args:
        index: that was searched.
        result: the answer.
        elements: all of the compound, such as `Ca,Mn,Al,O`.
        edges: XANES spectra of the sample.
        top: how many candidates.

    Raises:
        QueryError: for elements that no template can hold.
    """
    return Together(result, infer(library_of(index), parse_elements(elements), result.pattern, xanes=edges, top=top))
