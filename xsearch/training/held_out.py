"""Answers for spectra whose formulas a model was not trained on, and what is learned from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xsearch.data.augmentation import Augmentation
from xsearch.data.site_mixtures import mixtures
from xsearch.data.xanes_sites import Examples, concatenate, fold_of
from xsearch.models.conditioning import CONDITIONING_MASKS
from xsearch.models.site_blend import Blend, blend
from xsearch.models.site_model import SiteModel
from xsearch.options import Conditioning
from xsearch.training.calibration import calibrate, decline_of
from xsearch.training.settings import CALIBRATION
from xsearch.training.site_network import Inputs, sampling_weights

STRANGE = Augmentation(
    calibration_eV=12.0, misplaced_eV=4.0, self_absorption=3.0, sharpening=1.0, noise=0.15, broadening_eV=4.0,
    scale=0.1, slope=0.2, probability=0.9,
)  # fmt: skip
"""What makes spectra unlike all others, on which the decline of trust is fitted. Set by hand."""


MEASURED = Augmentation(
    misplaced_eV=1.2, broadening_eV=1.8, stretch=0.05, disorder_A2=0.02, white_line=0.35, scale=0.05, slope=0.05,
    probability=0.6,
)  # fmt: skip
"""What simulated measurements differ by, on which parts are weighed: by more than in training, since measured spectra
differ from computed ones in ways that no training knows. Set by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """Answers by models that were not trained on the formulas.

    Attributes:
        examples: those answered for, clean, as computed.
        found: answers of each part, for each amount that may be given of a compound; no features.
        measured: simulated measurements of the examples and of mixtures of their sites, on which parts are weighed.
        measured_found: answers to them.
        strange: spectra unlike all others; of the examples, far more altered.
        strange_found, strange_distance: answers to them, nothing given, and how far they are from the training spectra.
        fold: (n,) which fold each example belongs to.
        distance: (m,) of each simulated measurement from its model's training spectra.
    """

    examples: Examples
    found: dict[Conditioning, Blend]
    measured: Examples
    measured_found: dict[Conditioning, Blend]
    strange: Examples
    strange_found: Blend
    strange_distance: NDArray[np.float32]
    fold: NDArray[np.int64]
    distance: NDArray[np.float32]

    def calibration(self) -> dict[str, Any]:
        """Settings of a model: weights of its parts, the distances that are usual, and how trust falls beyond."""
        weight = sampling_weights(self.measured)
        blends = {given: calibrate(found, self.measured, given, weight) for given, found in self.measured_found.items()}
        usual = float(np.quantile(self.distance, CALIBRATION.usual_share))
        decline = decline_of(self.strange_found, self.strange, self.strange_distance, usual, blends[Conditioning.NONE])
        farthest = float(np.quantile(self.distance, CALIBRATION.familiar_share))
        return {"blends": blends, "usual": usual, "decline": decline, "farthest": farthest}

    def blended(
        self, given: Conditioning = Conditioning.NONE
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
        """Blended answers to the clean examples, those of each half of the formulas weighed on the other half."""
        half = np.array([fold_of(f"half {f}", 2) for f in self.examples.formula])
        other = np.array([fold_of(f"half {f}", 2) for f in self.measured.formula])
        order: list[NDArray[np.int64]] = []
        answers = []
        for k in (0, 1):
            rows = other != k
            learned = self.measured.take(rows)
            settings = calibrate(self.measured_found[given].take(rows), learned, given, sampling_weights(learned))
            answers.append(blend(self.found[given].take(half == k), settings))
            order.append(np.flatnonzero(half == k))
        back = np.argsort(np.concatenate(order))
        classes, numbers = (
            {t: np.concatenate([a[kind][t] for a in answers])[back] for t in answers[0][kind]} for kind in (0, 1)
        )
        return classes, numbers


def answers_of(model: SiteModel, examples: Examples, fold: int, seed: int) -> OutOfFold:
    """Answers of a model to examples of a fold that it was not trained on, clean, as measurements, and strange."""
    mixed = mixtures(examples, None)
    measured = simulated(concatenate([examples, mixed]) if len(mixed) else examples, seed + 1, MEASURED)
    strange = simulated(examples, seed + 2, STRANGE)
    found = {given: evaluate_examples(model, measured, given) for given in Conditioning}
    return OutOfFold(
        examples=examples,
        found={given: _bare(evaluate_examples(model, examples, given)) for given in Conditioning},
        measured=measured,
        measured_found={given: _bare(answer) for given, answer in found.items()},
        strange=strange,
        strange_found=_bare(evaluate_examples(model, strange)),
        strange_distance=_distance(model, strange),
        fold=np.full(len(examples), fold, np.int64),
        distance=model.distance(found[Conditioning.NONE].features),
    )


def _distance(model: SiteModel, examples: Examples) -> NDArray[np.float32]:
    inputs = Inputs.of(examples)
    features = model.features(examples.values, examples.known, examples.offset_eV, inputs.context)
    return model.distance(features)


def joined(parts: Sequence[OutOfFold]) -> OutOfFold:
    """Answers of several folds one after the other."""

    def blends(name: str) -> dict[Conditioning, Blend]:
        return {given: _joined([getattr(p, name)[given] for p in parts]) for given in Conditioning}

    def arrays(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(p, name) for p in parts])

    return OutOfFold(
        examples=concatenate([p.examples for p in parts]),
        found=blends("found"),
        measured=concatenate([p.measured for p in parts]),
        measured_found=blends("measured_found"),
        strange=concatenate([p.strange for p in parts]),
        strange_found=_joined([p.strange_found for p in parts]),
        strange_distance=arrays("strange_distance"),
        fold=arrays("fold"),
        distance=arrays("distance"),
    )


def simulated(examples: Examples, seed: int, augmentation: Augmentation | None = None) -> Examples:
    """The same examples as measurements might give them."""
    augment = augmentation or Augmentation()
    inputs = Inputs.of(examples)
    generator, width_eV = torch.Generator().manual_seed(seed), torch.from_numpy(inputs.width_eV)
    spectra = [torch.from_numpy(a) for a in (examples.values, examples.known, examples.offset_eV)]
    values, known, offset = augment(spectra[0], spectra[1], spectra[2], generator, width_eV)
    return replace(examples, values=values.numpy(), known=known.numpy(), offset_eV=offset.numpy())


def evaluate_examples(model: SiteModel, examples: Examples, given: Conditioning = Conditioning.NONE) -> Blend:
    """Answers of the parts of a model to examples, with so much given of their compounds."""
    inputs = Inputs.of(examples, model.composition.known)
    composition = inputs.composition * CONDITIONING_MASKS[given]
    return model.evaluate(examples.values, examples.known, examples.offset_eV, inputs.context, composition)


def _bare(found: Blend) -> Blend:
    return replace(found, features=np.zeros((len(found.features), 0), np.float32))


def _joined(blends: Sequence[Blend]) -> Blend:
    """Answers of several models one after the other, without features."""
    parts = {
        part: {task: np.concatenate([b.parts[part][task] for b in blends]) for task in said}
        for part, said in blends[0].parts.items()
    }
    coverage = np.concatenate([b.coverage for b in blends])
    return Blend(parts, np.zeros((len(coverage), 0), np.float32), coverage)
