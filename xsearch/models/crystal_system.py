"""The crystal system of a powder pattern: a small network of convolutions and attention.

Convolutions find lines and shorten the pattern; attention compares lines far apart, whose ratios of q tell the lattice.
On the axis of ln q these ratios are distances, the same wherever the pattern lies.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from xsearch.errors import XSearchError
from xsearch.preprocess.axis import LogQAxis
from xsearch.preprocess.powder import NetPattern

SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic")
AXIS = LogQAxis(step=0.003, width=0.003)
FLOOR = 0.02
WEIGHTS_FILE = Path(__file__).parent / "weights" / "crystal_system.safetensors"


@dataclass(frozen=True, slots=True)
class Config:
    """The network's shape."""

    bins: int = AXIS.bins
    channels: int = 32
    width: int = 64
    heads: int = 4
    layers: int = 3


class CrystalSystemNet(nn.Module):
    """Input (b, 2, bins): compressed profile and measured range. Output (b, 7): logits in the order of `SYSTEMS`."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        c, w = config.channels, config.width
        self.lines = nn.Sequential(
            nn.Conv1d(2, c, 9, stride=2, padding=4),  # (b, c, bins / 2)
            nn.GroupNorm(4, c),
            nn.GELU(),
            nn.Conv1d(c, w, 5, stride=2, padding=2),  # (b, w, bins / 4)
            nn.GroupNorm(4, w),
            nn.GELU(),
            nn.Conv1d(w, w, 5, stride=4, padding=2),  # (b, w, bins / 16)
            nn.GELU(),
        )
        self.places = nn.Parameter(torch.zeros(1, ceil(config.bins / 16), w))
        layer = nn.TransformerEncoderLayer(
            w, config.heads, 2 * w, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.compare = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.answer = nn.Sequential(nn.LayerNorm(w), nn.Linear(w, len(SYSTEMS)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (b, 7) of inputs (b, 2, bins)."""
        tokens = self.lines(x).transpose(1, 2) + self.places  # (b, bins / 16, w)
        logits: Tensor = self.answer(self.compare(tokens).mean(dim=1))
        return logits


def network_input(pattern: NetPattern) -> NDArray[np.float32]:
    """(2, bins): the compressed profile, zero outside the measured range, and that range as ones."""
    first, last = pattern.window(AXIS)
    profile = pattern.profile(AXIS)
    out = np.zeros((2, AXIS.bins), np.float32)
    inside = profile[first:last]
    highest = float(inside.max(initial=0.0)) or 1.0
    out[0, first:last] = (inside / highest + FLOOR) ** AXIS.power - FLOOR**AXIS.power
    out[1, first:last] = 1
    return out


def predict(pattern: NetPattern) -> dict[str, float]:
    """The probability of each crystal system."""
    net = load()
    with torch.inference_mode():
        probabilities = net(torch.from_numpy(network_input(pattern))[None]).softmax(dim=1)[0]
    return dict(zip(SYSTEMS, probabilities.tolist(), strict=True))


def save(net: CrystalSystemNet, path: Path = WEIGHTS_FILE) -> None:
    """Write weights and the network's shape."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(net.state_dict(), path, metadata={"config": json.dumps(asdict(net.config))})


@lru_cache(maxsize=2)
def load(path: Path = WEIGHTS_FILE) -> CrystalSystemNet:
    """The trained network, ready to predict.

    Raises:
        XSearchError: where there are no weights.
    """
    if not path.is_file():
        raise XSearchError(f"{path}: there are no weights; `python -m xsearch.training.crystal_system` trains them.")
    with safe_open(path, framework="pt") as stored:
        net = CrystalSystemNet(Config(**json.loads(stored.metadata()["config"])))
        net.load_state_dict({name: stored.get_tensor(name) for name in stored.keys()})  # noqa: SIM118
    return net.eval()
