"""A beam search for the components of a mixture: the phases of a pattern or the compounds of an edge.

The best fits of each size go on: each is fitted with every component that is proposed for what it leaves. Of the best
fit of the next size every component is then sought again with the others fixed, so that a wrong first choice can be
corrected. How many components there are is decided by the evidence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

LEAST_GAIN = 1e-6
"""Log-evidence that a round of corrections must bring for another round; a numerical tolerance."""


class Fit(Protocol):
    """Components that were fitted together."""

    @property
    def components(self) -> tuple[Any, ...]:
        """The components."""

    @property
    def places(self) -> tuple[int, ...]:
        """Of the components in what is searched."""

    @property
    def evidence(self) -> float:
        """Log-evidence, less a cost for each component; minus infinity where one of them has no amount."""


AnyComponent = TypeVar("AnyComponent")
AnyFit = TypeVar("AnyFit", bound=Fit)
Identity = TypeVar("Identity")


class BeamSearch(ABC, Generic[AnyComponent, AnyFit, Identity]):
    """A search, with every fit that was made.

    Attributes:
        width: fits of one size that are carried on.
        rounds: how often the components of a fit are sought again, one after the other.
        found: the best fit of each set of places.
        extended: the sets to which components were added.
    """

    width: int
    rounds: int = 2

    def __init__(self) -> None:
        self.found: dict[frozenset[int], AnyFit] = {}
        self.extended: set[frozenset[int]] = set()

    @abstractmethod
    def proposed(self, base: AnyFit | None) -> Iterable[AnyComponent]:
        """Components that may be added to a fit; the first ones where there is no fit yet."""

    @abstractmethod
    def fitted(self, components: tuple[AnyComponent, ...]) -> AnyFit:
        """A fit of these components as they are."""

    def refined(self, components: tuple[AnyComponent, ...]) -> AnyFit:
        """A fit of these components with all that belongs to them refined."""
        return self.fitted(components)

    @abstractmethod
    def identity(self, place: int) -> Identity:
        """The phase or compound at a place; a fit holds each at most once."""

    def is_same(self, one: Identity, other: Identity) -> bool:
        """Whether a fit does not hold both."""
        return one == other

    def search(self, most: int) -> list[AnyFit]:
        """The best fit of one component, of two and so on, until a further one brings nothing or there are `most`."""
        self._fit_each((), self.proposed(None))
        best = self.of_size(1)[:1]
        while best and len(best) < most:
            size = len(best)
            for base in self.of_size(size)[: self.width]:
                self._extend(base)
            for _ in range(self.rounds):
                if not self._correct(size + 1):
                    break
            best += self.of_size(size + 1)[:1]
            if len(best) == size or best[-1].evidence < best[-2].evidence:
                break
        return best

    def of_size(self, size: int) -> list[AnyFit]:
        """The fits of so many components, the best first."""
        alike = [one for one in self.found.values() if len(one.components) == size]
        return sorted(alike, key=lambda one: (-one.evidence, sorted(one.places)))

    def holds(self, one: AnyFit, identity: Identity) -> bool:
        """Whether a fit holds a phase or compound."""
        return any(self.is_same(identity, self.identity(place)) for place in one.places)

    def support(self, one: AnyFit) -> list[float]:
        """(k,) log-evidence that the best fit without each component loses."""
        return [one.evidence - self.best_without(self.identity(place)) for place in one.places]

    def best_without(self, identity: Identity) -> float:
        """Evidence of the best fit that lacks a phase or compound; minus infinity where there is none."""
        return max((one.evidence for one in self.found.values() if not self.holds(one, identity)), default=-np.inf)

    def _extend(self, base: AnyFit) -> None:
        """Fit a fit's components with each that is proposed for it, unless that was done."""
        key = frozenset(base.places)
        if key not in self.extended and np.isfinite(base.evidence):
            self.extended.add(key)
            self._fit_each(base.components, self.proposed(base))

    def _fit_each(self, components: tuple[AnyComponent, ...], more: Iterable[AnyComponent]) -> None:
        """Fit components with each of others; of one set of places the best fit is kept."""
        for component in more:
            new = self.refined((*components, component))
            key = frozenset(new.places)
            if np.isfinite(new.evidence) and (key not in self.found or new.evidence > self.found[key].evidence):
                self.found[key] = new

    def _correct(self, size: int) -> bool:
        """Seek each component of the best fit again while the others stay; whether that made it better."""
        before = self.of_size(size)[:1]
        if not before:
            return False
        for place in range(size):
            components = self.of_size(size)[0].components
            self._extend(self.fitted(components[:place] + components[place + 1 :]))
        return self.of_size(size)[0].evidence > before[0].evidence + LEAST_GAIN
