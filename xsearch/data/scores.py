"""Scores of answers against the truth, shared by trainings and evaluations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ECE_BINS = 10
"""Equal bins of the expected calibration error, the usual number since Naeini et al., AAAI 2015."""


def expected_calibration_error(scores: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Mean distance of the share right from the mean score in equal bins of the score, weighted by their counts.

    Args:
        scores: (n,) probabilities.
        truth: (n,) 1 where the answer was right, else 0.
    """
    which = np.minimum((scores * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [abs(truth[which == b].mean() - scores[which == b].mean()) * np.sum(which == b) for b in np.unique(which)]
    return float(np.sum(gaps) / len(scores))


def accuracy(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share of classes that are right, over the (n,) answers whose truth is known (not negative)."""
    known = truth >= 0
    return float((found == truth)[known].mean()) if known.any() else float("nan")


def macro_f1(found: NDArray[np.int64], truth: NDArray[np.int64], least: int = 1) -> float:
    """Unweighted mean of F1 over the classes that occur at least so often."""
    found, truth = found[truth >= 0], truth[truth >= 0]
    scores = []
    for value, count in zip(*np.unique(truth, return_counts=True), strict=True):
        if count < least:
            continue
        hit = float(((found == value) & (truth == value)).sum())
        scores.append(2 * hit / ((found == value).sum() + (truth == value).sum()))
    return float(np.mean(scores)) if scores else float("nan")


def mean_absolute_error(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Mean absolute error over the (n,) numbers whose truth is known (finite)."""
    errors = np.abs(found - truth)
    return float(np.nanmean(errors)) if np.isfinite(errors).any() else float("nan")


def r_squared(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Coefficient of determination R² over the (n,) numbers whose truth is known (finite)."""
    known = np.isfinite(truth)
    if not known.any() or not np.isfinite(found[known]).all():
        return float("nan")
    residual = float(((found - truth)[known] ** 2).sum())
    return 1 - residual / max(float(((truth[known] - truth[known].mean()) ** 2).sum()), 1e-12)


def mean_or_nan(values: Sequence[float]) -> float:
    """The mean; NaN of nothing."""
    return float(np.mean(values)) if values else float("nan")
