"""The schedule of the search: short runs of many arrangements, longer ones of those that explain the pattern best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from xsearch.checkpoint import NOTHING_KEPT, Checkpoint
from xsearch.chemistry.crystal import Crystal
from xsearch.progress import Watched
from xsearch.solve.arrangements import Arrangement
from xsearch.solve.problem import Frame, Problem
from xsearch.solve.settings import SearchSettings

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The best coordinates of an arrangement so far.

    Attributes:
        problem: the arrangement.
        left: share of what free intensities explain that the crystal leaves.
        crowding: how much its atoms stand too close, an atom.
        at: (orbits, 3) coordinates.
        runs: from different starts.
    """

    problem: Problem
    left: float
    crowding: float
    at: Array
    runs: int

    def cost(self, settings: SearchSettings) -> float:
        """What the search brings to its least: the share left, and the crowding with its weight."""
        return self.left + settings.contact_weight * self.crowding

    def worth(self, settings: SearchSettings) -> float:
        """Natural logarithm of how likely the crystal is, up to a constant: by prior, pattern and freedom."""
        return worth(self.problem.arrangement, self.cost(settings), settings)

    def longer(self, times: float, settings: SearchSettings) -> Trial:
        """The same after one more run from a random start."""
        moves = min(int(times * settings.first_moves * self.problem.arrangement.free), settings.most_moves)
        found = Trial(self.problem, *self.problem.run(self.runs, moves, settings), self.runs + 1)
        return found if found.cost(settings) < self.cost(settings) else replace(self, runs=self.runs + 1)

    @property
    def crystal(self) -> Crystal:
        """The conventional crystal."""
        return self.problem.crystal(self.at)


def worth(arrangement: Arrangement, left: float, settings: SearchSettings) -> float:
    """Natural logarithm of how likely an arrangement is with coordinates that leave some share, up to a constant.

    Every line that stands out counts as one observation of unknown error, and every free coordinate costs what one
    costs by the Bayesian information criterion (Schwarz, Ann. Stat. 6 (1978) 461).
    """
    lines = arrangement.where.lines
    size = max(settings.line_weight * lines.seen, 1.0)
    squares = (left * (lines.total - lines.least) + lines.least) / lines.points
    return float(arrangement.log_odds - 0.5 * size * np.log(squares) - 0.5 * arrangement.free * np.log(size + 1))


@dataclass(frozen=True, slots=True)
class Kept:
    """How far a search had come: what each trial found, by the place of its arrangement."""

    seconds: float
    round_: int
    found: dict[int, tuple[float, float, Array, int]]


def search(
    candidates: Sequence[Arrangement],
    seconds: float,
    settings: SearchSettings,
    threads: int = 1,
    kept: Checkpoint = NOTHING_KEPT,
    clock: Callable[[], float] = monotonic,
) -> list[Trial]:
    """The best crystals of some arrangements, the likeliest first.

    Args:
        candidates: in any order.
        seconds: that may be used, with what a stopped search had used already.
        settings: of the runs.
        threads: for the runs.
        kept: how far the same search had come before it was stopped.
        clock: in seconds; wall time by default.
    """
    before: Kept = kept.get("search") or Kept(0.0, 0, {})
    start = clock() - before.seconds
    frames: dict[int, Frame] = {}
    candidates = sorted(candidates, key=lambda one: -worth(one, 0.0, settings))
    problems = [Problem(frames.setdefault(id(one.where), Frame(one.where)), one) for one in candidates]
    trials = {place: Trial(problems[place], *found) for place, found in before.found.items() if place < len(problems)}

    def keep(number: int) -> None:
        found = {place: (one.left, one.crowding, one.at, one.runs) for place, one in trials.items()}
        kept.put("search", Kept(clock() - start, number, found))

    rounds = ((1.0, len(problems)), *settings.rounds)
    with ThreadPoolExecutor(threads) as pool:
        for number, (times, most) in enumerate(rounds):
            if number < before.round_:
                continue
            until = start + seconds * (settings.first_share if number == 0 else 1.0)
            watched = Watched(most)
            # later runs are long, so that the time is looked at after each
            size = threads if number else settings.together * threads
            for some in _batches(number, most, problems, trials, settings, size):
                if clock() > until:
                    break
                best = max((one.worth(settings) for one in trials.values()), default=-np.inf)
                # what could not be better even if it explained all
                some = [item for item in some if worth(item[1].problem.arrangement, 0.0, settings) > best]
                longer = pool.map(partial(_longer, times=times, settings=settings), some)
                trials.update(longer)
                watched.advance(len(some))
                keep(number)
    return sorted(trials.values(), key=lambda one: -one.worth(settings))


def _longer(item: tuple[int, Trial], times: float, settings: SearchSettings) -> tuple[int, Trial]:
    return item[0], item[1].longer(times, settings)


def _batches(
    number: int,
    most: int,
    problems: Sequence[Problem],
    trials: dict[int, Trial],
    settings: SearchSettings,
    size: int,
) -> Iterator[list[tuple[int, Trial]]]:
    """What is run in a round, a few at a time: all in the first, the best of the earlier ones then."""
    if number == 0:
        chosen = [
            (place, Trial(problem, np.inf, 0.0, np.zeros((0, 3)), 0))
            for place, problem in enumerate(problems)
            if place not in trials
        ]
    else:
        best = sorted(trials.items(), key=lambda item: -item[1].worth(settings))[:most]
        chosen = [(place, one) for place, one in best if one.problem.arrangement.free]
    for start in range(0, len(chosen), size):
        yield chosen[start : start + size]
