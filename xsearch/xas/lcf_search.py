"""The compounds of a mixture by its edge: a beam search over sums of library spectra.

Spectra that go best with what the best sums leave over are proposed by a scan, and each sum's shifts and broadenings
are fitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from xsearch.fit.component_search import BeamSearch
from xsearch.xas.lcf import EdgeSum, EdgeTarget, Part, moved_by
from xsearch.xas.matching import MEASURED_BROADENINGS_eV, SIMULATED_BROADENINGS_eV
from xsearch.xas.scan import Scan

OF_ONE_KIND = 2
"""Proposed spectra that may be of one compound."""

SCANNED = 300
"""Spectra of a large library that are kept for good after the first scan, and after that for the best one's rest."""

STEPS_eV = (0.5, 0.25, 0.125)
"""Of the shifts, one after the other."""

Kind = tuple[str, int]
"""A compound: its reduced formula, and its space group; 0 where that is not known."""


def same_compound(one: Kind, other: Kind) -> bool:
    """Whether two spectra may be of one compound, so that a sum does not hold both."""
    return one[0] == other[0] and (one[1] == other[1] or 0 in (one[1], other[1]))


class CompoundSearch(BeamSearch[Part, EdgeSum, Kind]):
    """The search for the compounds of an edge.

    Args:
        target: the edge and its library.
        kinds: (n,) which compound each spectrum of the library is of.

    Attributes:
        first, later: spectra that are proposed alone, and for a sum.
    """

    width = 5
    first, later = 20, 12
    is_same = staticmethod(same_compound)

    def __init__(self, target: EdgeTarget, kinds: Sequence[Kind]) -> None:
        super().__init__()
        self.target, self.kinds = target, kinds
        self._scan = Scan(target, np.arange(len(target.library)))
        self._alone = self._scan.best()

    def proposed(self, base: EdgeSum | None) -> list[Part]:
        """The spectra that go best with a sum, each at its best shift on the grid, none of the compounds in it."""
        scan, number = (self._scan, self.first) if base is None else (self._narrowed, self.later)
        value, shift_eV = scan.best(base) if base else self._alone
        least = self.least_value(base) if base else -np.inf
        chosen: list[Part] = []
        held: dict[Kind, int] = {}
        for at in np.argsort(-value, kind="stable").tolist():
            if len(chosen) == number or not value[at] > least:
                break
            kind = self.kinds[int(scan.rows[at])]
            held[kind] = held.get(kind, 0) + 1
            if held[kind] <= OF_ONE_KIND and not (base and self.holds(base, kind)):
                chosen.append(scan.part(at, shift_eV[at]))
        return chosen

    def least_value(self, base: EdgeSum) -> float:
        """What a spectrum must surpass in the scan to be worth a fit together with a sum."""
        return -np.inf

    @cached_property
    def _narrowed(self) -> Scan:
        """The spectra that are nearest to the edge and to what the best single one leaves, and all measured."""
        scan = self._scan
        if len(scan.rows) <= 2 * SCANNED:
            return scan
        values = (self._alone[0], scan.best(self.of_size(1)[0])[0])
        kept = [scan.rows[np.argsort(-value, kind="stable")[:SCANNED]] for value in values]
        measured = np.flatnonzero(self.target.is_measured)
        return Scan(self.target, np.unique(np.concatenate([*kept, measured])))

    def fitted(self, parts: tuple[Part, ...]) -> EdgeSum:
        """Spectra with their weights, moved and broadened as they are."""
        return self.target.fit(parts)

    def refined(self, parts: tuple[Part, ...]) -> EdgeSum:
        """Spectra with their weights, shifts and broadenings."""
        return refined(self.target, parts)

    def of_size(self, size: int) -> list[EdgeSum]:
        """The sums of so many compounds, the best first, of the same compounds the best one."""
        best: dict[frozenset[Kind], EdgeSum] = {}
        for one in super().of_size(size):
            best.setdefault(frozenset(self.kinds[place] for place in one.places), one)
        return list(best.values())

    def kind(self, place: int) -> Kind:
        """The compound of a spectrum."""
        return self.kinds[place]


def refined(target: EdgeTarget, parts: tuple[Part, ...]) -> EdgeSum:
    """A sum with the shifts and broadenings that suit it best, by steps that are halved."""
    best = target.fit(parts)
    for step in STEPS_eV:
        improved = True
        while improved:
            before = best.evidence
            for move in _shifts(target, best, step):
                new = target.fit(moved_by(best.parts, *move))
                while new.evidence > best.evidence:
                    best, new = new, target.fit(moved_by(new.parts, *move))
            for parts in _broadenings(target, best):
                new = target.fit(parts)
                best = new if new.evidence > best.evidence else best
            improved = best.evidence > before + 1e-3
    return best


def _shifts(target: EdgeTarget, now: EdgeSum, step_eV: float) -> Iterator[tuple[list[int], float]]:
    """Which parts to move and by how much: the measured ones together, and each alone."""
    measured = [place for place, one in enumerate(now.parts) if target.is_measured[one.place]]
    groups = [*([measured] if len(measured) > 1 else []), *([place] for place in range(len(now.parts)))]
    return ((group, sign * step_eV) for group in groups for sign in (-1, 1))


def _broadenings(target: EdgeTarget, now: EdgeSum) -> Iterator[tuple[Part, ...]]:
    """The parts with one of them broadened otherwise."""
    for place, one in enumerate(now.parts):
        offered = MEASURED_BROADENINGS_eV if target.is_measured[one.place] else SIMULATED_BROADENINGS_eV
        for broadening in offered:
            if broadening != one.broadening_eV:
                changed = replace(one, broadening_eV=broadening)
                yield (*now.parts[:place], changed, *now.parts[place + 1 :])
