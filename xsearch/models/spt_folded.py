"""SPT after its paper: spectra folded by learned periods, bands weighed by their context, a graph over energies.

The parts are those that Zhong et al. name (arXiv:2603.27684); sizes are ours, and folding follows Wu et al., TimesNet
(arXiv:2210.02186): a period that is right puts the same phase of every oscillation into one column, where convolutions
in two dimensions compare it along the cycles. `xsearch.models.spt` is the simpler network: bands of the Fourier
transform.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.models.absorber import SITE_CONTEXT
from xsearch.models.composition import PRIOR_FEATURES
from xsearch.models.site_prediction import SiteHeads, SitePrediction
from xsearch.models.spt import TOKENS, NeighborAttention, SptConfig
from xsearch.preprocess.xanes import WINDOW_POINTS, WINDOW_GRID_eV

PHASES = 16
"""Columns of a folded spectrum."""

SHORTEST, LONGEST = 10.0, 90.0
"""Periods in points of the window, 3 and 25 eV, between which the learned ones begin."""

CYCLES = int(np.ceil(WINDOW_POINTS / SHORTEST)) + 1
"""Rows of a folded spectrum; those beyond its end are zero."""

KERNELS = (1, 3, 5)
"""Of the convolutions over a folded spectrum, side by side."""


@dataclass(frozen=True, slots=True)
class SptFoldedConfig:
    """Sizes: `periods` that a spectrum is folded by, `channels` of the convolutions, and the rest as in `SptConfig`."""

    periods: int = 4
    channels: int = 16
    shared: SptConfig = field(default_factory=SptConfig)


class PeriodFolding(nn.Module):
    """(b, c, 200) to (b, periods, c, 200): each band is the spectrum folded by one period, convolved, unfolded."""

    def __init__(self, periods: int, channels: int) -> None:
        super().__init__()
        begin = torch.linspace(float(np.log(SHORTEST)), float(np.log(LONGEST)), periods)
        self.log_period = nn.Parameter(begin)
        self.convolutions = nn.ModuleList([nn.Conv2d(channels, channels, size, padding=size // 2) for size in KERNELS])
        self.norm = nn.BatchNorm2d(channels)

    def periods_eV(self) -> Tensor:
        """(periods,) the learned periods, in eV."""
        return self.log_period.exp() * float(WINDOW_GRID_eV[1] - WINDOW_GRID_eV[0])

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, periods, c, 200)."""
        return torch.stack([self._band(x, period) for period in self.log_period.exp().clamp(min=SHORTEST)], 1)

    def _band(self, x: Tensor, period: Tensor) -> Tensor:
        folded = self._folded(x, period)
        mixed = sum(convolution(folded) for convolution in self.convolutions) / len(KERNELS)
        return self._unfolded(nn.functional.gelu(self.norm(mixed)), period)

    def _folded(self, x: Tensor, period: Tensor) -> Tensor:
        """(b, c, cycles, phases) read at (cycle + phase) · period, zero beyond the end."""
        cycle = torch.arange(CYCLES, device=x.device)[:, None]
        phase = torch.arange(PHASES, device=x.device)[None] / PHASES
        at = (cycle + phase) * period
        across = 2 * at / (WINDOW_POINTS - 1) - 1
        grid = torch.stack([across, torch.zeros_like(across)], -1).expand(len(x), -1, -1, -1)
        return nn.functional.grid_sample(x[:, :, None], grid, align_corners=True, padding_mode="zeros")

    def _unfolded(self, folded: Tensor, period: Tensor) -> Tensor:
        """(b, c, 200) read back at every point's cycle and phase."""
        turns = torch.arange(WINDOW_POINTS, device=folded.device) / period
        cycle = turns.detach().floor()
        across = 2 * (turns - cycle) * PHASES / (PHASES - 1) - 1
        down = 2 * cycle / (CYCLES - 1) - 1
        grid = torch.stack([across, down], -1)[None, None].expand(len(folded), -1, -1, -1)
        found = nn.functional.grid_sample(folded, grid, align_corners=True, padding_mode="border")
        return found[:, :, 0]


class SptFolded(nn.Module):
    """The model; see `Spt.forward` for its arguments."""

    reference: Tensor

    def __init__(self, config: SptFoldedConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SptFoldedConfig()
        c, shared = config.channels, config.shared
        w = shared.width
        step = 0.5 + np.arctan((WINDOW_GRID_eV + 2.0) / 3.0) / np.pi
        self.register_buffer("reference", torch.as_tensor(step, dtype=torch.float32))
        self.enter = nn.Conv1d(2, c, 5, padding=2)
        self.bands = PeriodFolding(config.periods, c)
        self.context = nn.Sequential(nn.Linear(SITE_CONTEXT + 3, w), nn.GELU(), nn.Linear(w, 2 * w))
        self.prior = nn.Linear(PRIOR_FEATURES, 2 * w)
        self.forget = nn.Dropout(shared.prior_dropout)
        self.query, self.key = nn.Linear(w, c), nn.Linear(2 * c, c)
        self.to_tokens = nn.Linear(c * (WINDOW_POINTS // TOKENS), w)
        self.place = nn.Parameter(0.02 * torch.randn(TOKENS, w))
        self.layers = nn.ModuleList([NeighborAttention(shared) for _ in range(shared.layers)])
        self.heads = SiteHeads(w)
        self.queries = nn.Parameter(0.5 * torch.randn(self.heads.tasks, w))
        self.collect = nn.MultiheadAttention(w, shared.heads, batch_first=True)
        self.mix = nn.Sequential(nn.LayerNorm(2 * w), nn.Linear(2 * w, w), nn.GELU(), nn.Dropout(shared.dropout))

    def forward(
        self, values: Tensor, known: Tensor, offset_eV: Tensor, absorber: Tensor, prior: Tensor
    ) -> SitePrediction:
        """Predict."""
        x = 3 * torch.where(known, values - self.reference, 0.0)
        entered = nn.functional.gelu(self.enter(torch.stack([x, known.float()], 1)))  # (b, c, 200)
        offset = offset_eV[:, None]
        context = torch.cat([absorber, offset / 10, (offset / 4).sin(), (offset / 4).cos()], 1)
        gain, bias = (self.context(context) + self.prior(self.forget(prior))).chunk(2, 1)  # (b, w) each
        bands = self.bands(entered)  # (b, periods, c, 200)
        share = self.share_of_bands(bands, bias)
        mixed = entered + (share[:, :, None, None] * bands).sum(1)
        tokens = mixed.unflatten(2, (TOKENS, -1)).transpose(1, 2).flatten(2)  # (b, 25, 8 c)
        tokens = (self.to_tokens(tokens) + self.place) * (1 + gain[:, None]) + bias[:, None]
        for layer in self.layers:
            tokens = layer(tokens)
        queries = self.queries.expand(len(tokens), -1, -1)
        answers, _ = self.collect(queries, tokens, tokens, need_weights=False)  # (b, tasks, w)
        hidden = self.mix(torch.cat([answers, bias[:, None].expand_as(answers)], 2))
        return self.heads(hidden.unbind(1), tokens.mean(1))

    def share_of_bands(self, bands: Tensor, context: Tensor) -> Tensor:
        """(b, periods) how much each band counts, from its mean and spread in the context of absorber and compound."""
        keys = self.key(torch.cat([bands.mean(3), bands.std(3)], 2))  # (b, periods, c)
        return (keys @ self.query(context)[:, :, None])[..., 0].div(keys.shape[2] ** 0.5).softmax(1)
