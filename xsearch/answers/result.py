"""The answer of a search: ranked hits, a verdict, and what was assumed and searched."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xsearch.answers.hit import Hit
from xsearch.answers.symmetry import Symmetry
from xsearch.errors import QueryError
from xsearch.preprocess.xanes import NormalizedXanes
from xsearch.spectra import PowderPattern

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

Verdict = Literal["match", "tentative", "no confident match"]


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What a search found, ready to be shown, saved and handed on.

    Attributes:
        pattern: the powder pattern that was searched for; None where there was none.
        hits: the best first; one row a phase unless folding was switched off.
        verdict: `match`, `tentative` or `no confident match`.
        index_name: the index that was searched, and its version.
        n_searched: how many entries passed the element conditions and were compared.
        options: how the search was asked for, in plain values.
        notes: what the search assumed or could not do, one line each; the pattern carries the reader's own notes.
        timings_ms: wall time of each stage in milliseconds.
        symmetry: probabilities of the crystal system and space group, where they were asked for.
        spectra: the XANES spectra that were searched for, normalised.
    """

    pattern: PowderPattern | None
    hits: tuple[Hit, ...]
    verdict: Verdict
    index_name: str
    index_version: str
    n_searched: int
    options: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    symmetry: Symmetry | None = None
    spectra: tuple[NormalizedXanes, ...] = ()

    @property
    def powder(self) -> PowderPattern:
        """The powder pattern.

        Raises:
            QueryError: where none was searched for.
        """
        if self.pattern is None:
            raise QueryError(f"{self.source}: no powder pattern was searched for.")
        return self.pattern

    @property
    def source(self) -> str:
        """The names of what was searched for."""
        names = [self.pattern.source] if self.pattern is not None else []
        return ", ".join(name for name in (*names, *(one.source for one in self.spectra)) if name)

    @property
    def confident(self) -> bool:
        """Whether the first hit can be believed without a second look."""
        return self.verdict == "match"

    @property
    def answer(self) -> tuple[Hit, ...]:
        """The hits that are the answer: the first."""
        return self.hits[:1]

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Everything that was assumed, from reading the file to the search, each once and in that order."""
        read = () if self.pattern is None else self.pattern.notes
        return tuple(dict.fromkeys((*read, *self.notes)))

    def to_dict(self) -> dict[str, Any]:
        """The complete answer as plain values: evidence, provenance, licences, options and timings."""
        from xsearch.report.record import result_record

        return result_record(self)

    def to_json(self, path: str | Path | None = None) -> str:
        """The complete answer as JSON text, also written to `path` if given."""
        from xsearch.report.record import to_json

        return to_json(self.to_dict(), path)

    def to_dataframe(self) -> pd.DataFrame:
        """One row a hit: rank, formula, id, symmetry, score, strain, cell and each term of the evidence."""
        from xsearch.report.record import hits_frame

        return hits_frame(self)

    def table(self, top: int | None = None, unfold: bool = False) -> RenderableType:
        """The hits as a table for a terminal, through rich; `unfold` adds a row for each duplicate."""
        from xsearch.report.table import result_table

        return result_table(self, top, unfold)

    def plot(self, path: str | Path | None = None, top: int = 3) -> Any:
        """The spectra over their best hits, a pattern with lines and difference, as a matplotlib Figure.

        Args:
            path: where to save it; the suffix (.png, .svg, .pdf) decides the format.
            top: how many hits to show.
        """
        from xsearch.report.figure import result_figure
        from xsearch.report.plot import save_figure

        figure = result_figure(self, top)
        if path is not None:
            save_figure(figure, path)
        return figure

    def write_cifs(self, folder: str | Path, top: int | None = None) -> list[Path]:
        """CIF files of each hit, as in the database and strained to the pattern; returns their paths."""
        from xsearch.report.structures import write_cifs

        return write_cifs(self.hits[:top], Path(folder), self.source)

    def write_html(self, path: str | Path, top: int = 5) -> Path:
        """One self-contained page with the plot, the table and the evidence; returns its path."""
        from xsearch.report.page import write_page

        return write_page(self, Path(path), top)
