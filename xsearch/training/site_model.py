"""The whole site model: cross-validated by formula, its parts weighted on held-out folds, then trained on all.

The shipped model is trained on all formulas. Its figures, and the weights and calibration of its parts, come from
models of the same recipe, each tested only on formulas that it was not trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xsearch.data.augmentation import Augmentation
from xsearch.data.xanes_sites import Examples, fold_of, formula_hashes
from xsearch.elements import SYMBOLS
from xsearch.errors import SpectrumError
from xsearch.models.conditioning import CONDITIONING_MASKS
from xsearch.models.forest import Forest, pack
from xsearch.models.site_model import FOREST_TASKS, Blend, SiteModel, blend, forest_features
from xsearch.models.tasks import CLASSES, class_indices
from xsearch.options import Conditioning
from xsearch.training.calibration import calibrate
from xsearch.training.loop import Schedule
from xsearch.training.settings import CALIBRATION
from xsearch.training.site_network import Inputs, train_network

SPT = ("spt", Schedule(epochs=18, batch=64, rate=3e-3, average=0.995))
XASTRUCT = ("xastruct", Schedule(epochs=100, batch=128, rate=2e-3, weight_decay=0.2))
"""How each network is trained: chosen on fold 0 of xas_feff9.parquet, by formula."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How weights are made.

    Attributes:
        networks: names, and how each is trained.
        trees: of each forest; 0 for none.
        copies: augmented copies of the training data that the forests are fitted to beside the clean ones.
        folds: of the cross-validation.
        tested: how many of the folds are tested, each by a separate training; all if None.
        seed: of everything; those of the schedules count from it.
        device: where the networks are trained.
    """

    networks: tuple[tuple[str, Schedule], ...] = (SPT, XASTRUCT)
    trees: int = 32
    copies: int = 0
    folds: int = 4
    tested: int | None = None
    seed: int = 0
    device: str = "cpu"


RECIPES: dict[str, Recipe] = {
    "site": Recipe(),
    "spt": Recipe(networks=(SPT,), trees=0),
    "xastruct": Recipe(networks=(XASTRUCT,)),
    "forest": Recipe(networks=(), trees=40),
}
"""What can be trained, by name; `site` is what the package ships."""


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """Answers for the examples of the folds that were tested, by models that never saw their formulas.

    Attributes:
        examples: those answered for.
        found: answers of each part, in their order, for each amount that may be given of a compound; no features.
        fold: (n,) which fold each belongs to.
        distance: (n,) of each from its model's training spectra.
    """

    examples: Examples
    found: dict[Conditioning, Blend]
    fold: NDArray[np.int64]
    distance: NDArray[np.float32]

    def blended(
        self, given: Conditioning = Conditioning.NONE
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
        """Blended answers, each fold's with weights and temperatures learned on the other folds.

        A single fold is split in two by formula for that.
        """
        groups = self.fold
        if len(np.unique(groups)) == 1:
            groups = np.array([fold_of(f"half {f}", 2) for f in self.examples.formula])
        order: list[NDArray[np.int64]] = []
        answers = []
        for k in np.unique(groups):
            here = groups == k
            settings = calibrate(self.found[given].take(~here), self.examples.take(~here))
            answers.append(blend(self.found[given].take(here), settings))
            order.append(np.flatnonzero(here))
        back = np.argsort(np.concatenate(order))
        classes, numbers = (
            {t: np.concatenate([a[kind][t] for a in answers])[back] for t in answers[0][kind]} for kind in (0, 1)
        )
        return classes, numbers


def train_site_model(
    examples: Examples,
    recipe: Recipe | None = None,
    work: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[SiteModel, OutOfFold]:
    """Cross-validate a recipe by formula, then train it on all examples with what was learned there.

    Args:
        examples: of at least two formulas.
        recipe: see there.
        work: a folder for checkpoints, from which an interrupted training of the same data and recipe goes on.
        say: called with one line of progress.

    Raises:
        SpectrumError: where there are too few formulas.
    """
    recipe = recipe or Recipe()
    kept = None if work is None else work / _key(examples, recipe)
    held_out = out_of_fold(examples, recipe, kept, say)
    model = fit(examples, recipe, None if kept is None else kept / "all", say)
    blends = {given: calibrate(found, held_out.examples) for given, found in held_out.found.items()}
    model.settings["blends"] = blends
    model.settings["farthest"] = float(np.quantile(held_out.distance, CALIBRATION.familiar_share))
    return model, held_out


def out_of_fold(
    examples: Examples,
    recipe: Recipe,
    work: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> OutOfFold:
    """Train a recipe once a fold on the formulas outside it, and let it answer for those inside.

    Raises:
        SpectrumError: where there are too few formulas.
    """
    fold = np.array([fold_of(str(f), recipe.folds) for f in examples.formula], np.int64)
    if len(np.unique(fold)) < 2:
        raise SpectrumError("Spectra of several formulas are needed: some to train on, others to test on.")
    tested = np.unique(fold)[: recipe.tested]
    answers: list[tuple[dict[Conditioning, Blend], NDArray[np.float32]]] = []
    for count, k in enumerate(tested, start=1):
        here = fold == k
        report = None if say is None else _prefixed(say, f"fold {count} of {len(tested)}, ")
        model = fit(examples.take(~here), recipe, None if work is None else work / f"fold{k}", report)
        found = {given: evaluate_examples(model, examples.take(here), given) for given in Conditioning}
        answers.append((found, model.distance(found[Conditioning.NONE].features)))
    rows = np.concatenate([np.flatnonzero(fold == k) for k in tested])
    distance = np.concatenate([d for _, d in answers])
    found = {given: _joined([blends[given] for blends, _ in answers]) for given in Conditioning}
    return OutOfFold(examples.take(rows), found, fold[rows], distance)


def _joined(blends: Sequence[Blend]) -> Blend:
    """Answers of several models one after the other, without features."""
    parts = {
        part: {task: np.concatenate([b.parts[part][task] for b in blends]) for task in said}
        for part, said in blends[0].parts.items()
    }
    return Blend(parts, np.zeros((sum(len(b.features) for b in blends), 0), np.float32))


def fit(
    examples: Examples, recipe: Recipe, work: Path | None = None, say: Callable[[str], None] | None = None
) -> SiteModel:
    """Train every part on some examples; the parts are not yet weighed."""
    announce = say or (lambda line: None)
    networks: dict[str, nn.Module] = {}
    for name, schedule in recipe.networks:

        def report(epoch: int, loss: float, _: nn.Module, name: str = name, last: int = schedule.epochs) -> None:
            announce(f"{name}: epoch {epoch + 1} of {last}, loss {loss:.4f}")

        networks[name] = train_network(
            name,
            examples,
            replace(schedule, seed=recipe.seed + schedule.seed),
            checkpoint=None if work is None else work / f"{name}.pt",
            report=report,
            device=recipe.device,
        )
    forests: dict[str, Forest] = {}
    if recipe.trees:
        announce("forests")
        forests = train_forests(examples, recipe)
    settings: dict[str, Any] = {
        "edges": sorted({f"{SYMBOLS[z - 1]} {e}" for z, e in zip(examples.z, examples.edge, strict=True)}),
        "training": {"spectra": len(examples), "formulas": len(set(examples.formula)), "seed": recipe.seed},
    }
    empty = np.zeros(0, np.float32)
    model = SiteModel(networks, forests, settings, empty, empty, formula_hashes(examples.formula))
    features = evaluate_examples(model, examples).features
    model.centre = features.mean(0)
    model.whitening = _whitening(features - model.centre)
    return model


def train_forests(training: Examples, recipe: Recipe, tasks: Sequence[str] = FOREST_TASKS) -> dict[str, Forest]:
    """A forest of extremely randomised trees (Geurts, Ernst and Wehenkel 2006) for each of some tasks."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    inputs = Inputs.of(training)
    augment, generator = Augmentation(), torch.Generator().manual_seed(recipe.seed)
    copies = [(inputs.values, inputs.known, inputs.offset_eV)]
    copies += [augment(inputs.values, inputs.known, inputs.offset_eV, generator) for _ in range(recipe.copies)]
    absorber = inputs.absorber.numpy()
    samples = np.concatenate([forest_features(v.numpy(), k.numpy(), o.numpy(), absorber) for v, k, o in copies])
    samples = samples.astype(np.float16).astype(np.float32)
    forests = {}
    for task in tasks:
        shared: dict[str, Any] = {"n_estimators": recipe.trees, "random_state": recipe.seed, "n_jobs": 1}
        if task in CLASSES:
            classes = np.tile(class_indices(task, training.labels[task]), len(copies))
            if (known := classes >= 0).any():
                forest = ExtraTreesClassifier(max_features=0.15, min_samples_leaf=1, **shared)
                forest.fit(samples[known], classes[known])
                forests[task] = pack(forest.estimators_, forest.classes_.astype(np.int64), len(CLASSES[task]))
        else:
            numbers = np.tile(training.labels[task], len(copies))
            if (known := np.isfinite(numbers)).any():
                forest = ExtraTreesRegressor(max_features=0.3, min_samples_leaf=2, **shared)
                forest.fit(samples[known], numbers[known])
                forests[task] = pack(forest.estimators_)
    return forests


def evaluate_examples(model: SiteModel, examples: Examples, given: Conditioning = Conditioning.NONE) -> Blend:
    """Answers of the parts of a model to examples, with so much given of their compounds."""
    inputs = Inputs.of(examples)
    composition = inputs.composition.numpy() * CONDITIONING_MASKS[given]
    return model.evaluate(examples.values, examples.known, examples.offset_eV, inputs.absorber.numpy(), composition)


def _whitening(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    """(d, d) map that brings features to unit covariance; directions of hardly any variance are left out."""
    if centred.shape[1] == 0:
        return np.zeros((0, 0), np.float32)
    values, vectors = np.linalg.eigh(np.cov(centred.T.astype(np.float64)))
    kept = values > 1e-4 * values.max()
    return (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)


def _key(examples: Examples, recipe: Recipe) -> str:
    """A name that data and recipe share with no others, so that no checkpoint is taken up by another training."""
    digest = hashlib.sha256(repr(replace(recipe, device="cpu")).encode())
    digest.update(examples.values.tobytes())
    digest.update("\n".join(examples.formula).encode())
    for name in sorted(examples.labels):
        digest.update(examples.labels[name].tobytes())
    return digest.hexdigest()[:12]


def _prefixed(say: Callable[[str], None], prefix: str) -> Callable[[str], None]:
    return lambda line: say(prefix + line)
