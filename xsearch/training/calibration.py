"""Weights and calibration of the parts of a site model, from held-out spectra."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.data.xanes_sites import Examples
from xsearch.models.site_model import Blend, blend
from xsearch.models.tasks import CLASSES, NUMBERS, class_indices
from xsearch.training.settings import CALIBRATION


def calibrate(found: Blend, examples: Examples) -> dict[str, Any]:
    """Settings `weights`, `temperature` and `scale` of a site model.

    Args:
        found: answers of each part to the examples, none of which it was trained on.
        examples: with their labels.
    """
    settings: dict[str, Any] = {"weights": {}, "temperature": {}, "scale": {}}
    truths = {task: class_indices(task, examples.labels[task]) for task in CLASSES}
    for task, truth in truths.items():
        settings["weights"][task] = _best_weights(found, task, truth >= 0, partial(_class_quality, truth=truth))
    for task in NUMBERS:
        numbers = examples.labels[task]
        quality = partial(_number_quality, truth=numbers)
        settings["weights"][task] = _best_weights(found, task, np.isfinite(numbers), quality)
    classes, numbers_found = blend(found, settings)
    for task, probabilities in classes.items():
        settings["temperature"][task] = _temperature(probabilities, truths[task])
    for task, answer in numbers_found.items():
        errors = np.abs(answer[:, 0] - examples.labels[task]) / np.maximum(answer[:, 1], 1e-6)
        known = errors[np.isfinite(errors)]
        settings["scale"][task] = float(np.quantile(known, CALIBRATION.share_within)) if len(known) else 1.0
    return settings


def _best_weights(
    found: Blend, task: str, known: NDArray[np.bool_], quality: Callable[[NDArray[np.float32]], float]
) -> dict[str, float]:
    """Weights of the parts that answer a task: the mean over the best tenth of a small grid.

    The single best point would fit the accidents of the data.
    """
    parts = [name for name in found.parts if task in found.parts[name]]
    if not parts or not known.any():
        return dict.fromkeys(parts, 1.0)
    tried = [np.array(w) / sum(w) for w in itertools.product(CALIBRATION.steps, repeat=len(parts)) if sum(w) > 0]
    shares = np.unique(np.round(tried, 6), axis=0)
    qualities = [
        quality(np.asarray(sum(w * found.parts[p][task] for w, p in zip(share, parts, strict=True))))
        for share in shares
    ]
    best = np.argsort(qualities)[::-1][: max(1, len(shares) // 10)]
    return {part: float(w) for part, w in zip(parts, shares[best].mean(0).round(3), strict=True) if w > 0}


def _class_quality(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """How likely the truth was held. The accuracy itself is too coarse: weights chosen by it fit accidents."""
    return -_log_loss(probabilities, truth)


def _number_quality(answers: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Less the mean of the mean absolute and the root mean square error: the usual site and the rare one both count."""
    errors = answers[:, 0] - truth
    return -0.5 * float(np.nanmean(np.abs(errors)) + np.sqrt(np.nanmean(errors**2)))


def _log_loss(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    known = truth >= 0
    return float(-np.log(np.maximum(probabilities[known, truth[known]], 1e-4)).mean())


def _temperature(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """The temperature at which the true classes are most likely."""

    def loss(temperature: float) -> float:
        sharp = np.power(np.maximum(probabilities, 1e-6), 1 / temperature)
        return _log_loss(sharp / sharp.sum(1, keepdims=True), truth)

    return float(min(temperatures(), key=loss)) if (truth >= 0).any() else 1.0


def temperatures() -> list[float]:
    """The temperatures that are tried."""
    widest = CALIBRATION.widest_log_temperature
    return np.round(np.exp(np.linspace(-widest, widest, CALIBRATION.temperatures)), 3).tolist()
