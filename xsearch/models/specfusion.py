"""SpecFusionNet: properties of a material from any number of its edges and the elements it holds.

Every element of the sample is a token of its physical features; where its edge was measured, the spectrum is added,
read by convolutions of three widths side by side. Masked attention mixes the tokens of one sample, whether one edge was
measured or five. The amounts of the elements are not an input: they are rarely known of an unknown crystal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.models.absorber import ABSORBER_FEATURES
from xsearch.preprocess.xanes import WINDOW_GRID_eV

PROPERTY_NUMBERS = ("band_gap_eV", "density_g_cm3", "formation_energy_eV_atom", "fermi_level_eV")
"""What may be predicted as a number; gap, energies and Fermi level are those of semilocal DFT."""

PROPERTY_CLASSES: dict[str, tuple[str, ...]] = {
    "is_metal": ("no", "yes"),
    "is_gap_direct": ("no", "yes"),
    "is_magnetic": ("no", "yes"),
    "magnetic_ordering": ("FM", "AFM", "FiM"),
}
"""What may be predicted as a class; magnetism as the database's collinear calculations found it."""


@dataclass(frozen=True, slots=True)
class PropertyHeads:
    """What one model predicts: only what its training data had labels for.

    Attributes:
        numbers: name to the training labels' median and spread, which bring all of them to one scale.
        classes: names, of `PROPERTY_CLASSES`.
    """

    numbers: dict[str, tuple[float, float]]
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpecFusionConfig:
    """Sizes: `channels` of each convolution, `width` of a token, `layers` and `heads` of attention, `dropout`."""

    channels: int = 16
    width: int = 64
    layers: int = 2
    heads: int = 4
    dropout: float = 0.2


class SpectrumReader(nn.Module):
    """One window to one vector: three convolutions of different widths over the spectrum, pooled by energy."""

    def __init__(self, config: SpecFusionConfig) -> None:
        super().__init__()
        c = config.channels
        self.narrow, self.middle, self.wide = (
            nn.Conv1d(2, c, size, stride=2, padding=size // 2) for size in (3, 9, 25)
        )
        self.join = nn.Sequential(nn.GELU(), nn.Conv1d(3 * c, 2 * c, 5, stride=2, padding=2), nn.GELU())
        self.out = nn.Linear(2 * c * 25, config.width)

    def forward(self, picture: Tensor) -> Tensor:  # (m, 2, 200) -> (m, width)
        scales = torch.cat([self.narrow(picture), self.middle(picture), self.wide(picture)], 1)  # (m, 3c, 100)
        joined = nn.functional.avg_pool1d(self.join(scales), 2)  # (m, 2c, 25)
        return torch.as_tensor(self.out(joined.flatten(1)))


class SpecFusion(nn.Module):
    """The model."""

    reference: Tensor

    def __init__(self, heads: PropertyHeads, config: SpecFusionConfig | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.config = config = config or SpecFusionConfig()
        w = config.width
        step = 0.5 + np.arctan(WINDOW_GRID_eV / 3.0) / np.pi
        self.register_buffer("reference", torch.as_tensor(step, dtype=torch.float32))
        self.read = SpectrumReader(config)
        self.element = nn.Sequential(nn.Linear(ABSORBER_FEATURES + 2, w), nn.GELU(), nn.Linear(w, w))
        layer = nn.TransformerEncoderLayer(
            w, config.heads, 2 * w, config.dropout, nn.functional.gelu, batch_first=True, norm_first=True
        )
        self.mix = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(2 * w)
        self.numbers = nn.ModuleDict({name: nn.Linear(2 * w, 2) for name in heads.numbers})
        self.classes = nn.ModuleDict({n: nn.Linear(2 * w, len(PROPERTY_CLASSES[n])) for n in heads.classes})
        self.drop = nn.Dropout(config.dropout)

    def forward(
        self, elements: Tensor, present: Tensor, measured: Tensor, values: Tensor, known: Tensor, offset_eV: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Predict.

        Args:
            elements: (b, t, ABSORBER_FEATURES), a row for each element of a sample, padded with anything.
            present: (b, t) bool, which rows are elements.
            measured: (b, t) bool, of which of them the edge was measured.
            values, known: (b, t, 200) windows; anything where not measured.
            offset_eV: (b, t) of the windows.

        Returns:
            name to (b, 2) mean and log scale in units of the heads' spreads, and name to (b, classes) logits.
        """
        context = torch.cat([elements, measured[..., None].float(), (offset_eV * measured)[..., None] / 10], 2)
        tokens = self.element(context)
        x = torch.where(known, values - self.reference, 0.0)
        spectra = self.read(torch.stack([x[measured], known[measured].float()], 1))
        tokens = tokens.index_put((measured,), tokens[measured] + spectra)
        mixed = self.mix(tokens, src_key_padding_mask=~present) * present[..., None]
        mean = mixed.sum(1) / present.sum(1, keepdim=True)
        of_measured = (mixed * measured[..., None]).sum(1) / measured.sum(1, keepdim=True).clamp(min=1)
        pooled = self.drop(self.norm(torch.cat([mean, of_measured], 1)))
        numbers = {name: head(pooled) for name, head in self.numbers.items()}
        return numbers, {name: head(pooled) for name, head in self.classes.items()}
