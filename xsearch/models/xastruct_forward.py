"""Structure to XANES: the surroundings of an absorber to the spectrum of its edge, after XAStruct's forward model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.models.absorber import SITE_CONTEXT, site_context

CODES = ("FEFF9", "FEFF10", "VASP")
"""What computes spectra to learn from: each has its own energies and broadening."""

POINTS = 200
TAIL_POINTS = 20
"""Spectra are in units of the mean of the last so many points that are known, 5.6 eV."""
WINDOW_eV = 56.0
"""The spectrum runs over so many eV from an energy fixed for each edge and code (`start_eV` in the card)."""


def edge_context(z: int, edge: str, code: str) -> NDArray[np.float32]:
    """(31,) what a network is given of an edge: the absorber's and the edge's physics, and one of `CODES`."""
    return np.concatenate([site_context(z, edge), np.array([code == one for one in CODES], np.float32)])


@dataclass(frozen=True, slots=True)
class ForwardConfig:
    """Shape of the network.

    Attributes:
        features: numbers that describe the surroundings.
        width: of the residual stream.
        hidden: of the gated layers.
        depth: how many gated blocks.
        context_width: of the embedding of absorber, edge and code.
        dropout: share of activations dropped in training.
        gated: whether blocks are gated; without, they are half as wide again, which gives as many parameters.
    """

    features: int
    width: int = 160
    hidden: int = 256
    depth: int = 4
    context_width: int = 32
    dropout: float = 0.25
    gated: bool = True


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


class Ungated(nn.Module):
    """The same without a gate, for comparison: as many parameters in two matrices as there in three."""

    def __init__(self, config: ForwardConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width)
        self.value = nn.Linear(config.width, config.hidden * 3 // 2)
        self.out = nn.Linear(config.hidden * 3 // 2, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) to (batch, width)."""
        return x + self.out(self.dropout(nn.functional.silu(self.value(self.norm(x)))))


class XAStructForward(nn.Module):
    """One network for all absorbers and edges: what it adds to the mean spectrum of an edge."""

    mean: Tensor
    scale: Tensor

    def __init__(self, config: ForwardConfig) -> None:
        super().__init__()
        self.config = config
        self.context = nn.Linear(SITE_CONTEXT + len(CODES), config.context_width)
        self.register_buffer("mean", torch.zeros(config.features))
        self.register_buffer("scale", torch.ones(config.features))
        self.enter = nn.Linear(config.features + config.context_width, config.width)
        block = SwiGLU if config.gated else Ungated
        self.blocks = nn.ModuleList(block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.leave = nn.Linear(config.width, POINTS)
        self.dropout = nn.Dropout(config.dropout / 2)

    def forward(self, features: Tensor, context: Tensor, base: Tensor) -> Tensor:
        """Spectra in units of an edge step of about one.

        Args:
            features: (batch, features), as `features_of` gives them.
            context: (batch, 31), as `edge_context` gives it.
            base: (batch, POINTS) mean spectra of the edges.

        Returns:
            (batch, POINTS).
        """
        x = ((features - self.mean) / self.scale).clamp(-6, 6)
        x = self.enter(torch.cat([self.dropout(x), torch.tanh(self.context(context))], dim=1))
        for block in self.blocks:
            x = block(x)
        return base + self.leave(self.norm(x))
