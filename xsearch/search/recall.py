"""Recall: the profiles of the whole library against a pattern, with tolerance for the lattice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes import Index
from xsearch.preprocess.axis import RECALL_AXIS
from xsearch.preprocess.powder import NetPattern
from xsearch.preprocess.profile import centred_pattern
from xsearch.search.recall_kernels import best_scores
from xsearch.search.settings import DEFAULTS, RecallSettings


@dataclass(frozen=True, slots=True, eq=False)
class Recalled:
    """Rows with their recall score.

    Attributes:
        rows: (m,) int64.
        score: (m,) best Pearson correlation over shifts, less the cost of the shift.
    """

    rows: NDArray[np.int64]
    score: NDArray[np.float32]


def recall(
    index: Index,
    profiles: NDArray[np.float32],
    pattern: NetPattern,
    rows: NDArray[np.int64],
    expected: NDArray[np.float64] | None = None,
    *,
    exact: bool = False,
    settings: RecallSettings = DEFAULTS.recall,
) -> Recalled:
    """Correlate rows with a pattern at every mean strain, exactly.

    Args:
        index: of the rows.
        profiles: (m, bins) float32 profiles of `rows`.
        pattern: the net pattern.
        rows: (m,) rows of the index.
        expected: (m,) mean strains that they are expected to need; those that the index expects by default.
        exact: sum in a fixed order, slowly; a matrix product's last digit depends on the number of threads.
        settings: of the strains and their cost.
    """
    strains = settings.strains
    overlap, spread = _overlap(profiles, pattern, strains, settings.least_inside, exact=exact)
    centres = index.columns.expected_strain[rows] if expected is None else expected.astype(np.float32)
    score = best_scores(
        overlap, spread, centres, strains.astype(np.float32), settings.strain_sigma, settings.strain_cost
    )
    return Recalled(rows, score)


def shift_correlations(
    profiles: NDArray[np.float32],
    pattern: NetPattern,
    shifts: NDArray[np.float64],
    settings: RecallSettings = DEFAULTS.recall,
) -> NDArray[np.float32]:
    """(m, k) Pearson correlation of m profiles with a pattern at k shifts; 0 for rows that cannot be judged."""
    overlap, spread = _overlap(profiles, pattern, shifts, settings.least_inside)
    return np.asarray(overlap / spread[:, None], np.float32)


def best_rows(recalled: Recalled, bonus: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Places of the best rows with the prior and of the best without it, each `count` at most, rising."""
    if len(recalled.rows) <= count:
        return np.arange(len(recalled.rows))
    lists = [np.argpartition(-score, count)[:count] for score in (recalled.score, recalled.score + bonus)]
    return np.unique(np.concatenate(lists))


def _overlap(
    profiles: NDArray[np.float32],
    pattern: NetPattern,
    shifts: NDArray[np.float64],
    least_inside: float,
    *,
    exact: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(m, k) products of m profiles with a pattern at k shifts, and (m,) what turns them into correlations."""
    first, last = pattern.window(RECALL_AXIS)
    inside = np.zeros(RECALL_AXIS.bins, np.float32)
    inside[first:last] = 1
    queries = np.stack([*(centred_pattern(pattern, shift) for shift in shifts), inside])
    overlap = np.einsum("ij,kj->ik", profiles, queries) if exact else profiles @ queries.T
    return overlap[:, :-1], _spread(profiles, overlap[:, -1], first, last, least_inside)


def _spread(
    profiles: NDArray[np.float32], total: NDArray[np.float32], first: int, last: int, least_inside: float
) -> NDArray[np.float32]:
    """(m,) length of each row's deviation from its mean inside the window, given its sum `total` there.

    It is infinite where less than `least_inside` of the squares is inside.
    """
    n = last - first
    if 2 * n <= profiles.shape[1]:
        squares = np.einsum("ij,ij->i", profiles[:, first:last], profiles[:, first:last])
    else:  # rows have unit length, so the rest can be had from the narrower part
        left, right = profiles[:, :first], profiles[:, last:]
        squares = 1 - np.einsum("ij,ij->i", left, left) - np.einsum("ij,ij->i", right, right)
    spread = np.sqrt(np.maximum(squares - total * total / n, 0))
    return np.where(squares > least_inside, np.maximum(spread, 1e-3), np.inf).astype(np.float32)
