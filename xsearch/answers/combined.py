"""The answer of a search and of an inference from the same measurement, in one ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xsearch.answers.hit import Hit
from xsearch.answers.inference import Candidate, Inference
from xsearch.answers.notebook import shown
from xsearch.answers.result import SearchResult
from xsearch.fit.rietveld import Refined


@dataclass(frozen=True, slots=True, eq=False)
class RankedCrystal:
    """A hit or a candidate with its place in the combined ranking.

    Attributes:
        rank: 1 for the best.
        crystal: the hit of the index, or the inferred candidate.
        score: 0 to 1; comparable between the two kinds.
        refined: its Rietveld refinement, whose log-evidence compares any two rows; None without a pattern, and for hits
            after the first few.
    """

    rank: int
    crystal: Hit | Candidate
    score: float
    refined: Refined | None = None

    @property
    def kind(self) -> Literal["database", "inferred"]:
        """Whether the index holds the crystal."""
        return "database" if isinstance(self.crystal, Hit) else "inferred"

    @property
    def id(self) -> str:
        """The entry's id; that of a candidate starts with `inferred:`."""
        return self.crystal.material_id if isinstance(self.crystal, Hit) else self.crystal.inferred_id

    @property
    def formula(self) -> str:
        """The reduced formula."""
        return self.crystal.formula

    @property
    def space_group(self) -> int | None:
        """Its number, where it is known."""
        return self.crystal.material.space_group if isinstance(self.crystal, Hit) else self.crystal.space_group

    @property
    def crystal_system(self) -> str | None:
        """Its name, where it is known."""
        return self.crystal.material.crystal_system if isinstance(self.crystal, Hit) else self.crystal.crystal_system

    @property
    def unexplained(self) -> float | None:
        """Share of the measured net intensity that the crystal leaves, 0 to 1; None where there was no pattern."""
        fit = self.crystal.pattern_fit
        return None if fit is None else fit.unexplained


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """What an index holds and what was inferred for one measurement.

    Attributes:
        search: the answer of the index.
        inference: from the templates of the same index, for the same measurement.
        ranking: hits and candidates in one ranking, the best first; candidates that explain nothing are not in it.
    """

    search: SearchResult
    inference: Inference
    ranking: tuple[RankedCrystal, ...]

    @property
    def source(self) -> str:
        """The names of what was measured."""
        return self.search.source

    def _repr_html_(self) -> str:
        """The verdict and a row a crystal, for notebooks."""
        rows = [
            (one.rank, one.kind, one.formula, one.id, one.space_group, one.crystal_system, one.score)
            for one in self.ranking
        ]
        headings = ("#", "kind", "formula", "id", "space group", "system", "score")
        return shown(self.source, self.search.verdict, headings, rows, self.search.notes)
