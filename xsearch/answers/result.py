"""The answer of a search: ranked hits, a verdict, and what was assumed and searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from xsearch.answers.hit import Hit
from xsearch.answers.known import KnownPhase
from xsearch.answers.notebook import shown
from xsearch.answers.symmetry import Symmetry
from xsearch.answers.twins import TwinGroup
from xsearch.errors import QueryError
from xsearch.options import Constraints
from xsearch.preprocess.xanes import NormalizedXanes
from xsearch.spectra import PowderPattern

Verdict = Literal["match", "tentative", "no confident match"]
"""From the score of the first hit, or from the lowest of a mixture's components."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What a search found; `xsearch.report` shows and writes it.

    Attributes:
        pattern: the powder pattern that was searched for, without known phases; None where there was none.
        hits: the best first; one row a phase unless folding was switched off.
        verdict: `match`, `tentative` or `no confident match`.
        index_name: the index that was searched, and its version.
        n_searched: how many entries passed the element conditions and were compared.
        constraints: which elements a hit may, must or must not hold.
        options: further ones of the search, in plain values.
        notes: everything that was assumed or could not be done, one line each; what the reader of the pattern assumed
            comes first, whether it is given or not.
        timings_ms: wall time of each stage in milliseconds.
        twins: the phases that the pattern cannot tell from the first hit, with that, and the probability that one of
            them is right; None without a pattern and for mixtures.
        symmetry: probabilities of the crystal system and space group, where a pattern was searched for.
        spectra: the XANES spectra that were searched for, normalised.
        settings: stage to its settings, as `xsearch.settings.settings_record` gives them.
        known: phases that were given as known; the hits and the verdict are about the rest.
    """

    pattern: PowderPattern | None
    hits: tuple[Hit, ...]
    verdict: Verdict
    index_name: str
    index_version: str
    n_searched: int
    constraints: Constraints = field(default_factory=Constraints)
    options: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    twins: TwinGroup | None = None
    symmetry: Symmetry | None = None
    spectra: tuple[NormalizedXanes, ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    known: tuple[KnownPhase, ...] = ()

    def __post_init__(self) -> None:
        """Put the notes of the pattern's reader first, each once."""
        read = () if self.pattern is None else self.pattern.notes
        object.__setattr__(self, "notes", tuple(dict.fromkeys((*read, *self.notes))))

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

    def _repr_html_(self) -> str:
        """The verdict, a row a hit, and the notes, for notebooks."""
        edges = tuple(dict.fromkeys(match.edge for hit in self.hits for match in hit.edges))
        rows = [
            (
                hit.rank, hit.formula, hit.material_id, hit.name, hit.material.space_group, hit.score,
                *(() if self.pattern is None else (None if hit.pattern_fit is None else 100 * hit.pattern_fit.strain,)),
                *(next((f"{one.correlation:.3f}" for one in hit.edges if one.edge == edge), None) for edge in edges),
            )
            for hit in self.hits
        ]  # fmt: skip
        headings = ("#", "formula", "id", "name", "space group", "score")
        strain = () if self.pattern is None else ("strain %",)
        title = f"{self.source or 'pattern'}, {self.n_searched:,} entries of {self.index_name}"
        return shown(title, self.verdict, (*headings, *strain, *(f"{edge} r" for edge in edges)), rows, self.notes)
