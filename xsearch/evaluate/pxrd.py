"""How often a search finds the right crystal of a measured powder pattern."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from xsearch.answers import Hit, SearchResult
from xsearch.chemistry.space_groups import crystal_system
from xsearch.data.labelled_patterns import LabelledPattern, read_labelled, right_rows, rows_without_hydrogen
from xsearch.data.scores import expected_calibration_error
from xsearch.errors import QueryError, SpectrumError
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.evaluate.recall import recall_figures, recall_places
from xsearch.options import Given, parse_choice
from xsearch.search import SearchIndex, open_index
from xsearch.search.nearest_neighbours import parse_ranking

if TYPE_CHECKING:
    from rich.console import RenderableType

DEPTHS = (1, 5, 10, 50)
"""Of a ranking, at which a right answer is counted."""
SYMMETRY_FIGURES = (
    "crystal_system_accuracy",
    "space_group_accuracy",
    "likeliest_system_accuracy",
    "likeliest_group_accuracy",
)
NO_MATCH = "no confident match"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pattern: rank of the first right hit (None: not among the hits), and whether any entry is right.

    Attributes:
        score: of the first hit. left_out_score, left_out_verdict: the same with the right entries left out of the
            index; NaN and empty where that was not tried.
        space_groups: number of the label's and of the first hit's space group, 0 where unknown.
        likeliest: the most probable crystal system and space group of the symmetry posterior.
        places: of the first right row in each recall list, where there is a right row.
        rank_without_hydrogen: of the first hit that is right where hydrogen is ignored.
        rank_of_group: rank where the first hit and its twins count as one.
        is_clean: whether nothing hints at a wrong label.
    """

    label: str
    answerable: bool
    rank: int | None
    latency_ms: float
    first: str
    verdict: str
    score: float = float("nan")
    left_out_score: float = float("nan")
    left_out_verdict: str = ""
    space_groups: tuple[int, int] = (0, 0)
    likeliest: tuple[str, int] = ("", 0)
    places: dict[str, int] = field(default_factory=dict)
    rank_without_hydrogen: int | None = None
    rank_of_group: int | None = None
    is_clean: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of an evaluation: clean patterns make the figures, doubtful ones stand apart.

    `refused` are patterns that a search refuses, `unusable` rows of the table without what a search needs, each with
    its reason.
    """

    given: Given
    index: str
    ranking: str
    clean: tuple[Outcome, ...]
    doubtful: tuple[Outcome, ...] = ()
    refused: tuple[str, ...] = field(default=())
    unusable: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The figures of the clean patterns, and those of the doubtful ones under `doubtful`."""
        return {
            "elements": self.given.value,
            "index": self.index,
            "ranking": self.ranking,
            **figures(self.clean),
            "doubtful": figures(self.doubtful),
            "refused": list(self.refused),
            "unusable": list(self.unusable),
            "patterns": [
                {
                    "label": o.label,
                    "answerable": o.answerable,
                    "rank": o.rank,
                    "rank_without_hydrogen": o.rank_without_hydrogen,
                    "rank_of_group": o.rank_of_group,
                    "first": o.first,
                    "verdict": o.verdict,
                    "score": o.score,
                    "removed_score": o.left_out_score,
                    "removed_verdict": o.left_out_verdict,
                }
                for o in (*self.clean, *self.doubtful)
            ],
        }

    def table(self) -> RenderableType:
        """The same as a table for a terminal."""
        from rich.table import Table

        table = Table(title=f"{self.index}, given elements: {self.given.value}, ranking: {self.ranking}")
        for heading in (
            "patterns",
            "N",
            "answerable",
            *(f"top {k}" for k in DEPTHS),
            "refused if missing",
            "p50",
            "p95",
        ):
            table.add_column(heading, justify="left" if heading == "patterns" else "right")
        for name, outcomes in (("clean", self.clean), ("doubtful label or texture", self.doubtful)):
            if outcomes:
                f = figures(outcomes)
                shares = [f"{100 * f[f'top{k}']:.1f} %" for k in DEPTHS]
                times = [f"{f[f'latency_ms_{p}']:.0f} ms" for p in ("p50", "p95")]
                refused = f["refused_when_removed"]
                shares.append("-" if refused is None else f"{100 * refused:.1f} %")
                table.add_row(name, str(f["n"]), str(f["answerable"]), *shares, *times)
        return table


def figures(outcomes: tuple[Outcome, ...]) -> dict[str, Any]:
    """N, how many are answerable, shares of those with a right hit among the first k, and the latency."""
    answerable = [o for o in outcomes if o.answerable]
    latencies = [o.latency_ms for o in outcomes] or [float("nan")]

    def shares(name: str, ranks: Sequence[int | None]) -> dict[str, float]:
        return {
            f"{name}{k}": float(np.mean([rank is not None and rank <= k for rank in ranks])) if ranks else 0.0
            for k in DEPTHS
        }

    return {
        "n": len(outcomes),
        "answerable": len(answerable),
        **shares("top", [one.rank for one in answerable]),
        **shares("groups_top", [one.rank_of_group for one in answerable]),
        "top1_without_hydrogen": _share_first(answerable),
        "latency_ms_p50": float(np.percentile(latencies, 50)),
        "latency_ms_p95": float(np.percentile(latencies, 95)),
        **symmetry(outcomes),
        **calibration(outcomes),
        **recall_figures([o.places for o in outcomes if o.places]),
    }


def _share_first(outcomes: Sequence[Outcome]) -> float:
    """Share of patterns whose first hit is right where hydrogen is ignored."""
    return float(np.mean([one.rank_without_hydrogen == 1 for one in outcomes])) if outcomes else 0.0


def symmetry(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """Shares of patterns whose first hit has the crystal system and the space group of the label.

    Beside them the same for the most probable symmetry of the posterior. Patterns that the index cannot answer count
    too: a wrong compound may well have the right symmetry.
    """
    pairs = [one.space_groups for one in outcomes if one.space_groups[0]]
    if not pairs:
        return dict.fromkeys(SYMMETRY_FIGURES)
    said = [(one.space_groups[0], *one.likeliest) for one in outcomes if one.space_groups[0]]
    return {
        "crystal_system_accuracy": float(
            np.mean([bool(found) and crystal_system(truth) == crystal_system(found) for truth, found in pairs])
        ),
        "space_group_accuracy": float(np.mean([truth == found for truth, found in pairs])),
        "likeliest_system_accuracy": float(np.mean([crystal_system(truth) == system for truth, system, _ in said])),
        "likeliest_group_accuracy": float(np.mean([truth == group for truth, _, group in said])),
    }


def calibration(outcomes: Sequence[Outcome]) -> dict[str, float | int | None]:
    """Calibration of the scores, over the answerable patterns that were also searched with their answer left out.

    Returns:
        `removed`: how many these are. `ece`: expected calibration error of the first hit's score in equal
        bins, with and without the answer in equal parts (Naeini et al., AAAI 2015). `refused_when_removed`: share of
        the searches without the answer whose verdict is `no confident match`; `accepted_when_right`: share of right
        first hits whose verdict is another. `refused_at_95`: share refused at the score that 95 % of right first
        hits reach. None where nothing was tried.
    """
    tried = [one for one in outcomes if one.answerable and one.left_out_verdict]
    right = [one for one in tried if one.rank == 1]
    empty: dict[str, float | int | None] = {
        "removed": len(tried),
        "ece": None,
        "refused_when_removed": None,
        "accepted_when_right": None,
        "refused_at_95": None,
    }
    if not right:
        return empty
    left_out = np.array([one.left_out_score for one in tried])
    scores = np.concatenate([[one.score for one in tried], left_out])
    truth = np.concatenate([[one.rank == 1 for one in tried], np.zeros(len(tried))])
    threshold = np.percentile([one.score for one in right], 5)
    return {
        **empty,
        "ece": expected_calibration_error(scores, truth),
        "refused_when_removed": float(np.mean([one.left_out_verdict == NO_MATCH for one in tried])),
        "accepted_when_right": float(np.mean([one.verdict != NO_MATCH for one in right])),
        "refused_at_95": float(np.mean(left_out < threshold)),
    }


def evaluate(
    path: str | Path,
    index: str | SearchIndex | None = None,
    given: Given | str = Given.NONE,
    *,
    measured_cells: bool = True,
    prior: str = "known",
    leave_out: bool = True,
    ranking: str | None = None,
    log: str | Path | None = None,
    progress: Callable[[Outcome], None] | None = None,
) -> Report:
    """Search for every labelled single-phase pattern and note where the first right hit stands.

    Args:
        path: a Parquet file with the columns label, single_phase, wavelength, two_theta, intensity, structure_json and,
            optionally, sim_cosine.
        index: an opened index or its name; the one in use by default.
        given: of the elements: nothing, those allowed, or exactly those.
        measured_cells: whether measured cells linked to computed entries are searched.
        prior: as in `SearchIndex.search`.
        leave_out: whether each pattern is searched once more with its right entries left out of the index, to see
            whether the search says that there is no match.
        ranking: as in `SearchIndex.search`.
        log: keep outcomes here, one a line; those that are there are not worked out again. It belongs to one index and
            one choice of options.
        progress: called with each outcome.

    Raises:
        SpectrumError: where the file cannot be used.
    """
    known = parse_choice(Given, given, "choice of given elements")
    opened = index if isinstance(index, SearchIndex) else open_index(index)
    kept = OutcomeLog(log, _outcome, lambda outcome: outcome.label)
    outcomes: dict[bool, list[Outcome]] = {True: [], False: []}
    refused: list[str] = []
    unusable: list[str] = []
    options: dict[str, Any] = {"prior": prior, "measured_cells": measured_cells, "ranking": ranking}
    used = parse_ranking(ranking, opened.index).value
    warm = False
    for labelled in read_labelled(path, lambda label, reason: unusable.append(f"{label}: {reason}")):
        outcome = kept.done.get(labelled.label)
        if outcome is None:
            try:
                if not warm:
                    opened.search(labelled.pattern, top=1, **options)
                    warm = True
                outcome = _search(opened, labelled, known, options, leave_out)
            except (SpectrumError, QueryError) as error:
                refused.append(f"{labelled.label}: {error}")
                continue
            kept.add(outcome)
        outcomes[outcome.is_clean].append(outcome)
        if progress:
            progress(outcome)
    return Report(
        known, opened.name, used, tuple(outcomes[True]), tuple(outcomes[False]), tuple(refused), tuple(unusable)
    )


def _search(
    opened: SearchIndex, labelled: LabelledPattern, known: Given, options: Mapping[str, Any], leave_out: bool
) -> Outcome:
    """What a search finds for one labelled pattern.

    Raises:
        SpectrumError, QueryError: where the search refuses it.
    """
    options = {**options, **given_conditions(labelled.elements, known)}
    begin = perf_counter()
    result = opened.search(labelled.pattern, top=max(DEPTHS), **options)
    latency_ms = (perf_counter() - begin) * 1e3
    right = right_rows(opened.index, labelled)
    rank = _rank(opened, result, right)
    first = result.hits[0] if result.hits else None
    lacking = None
    if leave_out and right:
        lacking = opened.search(labelled.pattern, top=1, leave_out_rows=right, **options)
    return Outcome(
        label=labelled.label,
        answerable=bool(right),
        rank=rank,
        latency_ms=latency_ms,
        first=f"{first.material_id} {first.formula}" if first else "",
        verdict=result.verdict,
        score=first.score if first else 0.0,
        left_out_score=float("nan") if lacking is None else lacking.hits[0].score if lacking.hits else 0.0,
        left_out_verdict=lacking.verdict if lacking else "",
        space_groups=(labelled.space_group or 0, (first.material.space_group or 0) if first else 0),
        likeliest=(result.symmetry.crystal_system, result.symmetry.space_group) if result.symmetry else ("", 0),
        places=_places(opened, labelled, right, options["measured_cells"]) if known is Given.NONE else {},
        rank_without_hydrogen=_rank(opened, result, rows_without_hydrogen(opened.index, labelled, right)),
        rank_of_group=_rank_of_group(result, rank),
        is_clean=labelled.is_clean,
    )


def _rank_of_group(result: SearchResult, rank: int | None) -> int | None:
    """The rank of a hit where the first one and its twins count as one."""
    twins = result.twins.ranks if result.twins is not None else ()
    if rank is None or rank in twins:
        return None if rank is None else 1
    return rank - max(sum(one < rank for one in twins) - 1, 0)


def _rank(opened: SearchIndex, result: SearchResult, rows: Collection[int]) -> int | None:
    """Of the first hit that one of some rows is, or that one is folded into."""
    ids = {material.material_id for material in opened.index.materials(sorted(rows))}
    return next((hit.rank for hit in result.hits if _holds(hit, ids)), None)


def _outcome(stored: Mapping[str, Any]) -> Outcome:
    """An outcome of the log; what JSON cannot hold comes back."""
    missing = float("nan")
    score = stored["left_out_score"]
    return Outcome(
        **{
            **stored,
            "left_out_score": missing if score is None else score,
            "space_groups": tuple(stored["space_groups"]),
            "likeliest": tuple(stored["likeliest"]),
        }
    )


def _places(
    opened: SearchIndex, labelled: LabelledPattern, right: frozenset[int], measured_cells: bool
) -> dict[str, int]:
    columns = opened.index.columns
    rows = np.arange(len(opened)) if measured_cells else np.flatnonzero(columns.cell_of < 0)
    return recall_places(opened, labelled.pattern, rows, right) if right & set(rows.tolist()) else {}


def given_conditions(elements: Iterable[str], given: Given) -> dict[str, Any]:
    """The element conditions that state so much of a sample, as `SearchIndex.search` takes them."""
    if given is Given.NONE:
        return {}
    return {"only" if given is Given.SUBSET else "exactly": sorted(elements)}


def _holds(hit: Hit, ids: set[str]) -> bool:
    """Whether a hit, or a duplicate folded into it, is one of the right entries."""
    return any(one.material_id in ids or one.matched.material_id in ids for one in (hit, *hit.duplicates))
