"""Training of the composition network, on the sites of known structures: no spectra are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.chemistry.formula import parse_formula
from xsearch.data.xanes_sites import Examples
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import CrystalError, QueryError
from xsearch.models.analogues import KnownSites
from xsearch.models.composition import COMPOSITION_CLASSES, COMPOSITION_NUMBERS, CompositionAnswer, CompositionNet
from xsearch.models.conditioning import COMPOSITION_FEATURES, CONDITIONING_MASKS, composition_features
from xsearch.models.tasks import NUMBERS, class_indices
from xsearch.options import Conditioning
from xsearch.training.loop import Schedule, train

SCHEDULE = Schedule(epochs=20, batch=384, rate=4e-3, weight_decay=0.05, average=0.998)
"""How it is trained. Set by hand."""

GIVEN = {Conditioning.NONE: 0.2, Conditioning.ELEMENTS: 0.4, Conditioning.FORMULA: 0.4}
"""How often so much of a compound is given in training. Set by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """Sites of known structures in arrays of one length n.

    Attributes:
        z: (n,) int64 atomic numbers.
        composition: (n, COMPOSITION_FEATURES) of their formulas.
        classes: task to (n,) class, -1 where unknown.
        numbers: task to (n,) scaled numbers, NaN where unknown.
        weight: (n,) share of the site among the atoms of its element in its material.
        formula: (n,) reduced formulas, by which splits are grouped.
        known: all of them by compound, for analogues; parts that are taken keep the whole, as no formula is its own
            analogue.
    """

    z: NDArray[np.int64]
    composition: NDArray[np.float32]
    classes: dict[str, NDArray[np.int64]]
    numbers: dict[str, NDArray[np.float32]]
    weight: NDArray[np.float32]
    formula: NDArray[np.object_]
    known: KnownSites

    def __len__(self) -> int:
        return len(self.z)

    @classmethod
    def of(cls, table: pd.DataFrame) -> Sites:
        """The sites of a table that `structure_sites` made."""
        z = np.array([ATOMIC_NUMBERS[e] for e in table.element], np.int64)
        labels = {task: table[task].to_numpy(np.float32) for task in ("cn", "oxidation_state", *COMPOSITION_NUMBERS)}
        labels["neighbor_z"] = np.array([ATOMIC_NUMBERS[e] for e in table.neighbor], np.float32)
        total = table.groupby(["material_id", "element"]).multiplicity.transform("sum")
        formula, weight = table.reduced_formula.to_numpy(object), (table.multiplicity / total).to_numpy(np.float32)
        classes = {task: class_indices(task, labels[task]) for task in COMPOSITION_CLASSES}
        known = KnownSites.of(formula, z, classes["cn"], weight)
        return cls(
            z=z,
            composition=formula_features(formula, z, known),
            classes=classes,
            numbers={t: ((labels[t] - NUMBERS[t][0]) / NUMBERS[t][1]).astype(np.float32) for t in COMPOSITION_NUMBERS},
            weight=weight,
            formula=formula,
            known=known,
        )

    @classmethod
    def of_examples(cls, examples: Examples) -> Sites:
        """The sites of spectra."""
        classes = {task: class_indices(task, examples.labels[task]) for task in COMPOSITION_CLASSES}
        weight = np.ones(len(examples), np.float32)
        known = KnownSites.of(examples.formula.tolist(), examples.z, classes["cn"], weight)
        return cls(
            z=examples.z,
            composition=formula_features(examples.formula, examples.z, known),
            classes=classes,
            numbers={
                t: ((examples.labels[t] - NUMBERS[t][0]) / NUMBERS[t][1]).astype(np.float32)
                for t in COMPOSITION_NUMBERS
            },
            weight=weight,
            formula=examples.formula,
            known=known,
        )

    def take(self, rows: NDArray[np.generic]) -> Sites:
        """Some of the rows, by index or mask."""
        return Sites(
            self.z[rows], self.composition[rows], {t: a[rows] for t, a in self.classes.items()},
            {t: a[rows] for t, a in self.numbers.items()}, self.weight[rows], self.formula[rows], self.known,
        )  # fmt: skip


def formula_features(
    formulas: NDArray[np.object_], z: NDArray[np.int64], known: KnownSites | None
) -> NDArray[np.float32]:
    """(n, COMPOSITION_FEATURES) of formulas and absorbers; zero for a text that is no formula or lacks the absorber."""
    features: dict[tuple[str, int], NDArray[np.float32]] = {}
    for formula, absorber in zip(formulas, z.tolist(), strict=True):
        if (formula, absorber) not in features:
            try:
                found = composition_features(SYMBOLS[absorber - 1], (), parse_formula(str(formula)), known)
            except (CrystalError, QueryError):
                found = np.zeros(COMPOSITION_FEATURES, np.float32)
            features[formula, absorber] = found
    return np.stack([features[key] for key in zip(formulas, z.tolist(), strict=True)])


def composition_loss(found: CompositionAnswer, sites: dict[str, Tensor], weight: Tensor) -> Tensor:
    """Cross entropies of the classes and Laplace likelihoods of the numbers, each site with its weight."""
    total = torch.zeros(())
    for task in COMPOSITION_CLASSES:
        known = sites[task] >= 0
        loss = nn.functional.cross_entropy(found.logits[task][known], sites[task][known], reduction="none")
        total = total + (loss * weight[known]).sum() / weight.sum()
    for task in COMPOSITION_NUMBERS:
        known = torch.isfinite(sites[task])
        mean, log_scale = found.means[task][known], found.log_scales[task][known]
        loss = (mean - sites[task][known]).abs() * (-log_scale).exp() + log_scale
        total = total + 0.3 * (loss * weight[known]).sum() / weight.sum()
    return total


def train_composition(
    sites: Sites,
    schedule: Schedule = SCHEDULE,
    checkpoint: Path | None = None,
    report: Callable[[int, float, nn.Module], None] | None = None,
    device: str = "cpu",
) -> CompositionNet:
    """Train the network; the same seed gives the same weights.

    Args:
        sites: to train on.
        schedule, checkpoint, report, device: as in `xsearch.training.loop.train`.
    """
    torch.manual_seed(schedule.seed)
    z, composition = torch.from_numpy(sites.z), torch.from_numpy(sites.composition)
    targets = {t: torch.from_numpy(a) for t, a in (sites.classes | sites.numbers).items()}
    weight = torch.from_numpy(sites.weight)
    masks = torch.from_numpy(np.stack(list(CONDITIONING_MASKS.values())))
    shares = torch.tensor([GIVEN[given] for given in CONDITIONING_MASKS])

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        given = torch.multinomial(shares, len(rows), replacement=True, generator=generator)
        found = net(z[rows].to(device), (composition[rows] * masks[given]).to(device))
        return composition_loss(found, {t: a[rows].to(device) for t, a in targets.items()}, weight[rows].to(device))

    net = train(CompositionNet(), len(sites), loss_of, schedule, checkpoint, report, device)
    assert isinstance(net, CompositionNet)
    net.known = sites.known
    return net
