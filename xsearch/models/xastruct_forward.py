"""Structure to XANES: the surroundings of an absorber to its K-edge spectrum, after XAStruct's forward model."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xsearch.elements import SYMBOLS

POINTS = 200
TAIL_POINTS = 20
"""Spectra are in units of the mean of the last so many points that are known, 5.6 eV."""
WINDOW_eV = 56.0
"""The spectrum runs over so many eV from an energy fixed for each absorber (`start_eV` in the card)."""


@dataclass(frozen=True, slots=True)
class ForwardConfig:
    """Shape of the network.

    Attributes:
        features: numbers that describe the surroundings.
        width: of the residual stream.
        hidden: of the gated layers.
        depth: how many gated blocks.
        absorber_width: of the absorber's embedding.
        dropout: share of activations dropped in training.
    """

    features: int
    width: int = 160
    hidden: int = 256
    depth: int = 4
    absorber_width: int = 32
    dropout: float = 0.25


class SwiGLU(nn.Module):
    """A gated feed-forward block with its residual (Shazeer, arXiv:2002.05202)."""

    def __init__(self, config: ForwardConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width)
        self.gate = nn.Linear(config.width, config.hidden)
        self.value = nn.Linear(config.width, config.hidden)
        self.out = nn.Linear(config.hidden, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) to (batch, width)."""
        y = self.norm(x)
        return x + self.out(self.dropout(nn.functional.silu(self.gate(y)) * self.value(y)))


class XAStructForward(nn.Module):
    """One network for all absorbers.

    Its answer is a smooth step plus what the blocks add to it; the step is learned once for each absorber.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, config: ForwardConfig) -> None:
        super().__init__()
        self.config = config
        self.absorber = nn.Embedding(len(SYMBOLS) + 1, config.absorber_width)
        self.register_buffer("mean", torch.zeros(config.features))
        self.register_buffer("scale", torch.ones(config.features))
        self.enter = nn.Linear(config.features + config.absorber_width, config.width)
        self.blocks = nn.ModuleList(SwiGLU(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.leave = nn.Linear(config.width, POINTS)
        self.base = nn.Parameter(torch.ones(POINTS))
        self.dropout = nn.Dropout(config.dropout / 2)

    def forward(self, features: Tensor, atomic_number: Tensor) -> Tensor:
        """Spectra in units of an edge step of about one.

        Args:
            features: (batch, features), as `site_features` gives them.
            atomic_number: (batch,) int64, of the absorber.

        Returns:
            (batch, POINTS).
        """
        x = ((features - self.mean) / self.scale).clamp(-6, 6)
        x = self.enter(torch.cat([self.dropout(x), self.absorber(atomic_number)], dim=1))
        for block in self.blocks:
            x = block(x)
        return self.base + self.leave(self.norm(x))
