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
from xsearch.models.conditioning import COMPANY_FEATURES, LEFT, company_features
from xsearch.models.site_model import NETWORKS
from xsearch.options import Conditioning
from xsearch.training.loop import Schedule, train
from xsearch.training.site_loss import joint_loss, targets

TELLING = {Conditioning.NONE: 0.4, Conditioning.ELEMENTS: 0.3, Conditioning.FORMULA: 0.3}
"""How often a network is told so much of a compound in training."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Examples as tensors.

    `values` (n, 200), `known` (n, 200), `offset_eV` (n,), `absorber` (n, features), `company` (n, features) of their
    formulas, of which `LEFT` leaves what is told.
    """

    values: Tensor
    known: Tensor
    offset_eV: Tensor
    absorber: Tensor
    company: Tensor

    @classmethod
    def of(cls, examples: Examples) -> Inputs:
        """The inputs of some examples."""
        told = [absorber_features(int(z), str(edge)) for z, edge in zip(examples.z, examples.edge, strict=True)]
        company = [_company(str(f), int(z)) for f, z in zip(examples.formula, examples.z, strict=True)]
        return cls(
            torch.from_numpy(examples.values),
            torch.from_numpy(examples.known),
            torch.from_numpy(examples.offset_eV),
            torch.from_numpy(np.stack(told)),
            torch.from_numpy(np.stack(company)),
        )


def _company(formula: str, z: int) -> NDArray[np.float32]:
    """Features of a formula of a table; a text that is none, or lacks the absorber, tells nothing."""
    try:
        return company_features(SYMBOLS[z - 1], amounts=parse_formula(formula))
    except (CrystalError, QueryError):
        return np.zeros(COMPANY_FEATURES, np.float32)


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
    left = torch.from_numpy(np.stack(list(LEFT.values())))
    shares = torch.tensor([TELLING[told] for told in LEFT])

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        disturbed = disturb(inputs.values[rows], inputs.known[rows], inputs.offset_eV[rows], generator)
        told = torch.multinomial(shares, len(rows), replacement=True, generator=generator)
        batch = (*disturbed, inputs.absorber[rows], inputs.company[rows] * left[told])
        found = net(*(t.to(device) for t in batch))
        return joint_loss(
            found,
            {task: t[rows].to(device) for task, t in classes.items()},
            {task: t[rows].to(device) for task, t in numbers.items()},
        )

    return train(model, len(examples), loss_of, schedule, checkpoint, report, device)
