"""Training of a site network, SPT or XAStruct: every descriptor of every absorber at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.models.absorber import absorber_features
from xsearch.models.site_model import NETWORKS
from xsearch.training.augment import Augmentation
from xsearch.training.loop import Schedule, train
from xsearch.training.site_loss import joint_loss, targets
from xsearch.training.xanes_data import Examples


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Examples as tensors: `values` (n, 200), `known` (n, 200), `offset_eV` (n,), `absorber` (n, features)."""

    values: Tensor
    known: Tensor
    offset_eV: Tensor
    absorber: Tensor

    @classmethod
    def of(cls, examples: Examples) -> Inputs:
        """The inputs of some examples."""
        told = [absorber_features(int(z), str(edge)) for z, edge in zip(examples.z, examples.edge, strict=True)]
        return cls(
            torch.from_numpy(examples.values),
            torch.from_numpy(examples.known),
            torch.from_numpy(examples.offset_eV),
            torch.from_numpy(np.stack(told)),
        )


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
    disturb = augmentation or Augmentation()
    torch.manual_seed(schedule.seed)
    model = NETWORKS[name]()
    inputs = Inputs.of(examples)
    classes, numbers = targets(examples)

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        batch = (*disturb(inputs.values[rows], inputs.known[rows], inputs.offset_eV[rows], generator),
                 inputs.absorber[rows])  # fmt: skip
        found = net(*(t.to(device) for t in batch))
        return joint_loss(
            found,
            {task: t[rows].to(device) for task, t in classes.items()},
            {task: t[rows].to(device) for task, t in numbers.items()},
        )

    return train(model, len(examples), loss_of, schedule, checkpoint, report, device)
