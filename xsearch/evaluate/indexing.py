"""How often the true cell of a powder pattern is found from the pattern alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.formula import whole_formula
from xsearch.evaluate.indexing_samples import (
    LATTICE_SYSTEMS,
    IndexingSample,
    checked,
    measured_samples,
    published_samples,
    simulated_samples,
)
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.indexing.comparison import are_one_lattice, reduced_cell
from xsearch.indexing.pattern import cells_of
from xsearch.search.rank import volumes

DEPTHS = (1, 10)
"""Of a list of cells, at which a right one is counted."""

SETS = ("measured", "simulated", "laboratory")
"""Measured patterns; simulated ones of a published benchmark; ones simulated here under laboratory conditions."""

Indexer = Callable[[IndexingSample], tuple[list[NDArray[np.float64]], bool]]
"""Gives reduced primitive cells, the best first, and whether the first is said to be likely."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One indexing: the rank of the true lattice (0: not among the cells).

    Attributes:
        name, lattice: of the sample.
        likely: whether the first cell was said to be likely.
        seconds: of processor time.
        volume_ratio: of the first cell's primitive volume over the true one; 0 without a cell.
    """

    name: str
    lattice: str
    rank: int
    likely: bool
    seconds: float
    volume_ratio: float


def samples_of(
    name: str, data: Path, index: str, report: bool, refuse: Callable[[str], None]
) -> Iterator[IndexingSample]:
    """The samples of one of `SETS`."""
    if name == "measured":
        found = measured_samples(data / "pxrd_measured.parquet", refuse)
    elif name == "simulated":
        found = published_samples(data / "pxrd_no_template.parquet", data / "mp_structures.parquet", report, refuse)
    else:
        found = simulated_samples(index, report)
    return checked(found, refuse)


def indexed(sample: IndexingSample, with_formula: bool = False) -> tuple[list[NDArray[np.float64]], bool]:
    """The reduced primitive cells that indexing gives, and whether the first is likely.

    Args:
        sample: the pattern.
        with_formula: whether its formula is given.
    """
    formula = whole_formula(sample.formula) if with_formula else None
    answer = cells_of(sample.pattern, max(DEPTHS), formula=formula)
    cells = [reduced_cell(cell.parameters, cell.centring) for cell in answer.cells]
    return cells, answer.verdict == "cell found"


def outcome_of(sample: IndexingSample, indexer: Indexer = indexed) -> Outcome:
    """Index one pattern and compare."""
    began = process_time()
    cells, likely = indexer(sample)
    seconds = process_time() - began
    rank = next((place for place, cell in enumerate(cells, 1) if is_right(cell, sample)), 0)
    ratio = float(np.divide(*volumes(np.stack([cells[0], sample.cells[0]])))) if cells else 0.0
    return Outcome(sample.name, sample.lattice, rank, likely, seconds, ratio)


def is_right(cell: NDArray[np.float64], sample: IndexingSample) -> bool:
    """Whether a reduced primitive cell is a true one within the sample's tolerance."""
    return any(are_one_lattice(true, cell, sample.length_share, sample.angle_deg) for true in sample.cells)


def evaluate(
    name: str,
    data: Path,
    *,
    index: str = "mp",
    report: bool = True,
    patterns: int | None = None,
    log: Path | None = None,
    indexer: Indexer = indexed,
    say: Callable[[Outcome], None] | None = None,
) -> dict[str, Any]:
    """Index the patterns of a set and count the true lattices among the first cells.

    Args:
        name: one of `SETS`. data: folder of the tables. index: for patterns that are simulated here.
        report: the half of formulas that figures are reported on, or the other one; measured ones are not halved.
        patterns: how many at most.
        log: keeps outcomes; a later run goes on from there.
        indexer: what is judged.
        say: called with each outcome.
    """
    left_out: Counter[str] = Counter()
    kept = OutcomeLog(log, lambda stored: Outcome(**stored), lambda one: one.name)
    found = []
    samples = samples_of(name, data, index, report, lambda reason: left_out.update([reason]))
    for sample in islice(samples, patterns):
        outcome = kept.done.get(sample.name) or outcome_of(sample, indexer)
        kept.add(outcome)
        found.append(outcome)
        if say is not None:
            say(outcome)
    return {"set": name, **figures(found), "unusable": dict(sorted(left_out.items()))}


def figures(found: Sequence[Outcome]) -> dict[str, Any]:
    """Shares of the true lattice among the first cells, in all and by lattice, and processor seconds a pattern."""
    seconds = [one.seconds for one in found]
    sure = [one for one in found if one.likely]
    return {
        **_shares(found),
        "seconds_p50": float(np.percentile(seconds, 50)) if seconds else 0.0,
        "seconds_p95": float(np.percentile(seconds, 95)) if seconds else 0.0,
        "said_likely": len(sure),
        "likely_right": float(np.mean([one.rank == 1 for one in sure])) if sure else 0.0,
        **{
            lattice: _shares(some)
            for lattice in LATTICE_SYSTEMS
            if (some := [one for one in found if one.lattice == lattice])
        },
    }


def _shares(found: Sequence[Outcome]) -> dict[str, Any]:
    tops = {f"top{k}": float(np.mean([0 < one.rank <= k for one in found])) if found else 0.0 for k in DEPTHS}
    return {"n": len(found), **tops}


def as_line(outcome: Outcome) -> str:
    """One outcome as a line for the terminal."""
    o = asdict(outcome)
    return f"{o['name']:32s} {o['lattice']:13s} rank {o['rank']:2d}  V {o['volume_ratio']:6.3f}  {o['seconds']:6.2f} s"
