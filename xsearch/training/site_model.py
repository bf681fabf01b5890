"""The whole site model in one go: networks, forests, blending weights and calibration, each on data of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xsearch.elements import SYMBOLS
from xsearch.models.forest import Forest, pack
from xsearch.models.site_model import FOREST_TASKS, Blend, SiteModel, forest_features
from xsearch.models.tasks import CLASSES, NUMBERS, class_indices
from xsearch.training.augment import Augmentation
from xsearch.training.loop import Schedule
from xsearch.training.site_network import Inputs, train_network
from xsearch.training.xanes_data import Examples, formula_hashes

GRID = tuple(w for w in itertools.product((0.0, 0.5, 1.0, 2.0), repeat=3) if sum(w) > 0)
PLAIN_TEMPERATURES = tuple(np.round(np.exp(np.linspace(-0.9, 0.9, 37)), 3))
SHARE_WITHIN = 0.68
FAMILIAR_SHARE = 0.99


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the shipped weights are made.

    Attributes:
        schedules: of each network.
        trees: of each forest.
        copies: disturbed copies of the training data that the forests see beside the clean ones.
        seed: of everything.
    """

    schedules: tuple[tuple[str, Schedule], ...] = (
        ("spt", Schedule(epochs=36, batch=96, rate=3e-3)),
        ("xastruct", Schedule(epochs=120, batch=128, rate=2e-3)),
    )
    trees: int = 60
    copies: int = 1
    seed: int = 0


def train_site_model(
    training: Examples,
    validation: Examples,
    recipe: Recipe | None = None,
    work: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> SiteModel:
    """Train every part on the training examples; weigh and calibrate them on the validation examples.

    Args:
        training, validation: no formula in both.
        recipe: see there.
        work: a folder for checkpoints, from which an interrupted training goes on.
        say: told in one line what is going on.
    """
    recipe = recipe or Recipe()
    tell = say or (lambda line: None)
    networks: dict[str, nn.Module] = {}
    for name, schedule in recipe.schedules:

        def report(epoch: int, loss: float, _: nn.Module, name: str = name) -> None:
            tell(f"{name}: epoch {epoch + 1}, loss {loss:.4f}")

        checkpoint = None if work is None else work / f"{name}.pt"
        networks[name] = train_network(name, training, schedule, checkpoint=checkpoint, report=report)
    tell("forests")
    forests = train_forests(training, recipe)
    return assemble(networks, forests, training, validation, recipe.seed)


def train_forests(training: Examples, recipe: Recipe) -> dict[str, Forest]:
    """A forest of extremely randomised trees (Geurts, Ernst and Wehenkel 2006) for each of `FOREST_TASKS`."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    inputs = Inputs.of(training)
    disturb, generator = Augmentation(), torch.Generator().manual_seed(recipe.seed)
    copies = [(inputs.values, inputs.known, inputs.offset_eV)]
    copies += [disturb(inputs.values, inputs.known, inputs.offset_eV, generator) for _ in range(recipe.copies)]
    absorber = inputs.absorber.numpy()
    samples = np.concatenate([forest_features(v.numpy(), k.numpy(), o.numpy(), absorber) for v, k, o in copies])
    samples = samples.astype(np.float16).astype(np.float32)
    forests = {}
    for task in FOREST_TASKS:
        shared: dict[str, Any] = {"n_estimators": recipe.trees, "random_state": recipe.seed, "n_jobs": 1}
        if task in CLASSES:
            classes = np.tile(class_indices(task, training.labels[task]), len(copies))
            known = classes >= 0
            grown = ExtraTreesClassifier(max_features=0.15, min_samples_leaf=2, **shared)
            grown.fit(samples[known], classes[known])
            forests[task] = pack(grown.estimators_, grown.classes_.astype(np.int64), len(CLASSES[task]))
        else:
            numbers = np.tile(training.labels[task], len(copies))
            known = np.isfinite(numbers)
            grown = ExtraTreesRegressor(max_features=0.3, min_samples_leaf=4, **shared)
            grown.fit(samples[known], numbers[known])
            forests[task] = pack(grown.estimators_)
    return forests


def assemble(
    networks: dict[str, nn.Module],
    forests: dict[str, Forest],
    training: Examples,
    validation: Examples,
    seed: int,
) -> SiteModel:
    """Weigh and calibrate trained parts."""
    edges = sorted({f"{SYMBOLS[z - 1]} K" for z in training.z})
    settings: dict[str, Any] = {
        "weights": {}, "temperature": {}, "scale": {}, "farthest": np.inf, "edges": edges,
        "training": {"spectra": len(training), "formulas": len(set(training.formula)), "seed": seed},
    }  # fmt: skip
    empty = np.zeros(0, np.float32)
    model = SiteModel(networks, forests, settings, empty, empty, formula_hashes(training.formula))
    features = evaluate_examples(model, training).features
    model.centre = features.mean(0)
    model.whitening = _whitening(features - model.centre)
    found = evaluate_examples(model, validation)
    for task in CLASSES:
        truth = class_indices(task, validation.labels[task])
        settings["weights"][task] = _best_weights(found, task, truth >= 0, partial(_class_quality, truth=truth))
    for task in NUMBERS:
        numbers = validation.labels[task]
        settings["weights"][task] = _best_weights(
            found, task, np.isfinite(numbers), partial(_number_quality, truth=numbers)
        )
    classes, numbers_found = model.blend(found)
    for task, probabilities in classes.items():
        settings["temperature"][task] = _temperature(probabilities, class_indices(task, validation.labels[task]))
    for task, answer in numbers_found.items():
        errors = np.abs(answer[:, 0] - validation.labels[task]) / np.maximum(answer[:, 1], 1e-6)
        settings["scale"][task] = float(np.nanquantile(errors, SHARE_WITHIN))
    settings["farthest"] = float(np.quantile(model.distance(found.features), FAMILIAR_SHARE))
    return model


def evaluate_examples(model: SiteModel, examples: Examples) -> Blend:
    """What the parts of a model say of examples."""
    inputs = Inputs.of(examples)
    return model.evaluate(examples.values, examples.known, examples.offset_eV, inputs.absorber.numpy())


def _best_weights(
    found: Blend, task: str, known: NDArray[np.bool_], quality: Callable[[NDArray[np.float32]], float]
) -> dict[str, float]:
    """Weights of the parts that answer a task, from a small grid: few enough not to fit the validation data."""
    parts = [name for name in found.parts if task in found.parts[name]]
    best, chosen = -np.inf, dict.fromkeys(parts, 1.0)
    for weights in dict.fromkeys(w[: len(parts)] for w in GRID):
        if sum(weights) == 0 or not known.any():
            continue
        mixed = sum(w / sum(weights) * found.parts[p][task] for w, p in zip(weights, parts, strict=True))
        value = quality(np.asarray(mixed))
        if value > best:
            best, chosen = value, dict(zip(parts, weights, strict=True))
    return {part: weight for part, weight in chosen.items() if weight > 0}


def _class_quality(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    return -_log_loss(probabilities, truth)


def _number_quality(answers: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    return -float(np.nanmean(np.abs(answers[:, 0] - truth)))


def _log_loss(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    known = truth >= 0
    return float(-np.log(np.maximum(probabilities[known, truth[known]], 1e-4)).mean())


def _temperature(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """The temperature at which the probabilities of the validation examples are most likely."""

    def loss(temperature: float) -> float:
        sharp = np.power(np.maximum(probabilities, 1e-6), 1 / temperature)
        return _log_loss(sharp / sharp.sum(1, keepdims=True), truth)

    return float(min(PLAIN_TEMPERATURES, key=loss)) if (truth >= 0).any() else 1.0


def _whitening(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    """(d, d) map that brings features to unit covariance; directions of hardly any variance are left out."""
    values, vectors = np.linalg.eigh(np.cov(centred.T.astype(np.float64)))
    kept = values > 1e-3 * values.max()
    return (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
