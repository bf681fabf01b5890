"""The answer of a search for several phases at once: the best explanation by one, by two and so on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from xsearch.answers.hit import Hit
from xsearch.answers.result import SearchResult


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a mixture.

    Attributes:
        hit: the entry.
        support: log-evidence that the best explanation without this component loses.
    """

    hit: Hit
    support: float


AnyComponent = TypeVar("AnyComponent", bound=Component)


@dataclass(frozen=True, slots=True, eq=False)
class Explanation(Generic[AnyComponent]):
    """The best explanation by a number of components.

    Attributes:
        components: the most abundant first.
        log_evidence: of the whole, up to a constant; each component is charged for.
    """

    components: tuple[AnyComponent, ...]
    log_evidence: float

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The entry of each component."""
        return tuple(one.hit for one in self.components)


AnyExplanation = TypeVar("AnyExplanation", bound="Explanation[Any]")


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedResult(SearchResult, Generic[AnyExplanation]):
    """What a search for several phases at once found: `hits` are those of the best explanation.

    Attributes:
        mixtures: the best explanation by one component, by two and so on; a last one that brought nothing is among
            them.
    """

    mixtures: tuple[AnyExplanation, ...] = ()

    @property
    def best(self) -> AnyExplanation:
        """The explanation with the most evidence, whose components are the hits."""
        return max(self.mixtures, key=_log_evidence)

    @property
    def answer(self) -> tuple[Hit, ...]:
        """All components."""
        return self.hits


def best_hits(explanations: Sequence[Explanation[Any]]) -> tuple[Hit, ...]:
    """The hits of the explanation with the most evidence; none where there is none."""
    return max(explanations, key=_log_evidence).hits if explanations else ()


def _log_evidence(one: Explanation[Any]) -> float:
    return one.log_evidence
