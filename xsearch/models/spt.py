"""SPT: a spectrum transformer that reads all descriptors of an absorber's site off one XANES window, jointly.

Reads top to bottom: the spectrum is split into frequency bands by learned queries, the map of band against energy
goes through 2-D convolutions, tokens of nearby energies are mixed by graph attention, and one query a descriptor
collects its answer. Element and edge enter as physical features, E0 as a number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.models.absorber import SITE_CONTEXT
from xsearch.models.composition import PRIOR_FEATURES
from xsearch.models.site_prediction import SiteHeads, SitePrediction
from xsearch.preprocess.xanes import WINDOW_POINTS, WINDOW_GRID_eV

TOKENS = WINDOW_POINTS // 8
"""Of a spectrum, one for eight points."""


@dataclass(frozen=True, slots=True)
class SptConfig:
    """Sizes.

    Attributes:
        bands: into how many frequency bands a spectrum is split.
        channels: of the 2-D convolutions.
        width: of a token.
        layers: of graph attention.
        heads: of each attention.
        reach: how many tokens (2.2 eV each) away a neighbour may be.
        dropout: share of features dropped in training.
        prior_dropout: share of the composition's answer dropped in training.
    """

    bands: int = 4
    channels: int = 16
    width: int = 64
    layers: int = 2
    heads: int = 4
    reach: int = 4
    dropout: float = 0.15
    prior_dropout: float = 0.1


class FrequencyBands(nn.Module):
    """Splits spectra into bands that add up to them; learned queries choose which frequencies a band takes."""

    keys: Tensor

    def __init__(self, bands: int, width: int = 16) -> None:
        super().__init__()
        frequencies = WINDOW_POINTS // 2 + 1
        position = torch.linspace(0, 1, frequencies).sqrt()[:, None] * torch.arange(1, width // 2 + 1) * torch.pi
        self.register_buffer("keys", torch.cat([position.sin(), position.cos()], 1))  # (f, width)
        centres = torch.linspace(0, frequencies - 1, bands).long()
        self.queries = nn.Parameter(3.0 * self.keys[centres] / width**0.5)

    def forward(self, x: Tensor) -> Tensor:  # (b, 200) -> (b, bands, 200)
        spectrum = torch.fft.rfft(x)
        return torch.fft.irfft(spectrum[:, None] * self.shares(), n=WINDOW_POINTS)

    def shares(self) -> Tensor:
        """(bands, f) how much of each frequency every band takes: a frequency is shared out, never lost."""
        return (self.queries @ self.keys.T).softmax(0)


class NeighborAttention(nn.Module):
    """Graph attention among the tokens of nearby energies, with a learned bias for each distance."""

    def __init__(self, config: SptConfig) -> None:
        super().__init__()
        self.heads, self.reach = config.heads, config.reach
        self.norm = nn.LayerNorm(config.width)
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.bias = nn.Parameter(torch.zeros(config.heads, 2 * config.reach + 1))
        self.mlp = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, 2 * config.width),
            nn.GELU(),
            nn.Linear(2 * config.width, config.width),
        )

    def forward(self, x: Tensor) -> Tensor:  # (b, t, width)
        b, t, width = x.shape
        q, k, v = self.qkv(self.norm(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # (b, heads, t, d)
        place = torch.arange(t, device=x.device)
        apart = place[None] - place[:, None]
        bias = self.bias[:, (apart.clamp(-self.reach, self.reach) + self.reach)]
        bias = bias.masked_fill(apart.abs() > self.reach, -torch.inf)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias[None].to(q.dtype))
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, width))
        return x + self.mlp(x)


class Spt(nn.Module):
    """The model."""

    reference: Tensor

    def __init__(self, config: SptConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SptConfig()
        c, w = config.channels, config.width
        step = 0.5 + np.arctan((WINDOW_GRID_eV + 2.0) / 3.0) / np.pi
        self.register_buffer("reference", torch.as_tensor(step, dtype=torch.float32))
        self.bands = FrequencyBands(config.bands)
        self.map = nn.Sequential(
            nn.Conv2d(2, c, (3, 9), stride=(1, 4), padding=(1, 4)),  # (b, c, bands + 1, 50)
            nn.BatchNorm2d(c),
            nn.GELU(),
            nn.Conv2d(c, 3 * c, (3, 5), stride=(2, 2), padding=(1, 2)),  # (b, 3c, (bands + 2) // 2, 25)
            nn.BatchNorm2d(3 * c),
            nn.GELU(),
        )
        self.to_tokens = nn.Linear(3 * c * ((config.bands + 2) // 2), w)
        self.place = nn.Parameter(0.02 * torch.randn(TOKENS, w))
        self.context = nn.Sequential(nn.Linear(SITE_CONTEXT + 3, w), nn.GELU(), nn.Linear(w, 2 * w))
        self.prior = nn.Linear(PRIOR_FEATURES, 2 * w)
        self.forget = nn.Dropout(config.prior_dropout)
        self.layers = nn.ModuleList([NeighborAttention(config) for _ in range(config.layers)])
        self.heads = SiteHeads(w)
        self.queries = nn.Parameter(0.5 * torch.randn(self.heads.tasks, w))
        self.collect = nn.MultiheadAttention(w, config.heads, batch_first=True)
        self.whole = nn.Sequential(nn.Linear(TOKENS * w, 2 * w), nn.GELU())
        self.mix = nn.Sequential(nn.LayerNorm(4 * w), nn.Linear(4 * w, w), nn.GELU(), nn.Dropout(config.dropout))

    def forward(
        self, values: Tensor, known: Tensor, offset_eV: Tensor, absorber: Tensor, prior: Tensor
    ) -> SitePrediction:
        """Predict.

        Args:
            values: (b, 200) windows.
            known: (b, 200) bool.
            offset_eV: (b,) E0 less the tabulated edge.
            absorber: (b, SITE_CONTEXT).
            prior: (b, PRIOR_FEATURES) what the composition alone says, see `xsearch.models.composition`.
        """
        x = 3 * torch.where(known, values - self.reference, 0.0)  # both ends of a full window lie near zero
        rows = torch.cat([x[:, None], self.bands(x)], 1)
        picture = torch.stack([rows, known.float()[:, None].expand_as(rows)], 1)  # (b, 2, bands + 1, 200)
        tokens = self.to_tokens(self.map(picture).flatten(1, 2).transpose(1, 2)) + self.place  # (b, 25, w)
        offset = offset_eV[:, None]
        context = torch.cat([absorber, offset / 10, (offset / 4).sin(), (offset / 4).cos()], 1)
        gain, bias = (self.context(context) + self.prior(self.forget(prior))).chunk(2, 1)  # (b, w) each
        tokens = tokens * (1 + gain[:, None]) + bias[:, None]
        for layer in self.layers:
            tokens = layer(tokens)
        queries = self.queries.expand(len(tokens), -1, -1)
        answers, _ = self.collect(queries, tokens, tokens, need_weights=False)  # (b, tasks, w)
        common = torch.cat([self.whole(tokens.flatten(1)), bias], 1)[:, None].expand(-1, answers.shape[1], -1)
        hidden = self.mix(torch.cat([answers, common], 2))
        return self.heads(hidden.unbind(1), tokens.mean(1))
