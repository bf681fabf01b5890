"""A beam search for the parts of a sum, the phases of a pattern or the compounds of an edge.

The best sums of each size go on: each is fitted with every part that is proposed for what it leaves. Of the best sum of
the next size every part is then sought again with the others fixed, so that a wrong first guess can be mended. How many
parts there are is decided by the evidence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

LEAST_GAIN = 1e-6
"""Evidence that such a round must have brought for another."""


class Sum(Protocol):
    """Parts that were fitted together."""

    @property
    def parts(self) -> tuple[Any, ...]:
        """The parts."""

    @property
    def places(self) -> tuple[int, ...]:
        """Of the parts in what is searched."""

    @property
    def evidence(self) -> float:
        """Natural logarithm, each part charged for; minus infinity where it is no sum of so many parts."""


AnyPart = TypeVar("AnyPart")
AnySum = TypeVar("AnySum", bound=Sum)
Kind = TypeVar("Kind")


class BeamSearch(ABC, Generic[AnyPart, AnySum, Kind]):
    """A search, with every sum that was fitted.

    Attributes:
        width: sums of one size that are carried on.
        rounds: how often the parts of a sum are sought again, one after the other.
        found: the best sum of each set of places.
        grown: the sets to which parts were added.
    """

    width: ClassVar[int]
    rounds: ClassVar[int] = 2

    def __init__(self) -> None:
        self.found: dict[frozenset[int], AnySum] = {}
        self.grown: set[frozenset[int]] = set()

    @abstractmethod
    def proposed(self, base: AnySum | None) -> Iterable[AnyPart]:
        """Parts that may be added to a sum and are worth a fit; first ones where there is no sum yet."""

    @abstractmethod
    def fitted(self, parts: tuple[AnyPart, ...]) -> AnySum:
        """A sum of these parts as they are."""

    def refined(self, parts: tuple[AnyPart, ...]) -> AnySum:
        """A sum of these parts as they suit it best."""
        return self.fitted(parts)

    @abstractmethod
    def kind(self, place: int) -> Kind:
        """What a sum holds one of at most: the phase or compound at a place."""

    def is_same(self, one: Kind, other: Kind) -> bool:
        """Whether a sum does not hold both."""
        return one == other

    def search(self, most: int) -> list[AnySum]:
        """The best sum of one part, of two and so on, until a further part brings nothing or there are `most`."""
        self._fit_each((), self.proposed(None))
        best = self.of_size(1)[:1]
        while best and len(best) < most:
            size = len(best)
            for base in self.of_size(size)[: self.width]:
                self._grow(base)
            for _ in range(self.rounds):
                if not self._mend(size + 1):
                    break
            best += self.of_size(size + 1)[:1]
            if len(best) == size or best[-1].evidence < best[-2].evidence:
                break
        return best

    def of_size(self, size: int) -> list[AnySum]:
        """The sums of so many parts, the best first."""
        alike = [one for one in self.found.values() if len(one.parts) == size]
        return sorted(alike, key=lambda one: (-one.evidence, sorted(one.places)))

    def holds(self, one: AnySum, kind: Kind) -> bool:
        """Whether a sum holds a kind."""
        return any(self.is_same(kind, self.kind(place)) for place in one.places)

    def support(self, one: AnySum) -> list[float]:
        """(k,) evidence that is lost by the best sum without each part's kind."""
        return [one.evidence - self.best_without(self.kind(place)) for place in one.places]

    def best_without(self, kind: Kind) -> float:
        """Evidence of the best sum that lacks a kind; minus infinity where there is none."""
        return max((one.evidence for one in self.found.values() if not self.holds(one, kind)), default=-np.inf)

    def _grow(self, base: AnySum) -> None:
        """Fit a sum with each part that is proposed for it, unless that was done."""
        key = frozenset(base.places)
        if key not in self.grown and np.isfinite(base.evidence):
            self.grown.add(key)
            self._fit_each(base.parts, self.proposed(base))

    def _fit_each(self, parts: tuple[AnyPart, ...], more: Iterable[AnyPart]) -> None:
        """Fit parts with each of others; of one set of places the best sum is kept."""
        for part in more:
            new = self.refined((*parts, part))
            key = frozenset(new.places)
            if np.isfinite(new.evidence) and (key not in self.found or new.evidence > self.found[key].evidence):
                self.found[key] = new

    def _mend(self, size: int) -> bool:
        """Seek each part of the best sum again while the others stay; whether that made it better."""
        before = self.of_size(size)[:1]
        if not before:
            return False
        for place in range(size):
            parts = self.of_size(size)[0].parts
            self._grow(self.fitted(parts[:place] + parts[place + 1 :]))
        return self.of_size(size)[0].evidence > before[0].evidence + LEAST_GAIN
