"""The phases of a mixture: a beam search over sums of phases, each strained to what the others leave.

From the pattern, and from what the best sums leave of it, phases are recalled and matched as for a single phase. Each
is tried in a joint fit; the best sums go on. Of the best sum of each size every phase is then sought again with the
others fixed, so that a wrong first guess can be mended. How many phases there are is decided by the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from xsearch.indexes import Index
from xsearch.preprocess.powder import NetPattern
from xsearch.search.joint import Component, Hypothesis, Target, components
from xsearch.search.rank import phases
from xsearch.search.selection import Selection

MATCHED_FIRST, MATCHED_LATER = 400, 200
"""Rows of each recall list that are matched: to the whole pattern, and to what is left of it."""

PROPOSED_FIRST, PROPOSED_LATER = 80, 30
"""Phases that go into joint fits."""

BEAM = 4
"""Sums of one size that are carried on."""

ROUNDS = 2
"""How often the phases of a sum are sought again, one after the other."""

Kind = tuple[int, int]


def kind(index: Index, row: int) -> Kind:
    """Formula and space group: a sum holds no two phases that share both."""
    return int(index.columns.formula_group[row]), int(index.columns.space_group[row])


def propose(selected: Selection, pattern: NetPattern, matched: int, proposed: int) -> list[Component]:
    """The best phases for a pattern, one entry each, the best first."""
    matches, evidence = selected.match(pattern, selected.recall(pattern, matched))
    places = [group[0] for group in phases(selected.index, matches, evidence.total)[:proposed]]
    return components(selected.index, pattern, matches.take(places), selected.prior)


class Explored:
    """Every hypothesis that was fitted, each set of rows once, and to which of them phases were added."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.found: dict[frozenset[int], Hypothesis] = {}
        self.grown: set[frozenset[int]] = set()

    def fit(self, parts: tuple[Component, ...]) -> Hypothesis:
        """Fit a sum; of one set of rows the better strains are kept."""
        new = self.target.fit(parts)
        key = frozenset(new.rows)
        if key not in self.found or new.evidence > self.found[key].evidence:
            self.found[key] = new
        return new

    def of_size(self, size: int) -> list[Hypothesis]:
        """The hypotheses of so many phases, the best first; every phase in them has an amount above zero."""
        alike = [one for one in self.found.values() if len(one.components) == size and (one.amounts > 0).all()]
        return sorted(alike, key=lambda one: (-one.evidence, sorted(one.rows)))

    def best_without(self, lacking: Kind, index: Index) -> float:
        """Evidence of the best hypothesis that lacks a phase of that kind; minus infinity where there is none."""
        others = (one.evidence for one in self.found.values() if lacking not in _kinds(one, index))
        return max(others, default=-np.inf)


def find_mixture(
    selected: Selection, pattern: NetPattern, most: int, required: frozenset[str] = frozenset()
) -> tuple[list[Hypothesis], Explored]:
    """The best sum of one phase, of two, and so on, until a further phase brings nothing or `most` is reached.

    Args:
        selected: the rows to choose from.
        pattern: the net pattern.
        most: phases at most.
        required: elements that the phases together must hold.

    Returns:
        The best hypothesis of each size, and all that were fitted.
    """
    target = Target(pattern, len(selected.rows), required)
    explored = Explored(target)
    pool = propose(selected, pattern, MATCHED_FIRST, PROPOSED_FIRST)
    for part in pool:
        explored.fit((part,))
    best = explored.of_size(1)[:1]
    while best and len(best) < most:
        size = len(best)
        for base in explored.of_size(size)[:BEAM]:
            _grow(selected, explored, base.components, pool)
        for _ in range(ROUNDS):
            if not _mend(selected, explored, size + 1, pool):
                break
        grown = explored.of_size(size + 1)
        if not grown:
            break
        best.append(grown[0])
        if grown[0].evidence < best[-2].evidence:
            break
    return best, explored


def _grow(selected: Selection, explored: Explored, base: tuple[Component, ...], pool: Iterable[Component]) -> None:
    """Fit a sum with each phase that may be added to it: those for what it leaves, and those for the whole pattern."""
    rows = frozenset(one.row for one in base)
    if rows in explored.grown:
        return
    explored.grown.add(rows)
    left = explored.target.remainder(explored.target.fit(base))
    proposals = [] if left is None else propose(selected, left, MATCHED_LATER, PROPOSED_LATER)
    for part in _others(selected.index, base, [*proposals, *pool]):
        explored.fit((*base, part))


def _mend(selected: Selection, explored: Explored, size: int, pool: Iterable[Component]) -> bool:
    """Seek each phase of the best sum again while the others stay; whether that made it better."""
    before = explored.of_size(size)[:1]
    if not before:
        return False
    for place in range(size):
        now = explored.of_size(size)[0].components
        _grow(selected, explored, now[:place] + now[place + 1 :], pool)
    return explored.of_size(size)[0].evidence > before[0].evidence + 1e-6


def _others(index: Index, base: tuple[Component, ...], parts: Iterable[Component]) -> Iterator[Component]:
    taken = {kind(index, one.row) for one in base}
    return (part for part in parts if kind(index, part.row) not in taken)


def _kinds(hypothesis: Hypothesis, index: Index) -> set[Kind]:
    return {kind(index, row) for row in hypothesis.rows}
