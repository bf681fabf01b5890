"""XAStruct, from spectrum to structure: a gated network over the whole window, small and fast.

Every block is a SwiGLU unit (Shazeer, arXiv:2002.05202): one linear map decides how much of another passes. The
window is read as one vector, so the network does not know which energies are close; forests and SPT do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.elements import SYMBOLS
from xsearch.models.absorber import SITE_CONTEXT, Z_SCALE
from xsearch.models.composition import PRIOR_FEATURES
from xsearch.models.site_prediction import SiteHeads, SitePrediction
from xsearch.models.tasks import OF_SITES
from xsearch.preprocess.xanes import WINDOW_POINTS, WINDOW_GRID_eV


@dataclass(frozen=True, slots=True)
class XaStructConfig:
    """Sizes.

    Attributes:
        width: of the residual stream.
        hidden: of each gate.
        blocks: how many.
        element: what is learned of each absorbing element beside its physical features.
        dropout: share of features dropped in training.
        prior_dropout: share of the composition's answer dropped in training.
    """

    width: int = 256
    hidden: int = 384
    blocks: int = 3
    element: int = 16
    dropout: float = 0.3
    prior_dropout: float = 0.1


class SwiGlu(nn.Module):
    """A gated block: x + W (silu(A x) * B x)."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.gate_and_value = nn.Linear(width, 2 * hidden)
        self.out = nn.Linear(hidden, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.gate_and_value(self.norm(x)).chunk(2, -1)
        return x + self.out(self.drop(nn.functional.silu(gate) * value))


class XaStruct(nn.Module):
    """The model."""

    reference: Tensor

    def __init__(self, config: XaStructConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or XaStructConfig()
        step = 0.5 + np.arctan(WINDOW_GRID_eV / 3.0) / np.pi
        self.register_buffer("reference", torch.as_tensor(step, dtype=torch.float32))
        self.element = nn.Embedding(len(SYMBOLS) + 1, config.element)
        nn.init.zeros_(self.element.weight)  # so that an element without training has its physical features alone
        context = SITE_CONTEXT + 3 + config.element
        self.enter = nn.Linear(2 * WINDOW_POINTS + WINDOW_POINTS // 4 + context, config.width)
        self.prior = nn.Linear(PRIOR_FEATURES, config.width)
        self.forget = nn.Dropout(config.prior_dropout)
        self.blocks = nn.Sequential(
            *[SwiGlu(config.width, config.hidden, config.dropout) for _ in range(config.blocks)],
            nn.LayerNorm(config.width),
        )
        self.heads = SiteHeads(config.width, OF_SITES)

    def forward(
        self, values: Tensor, known: Tensor, offset_eV: Tensor, absorber: Tensor, prior: Tensor
    ) -> SitePrediction:
        """Predict; arguments as in `Spt.forward`."""
        x = torch.where(known, values - self.reference, 0.0)
        slope = nn.functional.pad(x[:, 2:] - x[:, :-2], (1, 1)) * 5.0
        offset = offset_eV[:, None]
        learned = self.element((absorber[:, 0] * Z_SCALE).round().long())
        context = torch.cat([absorber, offset / 10, (offset / 4).sin(), (offset / 4).cos(), learned], 1)
        entered = self.enter(torch.cat([3 * x, slope, known[:, ::4].float(), context], 1))
        features = self.blocks(entered + self.prior(self.forget(prior)))  # (b, width)
        return self.heads([features] * self.heads.tasks, features)
