"""The powder network: one trunk of convolutions on the log-q axis, and three heads.

An isotropic strain is a shift on this axis, so that the lines of a lattice have the same spacing at any scale. The
trunk ends in one vector; from it come a unit vector (similar crystals close), the crystal system and the space group.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor, nn

from xsearch.preprocess.axis import INPUT_AXIS

SYSTEMS, SPACE_GROUPS = 7, 230
"""Classes that the network tells."""


@dataclass(frozen=True, slots=True)
class Config:
    """The network's shape."""

    bins: int = INPUT_AXIS.bins
    stem: int = 32
    middle: int = 64
    wide: int = 128
    trunk: int = 384
    embedding: int = 128


class Residual(nn.Module):
    """(b, c, n) to the same: two convolutions with a skip connection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm1d(channels)
        self.second = nn.Conv1d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, c, n)."""
        y = torch.relu(self.first_norm(self.first(x)))
        return torch.relu(x + self.second_norm(self.second(y)))


def _shorter(into: int, out: int, kernel: int, stride: int) -> nn.Sequential:
    """(b, into, n) to (b, out, ceil(n / stride))."""
    convolution = nn.Conv1d(into, out, kernel, stride=stride, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm1d(out), nn.ReLU())


class PowderNet(nn.Module):
    """Input (b, 2, bins): see `xsearch.preprocess.network_input`."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = c = config
        self.lines = nn.Sequential(
            _shorter(2, c.stem, 17, 8),  # (b, stem, bins / 8)
            _shorter(c.stem, c.middle, 5, 2),  # (b, middle, bins / 16)
            _shorter(c.middle, c.middle, 5, 2),  # (b, middle, bins / 32)
            Residual(c.middle),
            _shorter(c.middle, c.wide, 5, 2),  # (b, wide, bins / 64)
            Residual(c.wide),
            Residual(c.wide),
        )
        self.places = ceil(ceil(ceil(ceil(c.bins / 8) / 2) / 2) / 2)
        self.trunk = nn.Sequential(
            nn.Flatten(), nn.Linear(c.wide * self.places, c.trunk, bias=False), nn.BatchNorm1d(c.trunk), nn.ReLU()
        )
        self.embedding = nn.Linear(c.trunk, c.embedding)
        self.system = nn.Linear(c.trunk, SYSTEMS)
        self.space_group = nn.Linear(c.trunk, SPACE_GROUPS)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Unit vectors (b, embedding), logits of systems (b, 7) and of space groups (b, 230)."""
        shared = self.trunk(self.lines(x))
        vectors = nn.functional.normalize(self.embedding(shared).float(), dim=1)
        return vectors, self.system(shared).float(), self.space_group(shared).float()
