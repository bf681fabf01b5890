"""Training of a site network, SPT or XAStruct: every descriptor of every absorber at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.chemistry.formula import parse_formula
from xsearch.data.augmentation import Augmentation
from xsearch.data.xanes_sites import Examples
from xsearch.elements import SYMBOLS
from xsearch.errors import CrystalError, QueryError
from xsearch.models.absorber import absorber_features
from xsearch.models.conditioning import COMPOSITION_FEATURES, CONDITIONING_MASKS, composition_features
from xsearch.models.site_model import NETWORKS
from xsearch.options import Conditioning
from xsearch.training.loop import Schedule, train
from xsearch.training.site_loss import joint_loss, targets

CONDITIONING = {Conditioning.NONE: 0.4, Conditioning.ELEMENTS: 0.3, Conditioning.FORMULA: 0.3}
"""How often so much of a compound is given to a network in training."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Examples as tensors.

    `values` (n, 200), `known` (n, 200), `offset_eV` (n,), `absorber` (n, features), and `composition` (n, features) of
    their formulas, of which `CONDITIONING_MASKS` leaves what is given.
    """

    values: Tensor
    known: Tensor
    offset_eV: Tensor
    absorber: Tensor
    composition: Tensor

    @classmethod
    def of(cls, examples: Examples) -> Inputs:
        """The inputs of some examples."""
        absorbers = [absorber_features(int(z), str(edge)) for z, edge in zip(examples.z, examples.edge, strict=True)]
        composition = [_composition(str(f), int(z)) for f, z in zip(examples.formula, examples.z, strict=True)]
        return cls(
            torch.from_numpy(examples.values),
            torch.from_numpy(examples.known),
            torch.from_numpy(examples.offset_eV),
            torch.from_numpy(np.stack(absorbers)),
            torch.from_numpy(np.stack(composition)),
        )


def _composition(formula: str, z: int) -> NDArray[np.float32]:
    """Features of a formula of a table; a text that is none, or lacks the absorber, gives zeros."""
    try:
        return composition_features(SYMBOLS[z - 1], amounts=parse_formula(formula))
    except (CrystalError, QueryError):
        return np.zeros(COMPOSITION_FEATURES, np.float32)


def train_network(
    name: str,
    examples: Examples,
    schedule: Schedule | None = None,
    augmentation: Augmentation | None = None,
    checkpoint: Path | None = None,
    report: Callable[[int, float, nn.Module], None] | None = None,
    device: str = "cpu",
) -> nn.Module:
    """Train a network on some examples; the same seed gives the same weights.

    Args:
        name: one of `NETWORKS`.
        examples: training examples only.
        schedule, augmentation: the defaults are those of the weights that the package ships.
        checkpoint: see `xsearch.training.loop.train`.
        report, device: likewise.
    """
    schedule = schedule or Schedule()
    augment = augmentation or Augmentation()
    torch.manual_seed(schedule.seed)
    model = NETWORKS[name]()
    inputs = Inputs.of(examples)
    classes, numbers = targets(examples)
    masks = torch.from_numpy(np.stack(list(CONDITIONING_MASKS.values())))
    shares = torch.tensor([CONDITIONING[given] for given in CONDITIONING_MASKS])

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        augmented = augment(inputs.values[rows], inputs.known[rows], inputs.offset_eV[rows], generator)
        given = torch.multinomial(shares, len(rows), replacement=True, generator=generator)
        batch = (*augmented, inputs.absorber[rows], inputs.composition[rows] * masks[given])
        found = net(*(t.to(device) for t in batch))
        return joint_loss(
            found,
            {task: t[rows].to(device) for task, t in classes.items()},
            {task: t[rows].to(device) for task, t in numbers.items()},
        )

    return train(model, len(examples), loss_of, schedule, checkpoint, report, device)
