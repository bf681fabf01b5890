"""SpecFusionNet: properties of a material from any number of its edges and the elements that it holds.

Reads top to bottom, as published (Wang et al., Chem. Sci. (2026), https://doi.org/10.1039/d6sc00651e): convolutions of
three widths over a spectrum, masked where nothing was measured; descriptors of measured and unmeasured elements; their
fusion, transition metals apart from other elements; masked attention among all of them; the mean.

Beyond the paper: what the composition says is where the answer begins; an element may have several edges; a powder
pattern may join as one more token, which makes it one model of both spectra.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.chemistry.element_descriptors import (
    DESCRIPTORS,
    KINDS,
    TRANSITION_METAL,
    element_descriptors,
    element_kinds,
)
from xsearch.elements import EDGES, SYMBOLS
from xsearch.models.property_composition import CompositionShape, PropertyComposition, PropertyHeads
from xsearch.preprocess.xanes import WINDOW_GRID_eV

WIDTHS = (3, 5, 7)
"""Of the convolutions."""

PLACES = 10
"""Along the energy, to which a spectrum is pooled."""


@dataclass(frozen=True, slots=True)
class SpecFusionConfig:
    """Sizes and parts; `PUBLISHED` is the network of the paper.

    Attributes:
        channels: of the first convolution of each width; the second has twice as many.
        spectrum: numbers that a spectrum becomes. width: of a token. heads: of the attention.
        deep: attention with a skip connection and a perceptron, instead of attention alone.
        composition: whether the answer begins with that of the composition.
        pattern: numbers that describe a powder pattern; 0 where there is none.
        dropout: in training.
    """

    channels: int = 16
    spectrum: int = 48
    width: int = 64
    heads: int = 4
    deep: bool = True
    composition: bool = True
    pattern: int = 0
    dropout: float = 0.2


PUBLISHED = SpecFusionConfig(channels=64, spectrum=32, deep=False, composition=False, dropout=0.0)
"""The network of the paper."""


class SpectrumReader(nn.Module):
    """Windows (m, 200) with what is known of them to (m, out): two convolutions of each width, masked, and pooled."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        c = channels
        self.first = nn.ModuleList([nn.Conv1d(1, c, size, padding=size // 2) for size in WIDTHS])
        self.second = nn.ModuleList([nn.Conv1d(c, 2 * c, size, padding=size // 2) for size in WIDTHS])
        self.out = nn.Linear(2 * c * len(WIDTHS) * PLACES, out)

    def forward(self, values: Tensor, known: Tensor) -> Tensor:
        """Return (m, out)."""
        x, seen = values[:, None], known[:, None].float()
        branches = []
        for size, first, second in zip(WIDTHS, self.first, self.second, strict=True):
            mask = nn.functional.max_pool1d(seen, size, 1, size // 2)  # where any point of the kernel is known
            found = torch.relu(first(x)) * mask
            mask = nn.functional.max_pool1d(mask, size, 1, size // 2)
            branches.append(torch.relu(second(found)) * mask)
        pooled = nn.functional.avg_pool1d(torch.cat(branches, 1), values.shape[1] // PLACES)  # (m, 6c, 10)
        return torch.as_tensor(self.out(pooled.flatten(1)))


@dataclass(frozen=True, slots=True)
class Tokens:
    """A batch of samples, each with up to t elements; one with several edges stands several times.

    Attributes:
        z: (b, t) int64 atomic numbers, 0 for padding.
        edge: (b, t) int64 place in `EDGES`; -1 where the element was not measured.
        values, known: (b, t, 200) windows; anything where not measured.
        offset_eV: (b, t) of the windows.
        composition: (b, COMPOSITION_FEATURES), see `composition_features`.
        pattern: (b, d) what is known of the powder pattern. has_pattern: (b,) bool.
    """

    z: Tensor
    edge: Tensor
    values: Tensor
    known: Tensor
    offset_eV: Tensor
    composition: Tensor
    pattern: Tensor
    has_pattern: Tensor

    def fields(self) -> tuple[Tensor, ...]:
        """All of it, in order."""
        return (
            self.z, self.edge, self.values, self.known, self.offset_eV, self.composition, self.pattern,
            self.has_pattern,
        )  # fmt: skip


class SpecFusion(nn.Module):
    """The model."""

    reference: Tensor
    descriptors: Tensor
    kinds: Tensor

    def __init__(
        self, heads: PropertyHeads, config: SpecFusionConfig | None = None, shape: CompositionShape | None = None
    ) -> None:
        super().__init__()
        self.heads = heads
        self.config = config = config or SpecFusionConfig()
        w = config.width
        step = 0.5 + np.arctan(WINDOW_GRID_eV / 3.0) / np.pi
        self.register_buffer("reference", torch.as_tensor(step, dtype=torch.float32), persistent=False)
        zero = np.zeros((1, len(DESCRIPTORS)), np.float32)
        table = torch.from_numpy(np.concatenate([zero, element_descriptors()]))
        self.register_buffer("descriptors", table, persistent=False)
        self.register_buffer("kinds", torch.from_numpy(np.append(len(KINDS) - 1, element_kinds())), persistent=False)
        self.read = SpectrumReader(config.channels, config.spectrum)
        self.numbers = nn.Linear(len(DESCRIPTORS), 16)
        self.atom = nn.Embedding(len(SYMBOLS) + 1, 8)
        self.kind = nn.Embedding(len(KINDS), 4)
        self.edge = nn.Embedding(len(EDGES) + 1, 8)
        fused = config.spectrum + 16 + 8 + 4 + 8 + 1
        self.transition, self.other, self.unmeasured = (nn.Linear(fused, w) for _ in range(3))
        self.pattern = nn.Linear(max(config.pattern, 1), w) if config.pattern else None
        self.composition = PropertyComposition(heads, shape) if config.composition else None
        self.attention = nn.MultiheadAttention(w, config.heads, batch_first=True)
        self.before, self.between = nn.LayerNorm(w), nn.LayerNorm(w)
        self.perceptron = nn.Sequential(
            nn.Linear(w, 2 * w), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(2 * w, w)
        ) if config.deep else None  # fmt: skip
        hidden = self.composition.norm.normalized_shape[0] if self.composition else 0
        self.mixed = nn.Linear(w + hidden, w)
        self.out = nn.Linear(w, heads.outputs)
        self.drop = nn.Dropout(config.dropout)
        if self.composition:
            for begin in (self.out.weight, self.out.bias):
                nn.init.zeros_(begin)  # the answer begins as that of the composition

    def forward(self, tokens: Tokens) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Predict: name to (b, 2) mean and log scale in units of the heads' spreads, and name to (b, classes)."""
        hidden, outputs = self.composed(tokens.composition)
        pooled = self.pooled(tokens)
        if hidden is not None:
            pooled = torch.cat([pooled, hidden], 1)
        found = self.out(self.drop(torch.relu(self.mixed(pooled))))
        return self.heads.split(found if outputs is None else outputs + found)

    def composed(self, composition: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """What the composition alone says: its hidden vector and answer, without gradients."""
        if self.composition is None:
            return None, None
        self.composition.eval()
        with torch.no_grad():
            found: tuple[Tensor, Tensor] = self.composition(composition)
        return found

    def pooled(self, tokens: Tokens) -> Tensor:
        """(b, width) the mean of the sample's elements, and of its pattern, after attention among them."""
        present = tokens.z > 0
        x = self.fused(tokens) * present[..., None]
        if self.pattern is not None:
            x = torch.cat([x, self.pattern(tokens.pattern)[:, None] * tokens.has_pattern[:, None, None]], 1)
            present = torch.cat([present, tokens.has_pattern[:, None]], 1)
        entered = self.before(x) if self.perceptron is not None else x
        mixed, _ = self.attention(entered, entered, entered, key_padding_mask=~present, need_weights=False)
        if self.perceptron is not None:
            x = x + self.drop(mixed)
            mixed = x + self.drop(self.perceptron(self.between(x)))
        mixed = mixed * present[..., None]
        return torch.as_tensor(mixed.sum(1) / present.sum(1, keepdim=True).clamp(min=1))

    def fused(self, tokens: Tokens) -> Tensor:
        """(b, t, width) each element with its spectrum, where it has one."""
        measured = tokens.edge >= 0
        kind = self.kinds[tokens.z]
        spectra = torch.zeros(*tokens.z.shape, self.config.spectrum, device=tokens.z.device)
        if measured.any():
            known = tokens.known[measured]
            x = torch.where(known, tokens.values[measured] - self.reference, 0.0)
            spectra = spectra.index_put((measured,), self.read(x, known))
        offset = torch.where(measured, tokens.offset_eV, 0.0)[..., None] / 10
        described = [
            torch.relu(self.numbers(self.descriptors[tokens.z])), self.atom(tokens.z), self.kind(kind),
            self.edge(tokens.edge + 1),
        ]  # fmt: skip
        x = torch.cat([spectra, *described, offset], 2)
        of_measured = torch.where((kind == TRANSITION_METAL)[..., None], self.transition(x), self.other(x))
        return torch.where(measured[..., None], of_measured, self.unmeasured(x))
