"""The answer of a search for several phases at once: the best explanation by one, by two and so on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from xsearch.answers.hit import Hit
from xsearch.answers.result import SearchResult


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The best explanation by a number of phases.

    Attributes:
        hits: the phases, the most abundant first.
        evidence: of the whole, a natural logarithm up to a constant, each phase charged for.
    """

    hits: tuple[Hit, ...]
    evidence: float


AnyExplanation = TypeVar("AnyExplanation", bound=Explanation)


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedResult(SearchResult, Generic[AnyExplanation]):
    """What a search for several phases at once found: `hits` are the phases, the most abundant first.

    Attributes:
        mixtures: the best explanation by one phase, by two and so on; a last one that brought nothing is among them.
    """

    mixtures: tuple[AnyExplanation, ...] = ()

    @property
    def best(self) -> AnyExplanation:
        """The explanation with the most evidence, whose phases are the hits."""
        return max(self.mixtures, key=_evidence)

    @property
    def answer(self) -> tuple[Hit, ...]:
        """All phases."""
        return self.hits


def best_hits(explanations: Sequence[Explanation]) -> tuple[Hit, ...]:
    """The phases of the explanation with the most evidence; none where there is none."""
    return max(explanations, key=_evidence).hits if explanations else ()


def _evidence(one: Explanation) -> float:
    return one.evidence
