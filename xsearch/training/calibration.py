"""Weights and calibration of the parts of a site model, from held-out spectra."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.data.xanes_sites import Examples
from xsearch.models.site_blend import BLEND, CHARGES, COMPOSITION, Blend, blend, trust
from xsearch.models.tasks import CLASSES, NUMBERS, SHARED, class_indices
from xsearch.options import Conditioning
from xsearch.training.settings import CALIBRATION

FloatArray = NDArray[np.floating]


def calibrate(
    found: Blend, examples: Examples, given: Conditioning, weight: FloatArray | None = None
) -> dict[str, Any]:
    """Settings `weights` and `scale` of a site model.

    Args:
        found: answers of each part to the examples, none of which it was trained on.
        examples: with their labels.
        given: what the answers were given of the compounds. Without anything, the composition says only how often a
            site of the absorber is met in known structures, and samples are not drawn like these: what reads the
            spectrum answers alone.
        weight: (n,) of the examples; equal if None.
    """
    if given is Conditioning.NONE:
        found = replace(found, parts=_of_spectra(found))
    weight = np.ones(len(examples)) if weight is None else weight
    settings: dict[str, Any] = {"weights": {}, "scale": {}}
    for task in CLASSES:
        settings["weights"][task] = _pool_weights(found, task, class_shares(examples, task), weight)
    for task in NUMBERS:
        numbers = examples.labels[task]
        quality = partial(_number_quality, truth=numbers)
        settings["weights"][task] = _best_weights(found, task, np.isfinite(numbers), quality)
    _, answers = blend(found, settings)
    for task, answer in answers.items():
        errors = np.abs(answer[:, 0] - examples.labels[task]) / np.maximum(answer[:, 1], 1e-6)
        scale = float(np.nanquantile(errors, CALIBRATION.share_within)) if np.isfinite(errors).any() else 1.0
        settings["scale"][task] = scale
    return settings


def _of_spectra(found: Blend) -> dict[str, dict[str, NDArray[np.float32]]]:
    """The answers of parts that read the spectrum, and of others where no such part answers."""
    readers = {name: said for name, said in found.parts.items() if name not in (COMPOSITION, CHARGES)}
    answered = {task for said in readers.values() for task in said}
    others = {
        name: {task: a for task, a in said.items() if task not in answered}
        for name, said in found.parts.items()
        if name not in readers
    }
    return readers | others


def class_shares(examples: Examples, task: str) -> NDArray[np.float32]:
    """(n, classes) true shares of the classes of a task; rows of what is unknown are zero."""
    if task in SHARED:
        return examples.shares[task]
    index = class_indices(task, examples.labels[task])
    shares = np.zeros((len(index), len(CLASSES[task])), np.float32)
    shares[index >= 0, index[index >= 0]] = 1.0
    return shares


def decline_of(
    strange: Blend, examples: Examples, distance: NDArray[np.float32], usual: float, settings: dict[str, Any]
) -> float:
    """How fast the trust in what reads a spectrum falls with its distance: where strange spectra are likeliest.

    Args:
        strange: answers to spectra unlike the training ones.
        examples: with their labels.
        distance: (n,) of each.
        usual: distance up to which nothing is taken.
        settings: weights of the parts.
    """

    def loss(decline: float) -> float:
        classes, _ = blend(strange, settings, trust(distance, usual, decline))
        return sum(_log_loss(classes[t], class_shares(examples, t)) for t in ("cn", "oxidation_state") if t in classes)

    return float(min(CALIBRATION.declines, key=loss))


def _pool_weights(
    found: Blend, task: str, shares: NDArray[np.float32], weight: FloatArray
) -> dict[str, tuple[float, float]]:
    """Weights of a logarithmic pool of the parts that answer a task, at which the truth is likeliest.

    Each part has one at the least coverage of an edge by training spectra and one at full coverage: where few spectra
    taught the networks, the composition counts more.
    """
    parts = [name for name in found.parts if task in found.parts[name]]
    known = shares.sum(1) > 0.5
    if not parts or not known.any():
        return dict.fromkeys(parts, (1.0 / max(len(parts), 1),) * 2)
    each = np.stack([np.log(np.maximum(found.parts[p][task][known], BLEND.least)) for p in parts]).astype(np.float64)
    full = found.coverage[known].astype(np.float64)[None, :, None]
    logs = np.concatenate([(1 - full) * each, full * each])  # (2 parts, n, classes)
    truth, w = shares[known].astype(np.float64), weight[known] / weight[known].sum()

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        pooled = np.tensordot(at, logs, 1)
        pooled -= pooled.max(1, keepdims=True)
        powers = np.exp(pooled)
        total = powers.sum(1, keepdims=True)
        error = powers / total - truth  # (n, classes)
        value = float(w @ ((np.log(total[:, 0])) - (truth * pooled).sum(1)))
        ridge = at - 1 / len(parts)
        gradient = np.einsum("n,nc,pnc->p", w, error, logs)
        return value + CALIBRATION.pool_ridge * float(ridge @ ridge), gradient + 2 * CALIBRATION.pool_ridge * ridge

    start = np.full(len(logs), 1 / len(parts))
    fitted = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, 2.0)] * len(logs))
    ends = np.round(fitted.x, 4).reshape(2, -1).T.tolist()
    kept = {part: (few, many) for part, (few, many) in zip(parts, ends, strict=True) if max(few, many) > 1e-3}
    return kept or {parts[0]: (1e-3, 1e-3)}  # nothing is known of the task, and the answer is flat


def _best_weights(
    found: Blend, task: str, known: NDArray[np.bool_], quality: Callable[[NDArray[np.float32]], float]
) -> dict[str, float]:
    """Weights of the parts that answer a number: the mean over the best tenth of a small grid.

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


def _number_quality(answers: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Less the mean of the mean absolute and the root mean square error: the usual site and the rare one both count."""
    errors = answers[:, 0] - truth
    return -0.5 * float(np.nanmean(np.abs(errors)) + np.sqrt(np.nanmean(errors**2)))


def _log_loss(probabilities: NDArray[np.float32], shares: NDArray[np.float32]) -> float:
    known = shares.sum(1) > 0.5
    return (
        float(-(shares[known] * np.log(np.maximum(probabilities[known], BLEND.least))).sum(1).mean())
        if known.any()
        else 0.0
    )


def temperatures() -> list[float]:
    """The temperatures that are tried for a model of one part."""
    widest = CALIBRATION.widest_log_temperature
    return np.round(np.exp(np.linspace(-widest, widest, CALIBRATION.temperatures)), 3).tolist()
