"""How often a search finds the right crystal of a measured powder pattern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from xsearch.errors import QueryError, SpectrumError
from xsearch.evaluate.labelled import LabelledPattern, read_labelled, right_rows
from xsearch.results import Hit
from xsearch.search import SearchIndex, open_index

if TYPE_CHECKING:
    from rich.console import RenderableType

DEPTHS = (1, 5, 10, 50)


class Elements(StrEnum):
    """What a search is told of the sample's elements."""

    NONE = "none"
    SUBSET = "subset"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pattern: rank of the first right hit (None: not among those asked for), whether any entry is right."""

    label: str
    answerable: bool
    rank: int | None
    latency_ms: float
    first: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of an evaluation: clean patterns make the figures, doubtful ones stand apart."""

    elements: Elements
    index: str
    clean: tuple[Outcome, ...]
    doubtful: tuple[Outcome, ...] = ()
    refused: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The figures of the clean patterns, and those of the doubtful ones under `doubtful`."""
        return {
            "elements": self.elements.value,
            "index": self.index,
            **figures(self.clean),
            "doubtful": figures(self.doubtful),
            "refused": list(self.refused),
            "patterns": [
                {"label": o.label, "answerable": o.answerable, "rank": o.rank, "first": o.first, "verdict": o.verdict}
                for o in (*self.clean, *self.doubtful)
            ],
        }

    def table(self) -> RenderableType:
        """The same as a table for a terminal."""
        from rich.table import Table

        table = Table(title=f"{self.index}, elements: {self.elements.value}")
        for heading in ("patterns", "N", "answerable", *(f"top {k}" for k in DEPTHS), "p50", "p95"):
            table.add_column(heading, justify="left" if heading == "patterns" else "right")
        for name, outcomes in (("clean", self.clean), ("doubtful label or texture", self.doubtful)):
            if outcomes:
                f = figures(outcomes)
                shares = [f"{100 * f[f'top{k}']:.1f} %" for k in DEPTHS]
                times = [f"{f[f'latency_ms_{p}']:.0f} ms" for p in ("p50", "p95")]
                table.add_row(name, str(f["n"]), str(f["answerable"]), *shares, *times)
        return table


def figures(outcomes: tuple[Outcome, ...]) -> dict[str, float | int]:
    """N, how many are answerable, shares of those with a right hit among the first k, and the latency."""
    answerable = [o for o in outcomes if o.answerable]
    latencies = [o.latency_ms for o in outcomes] or [float("nan")]
    shares = {
        f"top{k}": float(np.mean([o.rank is not None and o.rank <= k for o in answerable])) if answerable else 0.0
        for k in DEPTHS
    }
    return {
        "n": len(outcomes),
        "answerable": len(answerable),
        **shares,
        "latency_ms_p50": float(np.percentile(latencies, 50)),
        "latency_ms_p95": float(np.percentile(latencies, 95)),
    }


def evaluate(
    path: str | Path,
    index: str | SearchIndex | None = None,
    elements: Elements | str = Elements.NONE,
    *,
    measured_cells: bool = True,
    prior: str = "known",
    progress: Callable[[Outcome], None] | None = None,
) -> Report:
    """Search for every labelled single-phase pattern and note where the first right hit stands.

    Args:
        path: a Parquet file with the columns label, single_phase, wavelength, two_theta, intensity, structure_json and,
            optionally, sim_cosine.
        index: an opened index or its name; the one in use by default.
        elements: tell the search nothing, the elements allowed, or exactly these.
        measured_cells: whether measured cells linked to computed entries are searched.
        prior: as in `SearchIndex.search`.
        progress: called with each outcome.

    Raises:
        SpectrumError: where the file cannot be used.
    """
    told = Elements(elements)
    opened = index if isinstance(index, SearchIndex) else open_index(index)
    outcomes: dict[bool, list[Outcome]] = {True: [], False: []}
    refused: list[str] = []
    warm = False
    for labelled in read_labelled(path):
        given = _given(labelled, told)
        try:
            if not warm:
                opened.search(labelled.pattern, top=1, prior=prior)
                warm = True
            begin = perf_counter()
            result = opened.search(
                labelled.pattern, top=max(DEPTHS), prior=prior, measured_cells=measured_cells, **given
            )
            latency_ms = (perf_counter() - begin) * 1e3
        except (SpectrumError, QueryError) as error:
            refused.append(f"{labelled.label}: {error}")
            continue
        right = right_rows(opened.index, labelled)
        ids = {material.material_id for material in opened.index.materials(right)}
        rank = next((hit.rank for hit in result.hits if _holds(hit, ids)), None)
        first = result.hits[0] if result.hits else None
        outcome = Outcome(
            label=labelled.label,
            answerable=bool(right),
            rank=rank,
            latency_ms=latency_ms,
            first=f"{first.material_id} {first.formula}" if first else "",
            verdict=result.verdict,
        )
        outcomes[labelled.is_clean].append(outcome)
        if progress:
            progress(outcome)
    return Report(told, opened.name, tuple(outcomes[True]), tuple(outcomes[False]), tuple(refused))


def _given(labelled: LabelledPattern, told: Elements) -> dict[str, Any]:
    if told is Elements.SUBSET:
        return {"only": labelled.elements}
    return {"exactly": labelled.elements} if told is Elements.EXACT else {}


def _holds(hit: Hit, ids: set[str]) -> bool:
    """Whether a hit, or a duplicate folded into it, is one of the right entries."""
    return any(one.material_id in ids or one.matched.material_id in ids for one in (hit, *hit.duplicates))
