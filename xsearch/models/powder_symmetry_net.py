"""The CNN-Transformer that reads the symmetry of a crystal off its powder pattern.

Convolutions on the log-q axis shorten the pattern to tokens, a transformer compares them whatever their distance, and
their mean gives crystal system, space group and the volume of the primitive cell. The convolutions, and a part of the
answer that sees every token in its place, begin as those of `xsearch.models.powder_net`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xsearch.models.powder_net import SPACE_GROUPS, SYSTEMS, Config, PowderNet
from xsearch.models.powder_symmetry import USUAL_LN_VOLUME


@dataclass(frozen=True, slots=True)
class SymmetryConfig:
    """The transformer's shape: `layers` of `heads` each, `inner` neurons between them, `dropout` in training."""

    layers: int = 1
    heads: int = 4
    inner: int = 256
    dropout: float = 0.0


class Layer(nn.Module):
    """(b, t, c) to the same: attention among tokens, then a perceptron."""

    def __init__(self, channels: int, config: SymmetryConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = nn.Linear(channels, 3 * channels)
        self.mixed = nn.Linear(channels, channels)
        self.inner_norm = nn.LayerNorm(channels)
        self.inner = nn.Linear(channels, config.inner)
        self.outer = nn.Linear(config.inner, channels)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, t, c)."""
        b, t, c = x.shape
        parts = self.attention(self.attention_norm(x)).view(b, t, 3, self.heads, c // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (b, heads, t, c / heads) each
        share = (query @ key.transpose(2, 3) * (c // self.heads) ** -0.5).softmax(-1).to(value.dtype)
        x = x + self.drop(self.mixed((share @ value).transpose(1, 2).reshape(b, t, c)))
        return x + self.drop(self.outer(torch.relu(self.inner(self.inner_norm(x)))))


class SymmetryNet(nn.Module):
    """Input (b, 2, bins): see `xsearch.preprocess.network_input`."""

    def __init__(self, config: SymmetryConfig | None = None, shape: Config | None = None) -> None:
        super().__init__()
        self.config = config = config or SymmetryConfig()
        begun = PowderNet(shape or Config())
        self.shape = c = begun.config
        self.lines, self.trunk = begun.lines, begun.trunk
        self.place = nn.Parameter(0.02 * torch.randn(begun.places, c.wide))
        self.layers = nn.Sequential(*[Layer(c.wide, config) for _ in range(config.layers)])
        self.norm = nn.LayerNorm(c.wide)
        self.system, self.space_group = begun.system, begun.space_group
        self.attended = nn.Linear(c.wide, SYSTEMS + SPACE_GROUPS)
        self.volume = nn.Linear(c.trunk + c.wide, 2)
        for begin in (self.attended.weight, self.attended.bias):
            nn.init.zeros_(begin)  # it begins as the network without attention

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of systems (b, 7) and space groups (b, 230); mean and log scale of ln of the volume in Å³, (b, 2)."""
        lines = self.lines(x)  # (b, wide, places)
        fixed = self.trunk(lines)
        mean = self.norm(self.layers(lines.transpose(1, 2) + self.place)).mean(1)  # (b, wide)
        systems, groups = self.attended(mean).split((SYSTEMS, SPACE_GROUPS), 1)
        volume = self.volume(torch.cat([fixed, mean], 1)).float()
        volume = torch.stack([volume[:, 0] + USUAL_LN_VOLUME, volume[:, 1].clamp(-5, 2)], 1)
        return (self.system(fixed) + systems).float(), (self.space_group(fixed) + groups).float(), volume
