"""The answer of a search for several phases at once: the best explanation by one, by two and so on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from xsearch.answers.hit import Hit
from xsearch.answers.result import SearchResult


@dataclass(frozen=True, slots=True, eq=False)
class Explanation(ABC):
    """The best explanation by a number of phases.

    Attributes:
        hits: the phases, the most abundant first.
        evidence: of the whole, a natural logarithm up to a constant, each phase charged for.
    """

    hits: tuple[Hit, ...]
    evidence: float

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """Everything that `SearchResult.to_dict` does not say, as values of Python or numpy."""


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

    def to_dict(self) -> dict[str, Any]:
        """The complete answer as plain values, with the amounts and the explanations by other numbers of phases."""
        from xsearch.report.record import plain, result_record

        return {**result_record(self), "mixture": plain([one.record() for one in self.mixtures])}

    def by_number(self, told: Callable[[AnyExplanation], str]) -> str:
        """What is told of the explanation by one phase, by two and so on, that of the best in brackets."""
        return ", ".join(f"[{told(one)}]" if one is self.best else told(one) for one in self.mixtures)


def best_hits(explanations: Sequence[Explanation]) -> tuple[Hit, ...]:
    """The phases of the explanation with the most evidence; none where there is none."""
    return max(explanations, key=_evidence).hits if explanations else ()


def _evidence(one: Explanation) -> float:
    return one.evidence
