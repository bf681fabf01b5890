"""Training of SpecFusionNet: first what compositions say of all materials, then what spectra add to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.data.augmentation import Augmentation
from xsearch.models.property_composition import PropertyComposition, PropertyHeads
from xsearch.models.specfusion import SpecFusion, SpecFusionConfig, Tokens
from xsearch.training.loop import Schedule, train
from xsearch.training.property_samples import Compositions, Labels, Samples, taken
from xsearch.training.settings import PROPERTIES

COMPOSITION_SCHEDULE = Schedule(
    epochs=PROPERTIES.composition_epochs, batch=512, rate=3e-3, weight_decay=0.05, average=0.998
)
SCHEDULE = Schedule(epochs=PROPERTIES.epochs, batch=96, rate=1.5e-3, weight_decay=0.05)
"""How both are trained. Set by hand."""

Report = Callable[[int, float, nn.Module], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model is given of a sample: its amounts beside the elements, its edges, its pattern."""

    amounts: bool = True
    edges: bool = True
    pattern: bool = True


ALL = Seen()


def train_composition(
    known: Compositions,
    heads: PropertyHeads,
    schedule: Schedule = COMPOSITION_SCHEDULE,
    checkpoint: Path | None = None,
    report: Report | None = None,
    device: str = "cpu",
) -> PropertyComposition:
    """Train the part that sees the composition alone."""
    torch.manual_seed(schedule.seed)
    model = PropertyComposition(heads)

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        given = _amounts_hidden(known.composition[rows], known.elements_only[rows], generator)
        _, outputs = net(given.to(device))
        return loss(heads, outputs, known.labels, rows)

    trained = train(model, len(known), loss_of, schedule, checkpoint, report, device)
    assert isinstance(trained, PropertyComposition)
    return trained


def train_specfusion(
    samples: Samples,
    heads: PropertyHeads,
    composition: PropertyComposition | None,
    schedule: Schedule = SCHEDULE,
    checkpoint: Path | None = None,
    report: Report | None = None,
    device: str = "cpu",
    config: SpecFusionConfig | None = None,
) -> SpecFusion:
    """Train the whole; the composition's part stays as it is. Without one, `config` must do without as well."""
    torch.manual_seed(schedule.seed)
    model = SpecFusion(heads, config)
    if model.composition is not None and composition is not None:
        model.composition.load_state_dict(composition.state_dict())
        model.composition.requires_grad_(False)
    augment = Augmentation(stretch=0.0, disorder_A2=0.0, white_line=0.0)

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        given = hidden_at_random(taken(samples.tokens, rows), samples.elements_only[rows], augment, generator)
        numbers, classes = net(Tokens(*(one.to(device) for one in given.fields())))
        outputs = torch.cat([*numbers.values(), *classes.values()], 1)
        return loss(heads, outputs, samples.labels, rows)

    trained = train(model, len(samples), loss_of, schedule, checkpoint, report, device)
    assert isinstance(trained, SpecFusion)
    return trained


def hidden_at_random(
    tokens: Tokens, elements_only: Tensor, augment: Augmentation, generator: torch.Generator
) -> Tokens:
    """Tokens with augmented spectra, some edges, amounts and patterns hidden."""
    z, edge, values, known, offset, composition, pattern, has_pattern = tokens.fields()
    seen = (edge >= 0) & (torch.rand(edge.shape, generator=generator) > PROPERTIES.edge_hidden)
    if seen.any():
        augmented = augment(values[seen], known[seen], offset[seen], generator)
        values, known, offset = (
            t.index_put((seen,), d) for t, d in zip((values, known, offset), augmented, strict=True)
        )
    has_pattern = has_pattern & (torch.rand(len(z), generator=generator) > PROPERTIES.pattern_hidden)
    composition = _amounts_hidden(composition, elements_only, generator)
    return Tokens(z, torch.where(seen, edge, -1), values, known, offset, composition, pattern, has_pattern)


def given(samples: Samples, seen: Seen) -> Tokens:
    """The tokens of samples with all hidden that is not to be seen."""
    z, edge, values, known, offset, composition, pattern, has_pattern = samples.tokens.fields()
    if not seen.amounts:
        composition = samples.elements_only
    edge = edge if seen.edges else torch.full_like(edge, -1)
    return Tokens(z, edge, values, known, offset, composition, pattern, has_pattern & seen.pattern)


def _amounts_hidden(composition: Tensor, elements_only: Tensor, generator: torch.Generator) -> Tensor:
    hidden = torch.rand(len(composition), 1, generator=generator) < PROPERTIES.amounts_hidden
    return torch.where(hidden, elements_only, composition)


def loss(heads: PropertyHeads, outputs: Tensor, labels: Labels, rows: Tensor) -> Tensor:
    """Of a batch; labels that a material lacks do not count."""
    numbers, classes = heads.split(outputs)
    terms = []
    for name, (usual, spread) in heads.numbers.items():
        truth = ((labels.numbers[name][rows] - usual) / spread).to(outputs.device)
        known = torch.isfinite(truth)
        if known.any():
            mean, log_scale = numbers[name][known, 0], numbers[name][known, 1].clamp(-5, 3)
            distance = (mean.detach() - truth[known]).abs()
            terms.append(nn.functional.smooth_l1_loss(mean, truth[known], beta=0.2))
            terms.append(0.1 * (distance * (-log_scale).exp() + log_scale).mean())
    for name in heads.classes:
        truth = labels.classes[name][rows].to(outputs.device)
        if (truth >= 0).any():
            terms.append(0.5 * nn.functional.cross_entropy(classes[name], truth, ignore_index=-1))
    return torch.stack(terms or [0 * outputs.sum()]).sum()


@torch.inference_mode()
def outputs_of(model: SpecFusion, samples: Samples, seen: Seen = ALL, batch: int = 512) -> Tensor:
    """(n, heads.outputs) answers to samples of which so much is seen."""
    parts = []
    for start in range(0, len(samples), batch):
        part = samples.take(np.arange(start, min(start + batch, len(samples))))
        numbers, classes = model.eval()(given(part, seen))
        parts.append(torch.cat([*numbers.values(), *classes.values()], 1))
    return torch.cat(parts)


@torch.inference_mode()
def composition_outputs(model: PropertyComposition, samples: Samples, seen: Seen = ALL) -> Tensor:
    """(n, heads.outputs) answers of the composition alone."""
    composition = samples.tokens.composition if seen.amounts else samples.elements_only
    return torch.as_tensor(model.eval()(composition)[1])


def losses(heads: PropertyHeads, outputs: Tensor, labels: Labels) -> dict[str, np.ndarray]:
    """By figure, how wrong each sample with a label is: the absolute error of a number, or 1 where a class is wrong.

    Samples without a label are NaN.
    """
    numbers, classes = heads.split(outputs)
    found = {}
    for name, (usual, spread) in heads.numbers.items():
        found[name] = (numbers[name][:, 0] * spread + usual - labels.numbers[name]).abs().numpy()
    for name in heads.classes:
        truth = labels.classes[name]
        wrong = (classes[name].argmax(1) != truth).float()
        found[name] = torch.where(truth >= 0, wrong, torch.nan).numpy()
    return found


def constant_losses(heads: PropertyHeads, labels: Labels) -> dict[str, float]:
    """The same, in the mean, of one constant answer: the median, or the commonest class."""
    found = {}
    for name in heads.numbers:
        known = labels.numbers[name][torch.isfinite(labels.numbers[name])]
        found[name] = float((known - known.median()).abs().mean())
    for name in heads.classes:
        known = labels.classes[name][labels.classes[name] >= 0]
        found[name] = 1 - float(torch.bincount(known).max() / len(known))
    return found
