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
from xsearch.data.site_mixtures import mixtures
from xsearch.data.xanes_sites import Examples, concatenate, edge_counts, fold_of, formula_hashes
from xsearch.errors import SpectrumError
from xsearch.models.composition import CompositionNet
from xsearch.models.forest import Forest, pack
from xsearch.models.site_blend import COMPOSITION
from xsearch.models.site_model import FOREST_TASKS, SiteModel, as_read, forest_features
from xsearch.models.tasks import CLASSES
from xsearch.options import Conditioning
from xsearch.training.calibration import class_shares
from xsearch.training.composition import SCHEDULE, Sites, train_composition
from xsearch.training.held_out import OutOfFold, answers_of, evaluate_examples, joined, simulated
from xsearch.training.loop import Schedule
from xsearch.training.site_network import Inputs, augmented, sampling_weights, train_network

SPT_FOLDED = "spt_folded"
SPT = ("spt", Schedule(epochs=7, batch=128, rate=4e-3, average=0.995))
XASTRUCT = ("xastruct", Schedule(epochs=40, batch=256, rate=3e-3, weight_decay=0.2))
"""How each network is trained: twenty minutes of one core are better spent on XAStruct than on a few epochs of SPT,
which is four times slower. Set by hand."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How weights are made.

    Attributes:
        networks: names, and how each is trained.
        composition: how the composition network is trained.
        trees: of each forest; 0 for none.
        leaf: fewest spectra of a leaf.
        copies: augmented copies of the training data that the forests are fitted to beside the clean ones.
        folds: of the cross-validation.
        tested: how many of the folds are tested, each by a separate training; all if None.
        hold_out: whether the model of the first tested fold is the one that is kept: half the time, and the figures are
            of its very weights, but a fold of the formulas takes no part.
        seed: of everything; those of the schedules count from it.
        device: where the networks are trained.
    """

    networks: tuple[tuple[str, Schedule], ...] = (XASTRUCT,)
    composition: Schedule = SCHEDULE
    trees: int = 0
    leaf: int = 3
    copies: int = 1
    folds: int = 4
    tested: int | None = None
    hold_out: bool = False
    seed: int = 0
    device: str = "cpu"


RECIPES: dict[str, Recipe] = {
    "site": Recipe(),
    "spt": Recipe(networks=(SPT,)),
    "spt-folded": Recipe(networks=((SPT_FOLDED, SPT[1]),)),
    "xastruct": Recipe(),
    "forest": Recipe(networks=(), trees=40),
}
"""What can be trained, by name; `site` is what the package ships."""


def train_site_model(
    examples: Examples,
    recipe: Recipe | None = None,
    work: Path | None = None,
    say: Callable[[str], None] | None = None,
    sites: Sites | None = None,
) -> tuple[SiteModel, OutOfFold]:
    """Cross-validate a recipe by formula, then train it on all examples with what was learned there.

    Args:
        examples: spectra of single sites, of at least two formulas.
        recipe: see there.
        work: a folder for checkpoints, from which an interrupted training of the same data and recipe goes on.
        say: called with one line of progress.
        sites: of known structures, for what compositions say; those of the spectra if None.

    Raises:
        SpectrumError: where there are too few formulas.
    """
    recipe = recipe or Recipe()
    sites = sites or Sites.of_examples(examples)
    kept = None if work is None else work / _key(examples, sites, recipe)
    folds = trained_folds(examples, replace(recipe, tested=1) if recipe.hold_out else recipe, kept, say, sites)
    held_out = joined([found for _, found in folds])
    model = folds[0][0] if recipe.hold_out else fit(examples, recipe, kept and kept / "all", say, sites)
    model.settings |= held_out.calibration()
    return model, held_out


def out_of_fold(examples: Examples, recipe: Recipe) -> OutOfFold:
    """Answers for all examples, each by a model that was not trained on its formula; see `trained_folds`."""
    return joined([found for _, found in trained_folds(examples, recipe)])


def trained_folds(
    examples: Examples,
    recipe: Recipe,
    work: Path | None = None,
    say: Callable[[str], None] | None = None,
    sites: Sites | None = None,
) -> list[tuple[SiteModel, OutOfFold]]:
    """Train a recipe once a fold on the formulas outside it, and let it answer for those inside.

    Raises:
        SpectrumError: where there are too few formulas.
    """
    fold = np.array([fold_of(str(f), recipe.folds) for f in examples.formula], np.int64)
    if len(np.unique(fold)) < 2:
        raise SpectrumError("Spectra of several formulas are needed: some to train on, others to test on.")
    sites = sites or Sites.of_examples(examples)
    site_fold = np.array([fold_of(str(f), recipe.folds) for f in sites.formula], np.int64)
    tested = np.unique(fold)[: recipe.tested]
    found: list[tuple[SiteModel, OutOfFold]] = []
    for count, k in enumerate(tested, start=1):
        report = None if say is None else _prefixed(say, f"fold {count} of {len(tested)}, ")
        folder = None if work is None else work / f"fold{k}"
        model = fit(examples.take(fold != k), recipe, folder, report, sites.take(site_fold != k))
        found.append((model, answers_of(model, examples.take(fold == k), int(k), recipe.seed)))
    return found


def fit(
    examples: Examples,
    recipe: Recipe,
    work: Path | None = None,
    say: Callable[[str], None] | None = None,
    sites: Sites | None = None,
) -> SiteModel:
    """Train every part on some examples; the parts are not yet weighed."""
    announce = say or (lambda line: None)

    def reporter(name: str, last: int) -> Callable[[int, float, nn.Module], None]:
        return lambda epoch, loss, _: announce(f"{name}: epoch {epoch + 1} of {last}, loss {loss:.4f}")

    def checkpoint(name: str) -> Path | None:
        return None if work is None else work / f"{name}.pt"

    sites = sites or Sites.of_examples(examples)
    composition = train_composition(
        sites, replace(recipe.composition, seed=recipe.seed), checkpoint(COMPOSITION),
        reporter(COMPOSITION, recipe.composition.epochs), recipe.device,
    )  # fmt: skip
    # As often as materials have several kinds of sites, sums of them are read too: as in the crystal and at random.
    seen = concatenate([examples, *(mixtures(examples, seed) for seed in (None, recipe.seed))])
    networks = {
        name: train_network(
            name, seen, composition, replace(schedule, seed=recipe.seed + schedule.seed),
            checkpoint=checkpoint(name), report=reporter(name, schedule.epochs), device=recipe.device,
        )
        for name, schedule in recipe.networks
    }  # fmt: skip
    forests: dict[str, Forest] = {}
    if recipe.trees:
        announce("forests")
        forests = train_forests(seen, composition, recipe)
    settings: dict[str, Any] = {
        "edges": edge_counts(examples),
        "training": {
            "spectra": len(examples),
            "formulas": len(set(examples.formula)),
            "sites": len(sites),
            "seed": recipe.seed,
        },
    }
    empty = np.zeros(0, np.float32)
    model = SiteModel(composition, networks, forests, settings, empty, empty, formula_hashes(examples.formula))
    learn_usual(model, examples, recipe.seed)
    return model


def learn_usual(model: SiteModel, examples: Examples, seed: int) -> None:
    """Let a model know which features are usual: those of the examples, clean and as simulated measurements."""
    features = evaluate_examples(model, concatenate([examples, simulated(examples, seed)])).features
    model.centre = features.mean(0)
    model.whitening = _whitening(features - model.centre)


def train_forests(
    training: Examples, composition: CompositionNet, recipe: Recipe, tasks: Sequence[str] = FOREST_TASKS
) -> dict[str, Forest]:
    """A forest of extremely randomised trees (Geurts, Ernst and Wehenkel 2006) for each of some tasks.

    Every spectrum is read once clean and `copies` times as a measurement gives it, each time with another amount of
    its compound given.
    """
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    inputs = Inputs.of(training, composition.known)
    priors = inputs.priors(composition, training.z)
    generator = torch.Generator().manual_seed(recipe.seed)
    everything = torch.arange(len(training))
    samples = []
    for copy in range(1 + recipe.copies):
        if copy:
            spectra = augmented(inputs, everything, Augmentation(), generator)
        else:
            spectra = (as_read(inputs.values, inputs.known), inputs.known, inputs.offset_eV)
        prior = priors[list(Conditioning)[copy % len(Conditioning)]]
        samples.append(forest_features(*spectra, inputs.context, prior))
    features = np.concatenate(samples).astype(np.float16).astype(np.float32)
    weight = np.tile(sampling_weights(training), len(samples))
    forests = {}
    for task in tasks:
        shared: dict[str, Any] = {"n_estimators": recipe.trees, "random_state": recipe.seed, "n_jobs": 1}
        if task in CLASSES:
            # a mixture counts for each of its classes, by its share
            shares = np.tile(class_shares(training, task), (len(samples), 1))
            rows, classes = np.nonzero(shares > 0.02)
            if len(rows):
                forest = ExtraTreesClassifier(max_features=0.15, min_samples_leaf=recipe.leaf, **shared)
                forest.fit(features[rows], classes, weight[rows] * shares[rows, classes])
                forests[task] = pack(forest.estimators_, forest.classes_.astype(np.int64), len(CLASSES[task]))
        else:
            numbers = np.tile(training.labels[task], len(samples))
            if (known := np.isfinite(numbers)).any():
                forest = ExtraTreesRegressor(max_features=0.3, min_samples_leaf=recipe.leaf, **shared)
                forest.fit(features[known], numbers[known], weight[known])
                forests[task] = pack(forest.estimators_)
    return forests


def _whitening(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    """(d, d) map that brings features to unit covariance; directions of hardly any variance are left out."""
    if centred.shape[1] == 0:
        return np.zeros((0, 0), np.float32)
    values, vectors = np.linalg.eigh(np.cov(centred.T.astype(np.float64)))
    kept = values > 1e-4 * values.max()
    return (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)


def _key(examples: Examples, sites: Sites, recipe: Recipe) -> str:
    """A name that data and recipe share with no others, so that no checkpoint is taken up by another training."""
    same = replace(recipe, device="cpu", tested=None, hold_out=False)  # none of these changes a fold's weights
    digest = hashlib.sha256(repr(same).encode())
    digest.update(examples.values.tobytes())
    digest.update("\n".join(examples.formula).encode())
    digest.update("\n".join(sites.formula).encode())
    for name in sorted(examples.labels):
        digest.update(examples.labels[name].tobytes())
    return digest.hexdigest()[:12]


def _prefixed(say: Callable[[str], None], prefix: str) -> Callable[[str], None]:
    return lambda line: say(prefix + line)
