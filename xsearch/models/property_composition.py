"""What a formula, or the elements alone, say of a material's properties: where SpecFusionNet begins.

Trained on all materials with labels, of which there are twenty times more than with spectra.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.chemistry.element_descriptors import DESCRIPTORS, element_descriptors
from xsearch.chemistry.element_physics import ELEMENT_PHYSICS, element_physics
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS

PROPERTY_NUMBERS = ("band_gap_eV", "density_g_cm3", "formation_energy_eV_atom", "fermi_level_eV")
"""What may be predicted as a number; gap, energies and Fermi level are those of semilocal DFT."""

PROPERTY_CLASSES: dict[str, tuple[str, ...]] = {
    "is_metal": ("no", "yes"),
    "is_gap_direct": ("no", "yes"),
    "is_magnetic": ("no", "yes"),
    "magnetic_ordering": ("FM", "AFM", "FiM"),
    "crystal_system": ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic"),
}
"""What may be predicted as a class; magnetism as the database's collinear calculations found it."""

COMPOSITION_FEATURES = 1 + 2 * len(SYMBOLS) + 4 * (ELEMENT_PHYSICS + len(DESCRIPTORS))
"""Numbers that say what is given of a composition."""


@dataclass(frozen=True, slots=True)
class PropertyHeads:
    """What one model predicts: only what its training data had labels for.

    Attributes:
        numbers: name to the training labels' median and spread, which bring all of them to one scale.
        classes: names, of `PROPERTY_CLASSES`.
    """

    numbers: dict[str, tuple[float, float]]
    classes: tuple[str, ...]

    @property
    def outputs(self) -> int:
        """How many numbers answer all heads: two for each number, and one for each class."""
        return 2 * len(self.numbers) + sum(len(PROPERTY_CLASSES[name]) for name in self.classes)

    def split(self, outputs: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """(b, outputs) by name: (b, 2) mean and log scale in units of the spreads, and (b, classes) logits."""
        sizes = [2] * len(self.numbers) + [len(PROPERTY_CLASSES[name]) for name in self.classes]
        parts = torch.split(outputs, sizes, 1)
        n = len(self.numbers)
        return dict(zip(self.numbers, parts[:n], strict=True)), dict(zip(self.classes, parts[n:], strict=True))


@dataclass(frozen=True, slots=True)
class CompositionShape:
    """Sizes: `width` of the hidden layers, how many `blocks`, and `dropout`."""

    width: int = 192
    blocks: int = 2
    dropout: float = 0.15


class PropertyComposition(nn.Module):
    """Input (b, COMPOSITION_FEATURES), see `composition_features`; gives (b, width) and (b, heads.outputs)."""

    def __init__(self, heads: PropertyHeads, shape: CompositionShape | None = None) -> None:
        super().__init__()
        shape = shape or CompositionShape()
        w = shape.width
        self.enter = nn.Linear(COMPOSITION_FEATURES, w)
        self.blocks = nn.ModuleList(
            [nn.Sequential(nn.LayerNorm(w), nn.Linear(w, w), nn.GELU(), nn.Dropout(shape.dropout), nn.Linear(w, w))
             for _ in range(shape.blocks)]
        )  # fmt: skip
        self.norm = nn.LayerNorm(w)
        self.out = nn.Linear(w, heads.outputs)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the hidden vector and the answer."""
        x = self.enter(features)
        for block in self.blocks:
            x = x + block(x)
        x = self.norm(x)
        return x, self.out(x)


def composition_features(elements: Iterable[str], amounts: Mapping[str, float] | None = None) -> NDArray[np.float32]:
    """(COMPOSITION_FEATURES,) what is given of a composition: its elements, and their amounts where these are known.

    Whether amounts are given; which elements there are; their shares, even ones without amounts; and of the elements'
    physics the mean and spread by these shares, the highest and the lowest.
    """
    symbols = sorted({*elements, *(amounts or {})})
    at = [ATOMIC_NUMBERS[symbol] - 1 for symbol in symbols]
    shares = np.array([amounts[symbol] for symbol in symbols] if amounts else [1.0] * len(symbols))
    shares = shares / shares.sum()
    present, share = np.zeros(len(SYMBOLS)), np.zeros(len(SYMBOLS))
    present[at], share[at] = 1, shares
    physics = _physics()[at]
    mean = shares @ physics
    spread = np.sqrt(np.maximum(shares @ physics**2 - mean**2, 0))
    parts = [[float(bool(amounts))], present, share, mean, spread, physics.max(axis=0), physics.min(axis=0)]
    return np.concatenate(parts).astype(np.float32)


@cache
def _physics() -> NDArray[np.float64]:
    return np.concatenate([element_physics(), element_descriptors()], axis=1).astype(np.float64)
