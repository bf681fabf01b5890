"""Training of a site network, SPT or XAStruct: every descriptor of every absorber at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.data.augmentation import Augmentation
from xsearch.data.xanes_sites import Examples
from xsearch.elements import SYMBOLS
from xsearch.models.absorber import site_context
from xsearch.models.analogues import KnownSites
from xsearch.models.composition import CompositionNet, composition_answers, prior_features
from xsearch.models.conditioning import CONDITIONING_MASKS
from xsearch.models.site_model import NETWORKS, as_read
from xsearch.options import Conditioning
from xsearch.preprocess.edge import core_hole_width
from xsearch.training.composition import formula_features
from xsearch.training.loop import Schedule, train
from xsearch.training.site_loss import joint_loss, targets

CONDITIONING = {Conditioning.NONE: 0.4, Conditioning.ELEMENTS: 0.3, Conditioning.FORMULA: 0.3}
"""How often so much of a compound is given to a network in training. Set by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Examples as arrays that models read.

    Attributes:
        values: (n, 200) float32 windows.
        known: (n, 200) bool.
        offset_eV: (n,) float32.
        context: (n, SITE_CONTEXT) float32 of absorber and edge.
        composition: (n, COMPOSITION_FEATURES) float32 of the formulas; `CONDITIONING_MASKS` leaves what is given.
        width_eV: (n,) float32 of the core hole.
    """

    values: NDArray[np.float32]
    known: NDArray[np.bool_]
    offset_eV: NDArray[np.float32]
    context: NDArray[np.float32]
    composition: NDArray[np.float32]
    width_eV: NDArray[np.float32]

    @classmethod
    def of(cls, examples: Examples, known: KnownSites | None = None) -> Inputs:
        """The inputs of some examples; formulas have their analogues among the known sites."""
        edges = [(int(z), str(edge)) for z, edge in zip(examples.z, examples.edge, strict=True)]
        return cls(
            values=examples.values,
            known=examples.known,
            offset_eV=examples.offset_eV,
            context=np.stack([site_context(z, edge) for z, edge in edges]),
            composition=formula_features(examples.formula, examples.z, known),
            width_eV=np.array([core_hole_width(SYMBOLS[z - 1], edge) for z, edge in edges], np.float32),
        )

    def priors(self, network: CompositionNet, z: NDArray[np.int64]) -> dict[Conditioning, NDArray[np.float32]]:
        """(n, PRIOR_FEATURES) what compositions say, for each amount that may be given of them."""
        found = {}
        for given, mask in CONDITIONING_MASKS.items():
            composition = self.composition * mask
            found[given] = prior_features(composition_answers(network, z, composition), composition)
        return found


def sampling_weights(examples: Examples) -> NDArray[np.float64]:
    """(n,) how often each example is drawn: an edge with a hundred times more spectra counts ten times more."""
    keys = list(zip(examples.z.tolist(), examples.edge, strict=True))
    counts = Counter(keys)
    weights = np.array([counts[key] ** -0.5 for key in keys])
    return weights / weights.sum()


def augmented(
    inputs: Inputs, rows: Tensor, augment: Augmentation, generator: torch.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    """Windows, known points and offsets of some rows as a measurement might give them, as models read them."""
    at = rows.numpy()
    values, known, offset = augment(
        torch.from_numpy(inputs.values[at]), torch.from_numpy(inputs.known[at]),
        torch.from_numpy(inputs.offset_eV[at]), generator, torch.from_numpy(inputs.width_eV[at]),
    )  # fmt: skip
    return as_read(values.numpy(), known.numpy()), known.numpy(), offset.numpy()


def train_network(
    name: str,
    examples: Examples,
    composition: CompositionNet,
    schedule: Schedule | None = None,
    augmentation: Augmentation | None = None,
    checkpoint: Path | None = None,
    report: Callable[[int, float, nn.Module], None] | None = None,
    device: str = "cpu",
    start: nn.Module | None = None,
    drawn: NDArray[np.float64] | None = None,
) -> nn.Module:
    """Train a network on some examples; the same seed gives the same weights.

    Args:
        name: one of `NETWORKS`.
        examples: training examples only.
        composition: what compositions say.
        schedule, augmentation: the defaults are those of the weights that the package ships.
        checkpoint: see `xsearch.training.loop.train`.
        report, device: likewise.
        start: a network to go on from; parameters that need no gradient stay as they are.
        drawn: (n,) how often each example is drawn; see `sampling_weights` for the default.
    """
    schedule = schedule or Schedule()
    augment = augmentation or Augmentation()
    torch.manual_seed(schedule.seed)
    model = start if start is not None else NETWORKS[name]()
    inputs = Inputs.of(examples, composition.known)
    classes, numbers = targets(examples)
    priors = torch.from_numpy(np.stack(list(inputs.priors(composition, examples.z).values())))  # (3, n, features)
    shares = torch.tensor([CONDITIONING[given] for given in CONDITIONING_MASKS])
    weights = torch.from_numpy(sampling_weights(examples) if drawn is None else drawn)

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        rows = torch.multinomial(weights, len(rows), replacement=True, generator=generator)
        given = torch.multinomial(shares, len(rows), replacement=True, generator=generator)
        spectra = (torch.from_numpy(a) for a in augmented(inputs, rows, augment, generator))
        batch = (*spectra, torch.from_numpy(inputs.context[rows.numpy()]), priors[given, rows])
        found = net(*(t.to(device) for t in batch))
        return joint_loss(
            found,
            {task: t[rows].to(device) for task, t in classes.items()},
            {task: t[rows].to(device) for task, t in numbers.items()},
        )

    return train(model, len(examples), loss_of, schedule, checkpoint, report, device)
