"""The compounds of a mixture by its edge: a beam search over sums of library spectra.

Spectra that go best with what the best sums leave over are proposed by a scan, each sum's shifts and broadenings are
fitted, and of the best sum of each size every compound is then sought again with the others fixed. How many compounds
there are is decided by the evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from xsearch.search.edges.match import MEASURED_BROADENINGS_eV, SIMULATED_BROADENINGS_eV
from xsearch.search.edges.scan import Scan
from xsearch.search.edges.sums import EdgeSum, EdgeTarget, Part, moved_by

BEAM = 5
"""Sums of one size that are carried on."""

PROPOSED_FIRST, PROPOSED_LATER, OF_ONE_KIND = 20, 12, 2
"""Spectra that go into fits, of which so many may be of one compound."""

ROUNDS = 2
"""How often the compounds of a sum are sought again, one after the other."""

SCANNED = 300
"""Spectra of a large library that are kept for good after the first scan, and after that for the best one's rest."""

STEPS_eV = (0.5, 0.25, 0.125)
"""Of the shifts, one after the other."""

Kind = tuple[str, int]
"""A compound: its reduced formula, and its space group; 0 where that is not known."""


def same_compound(one: Kind, other: Kind) -> bool:
    """Whether two spectra may be of one compound, so that a sum does not hold both."""
    return one[0] == other[0] and (one[1] == other[1] or 0 in (one[1], other[1]))


class Explored:
    """Every sum that was fitted, each set of spectra once.

    Attributes:
        target: the edge.
        kinds: (n,) which compound each spectrum of the library is of; a sum holds one of each.
        found: the sums.
        grown: to which spectra were added.
    """

    def __init__(self, target: EdgeTarget, kinds: Sequence[Kind]) -> None:
        self.target, self.kinds = target, kinds
        self.found: dict[frozenset[int], EdgeSum] = {}
        self.grown: set[frozenset[int]] = set()

    def fit(self, parts: tuple[Part, ...]) -> None:
        """Fit a sum with its shifts and broadenings; of one set of spectra the best is kept."""
        new = refined(self.target, parts)
        key = frozenset(new.places)
        if np.isfinite(new.evidence) and (key not in self.found or new.evidence > self.found[key].evidence):
            self.found[key] = new

    def of_size(self, size: int) -> list[EdgeSum]:
        """The sums of so many compounds, the best first, of the same compounds the best one."""
        alike = [one for one in self.found.values() if len(one.parts) == size]
        alike.sort(key=lambda one: (-one.evidence, sorted(one.places)))
        best: dict[frozenset[Kind], EdgeSum] = {}
        for one in alike:
            best.setdefault(self.held(one), one)
        return list(best.values())

    def held(self, one: EdgeSum) -> frozenset[Kind]:
        """The compounds of a sum."""
        return frozenset(self.kinds[place] for place in one.places)

    def best_without(self, kind: Kind) -> float:
        """Evidence of the best sum that lacks a compound; minus infinity where there is none."""
        lacking = (
            one.evidence for one in self.found.values() if not any(same_compound(kind, k) for k in self.held(one))
        )
        return max(lacking, default=-np.inf)


def find_mixture(target: EdgeTarget, kinds: Sequence[Kind], most: int) -> tuple[list[EdgeSum], Explored]:
    """The best sum of one compound, of two and so on, until a further one brings nothing or `most` is reached.

    Args:
        target: the edge and its library.
        kinds: (n,) which compound each spectrum is of.
        most: compounds at most.

    Returns:
        The best sum of each size, and all that were fitted.
    """
    explored = Explored(target, kinds)
    scan = Scan(target, np.arange(len(target.library)))
    for part in proposed(scan, None, (), kinds, PROPOSED_FIRST):
        explored.fit((part,))
    best = explored.of_size(1)[:1]
    if best and most > 1:
        scan = narrowed(scan, best[0])
    while best and len(best) < most:
        size = len(best)
        for base in explored.of_size(size)[:BEAM]:
            _grow(explored, scan, base)
        for _ in range(ROUNDS):
            if not _mend(explored, scan, size + 1):
                break
        grown = explored.of_size(size + 1)
        if not grown:
            break
        best.append(grown[0])
        if grown[0].evidence < best[-2].evidence:
            break
    return best, explored


def proposed(
    scan: Scan, base: EdgeSum | None, taken: Collection[Kind], kinds: Sequence[Kind], number: int
) -> list[Part]:
    """The spectra that go best with a sum, each at its best shift on the grid, none of the compounds taken."""
    value, shift_eV = scan.best(base)
    chosen: list[Part] = []
    held: dict[Kind, int] = {}
    for at in np.argsort(-value, kind="stable").tolist():
        if len(chosen) == number or not np.isfinite(value[at]):
            break
        kind = kinds[int(scan.rows[at])]
        held[kind] = held.get(kind, 0) + 1
        if held[kind] <= OF_ONE_KIND and not any(same_compound(kind, other) for other in taken):
            chosen.append(scan.part(at, shift_eV[at]))
    return chosen


def narrowed(scan: Scan, best: EdgeSum) -> Scan:
    """A scan of the spectra that are nearest to an edge and to what the best single one leaves, and all measured."""
    if len(scan.rows) <= 2 * SCANNED:
        return scan
    values = (scan.best(base)[0] for base in (None, best))
    kept = [scan.rows[np.argsort(-value, kind="stable")[:SCANNED]] for value in values]
    measured = np.flatnonzero(scan.target.is_measured)
    return Scan(scan.target, np.unique(np.concatenate([*kept, measured])))


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


def _grow(explored: Explored, scan: Scan, base: EdgeSum) -> None:
    """Fit a sum with each spectrum that goes well with it."""
    key = frozenset(base.places)
    if key in explored.grown or not np.isfinite(base.evidence):
        return
    explored.grown.add(key)
    for part in proposed(scan, base, explored.held(base), explored.kinds, PROPOSED_LATER):
        explored.fit((*base.parts, part))


def _mend(explored: Explored, scan: Scan, size: int) -> bool:
    """Seek each compound of the best sum again while the others stay; whether that made it better."""
    before = explored.of_size(size)[:1]
    if not before:
        return False
    for place in range(size):
        now = explored.of_size(size)[0].parts
        _grow(explored, scan, explored.target.fit(now[:place] + now[place + 1 :]))
    return explored.of_size(size)[0].evidence > before[0].evidence + 1e-6
