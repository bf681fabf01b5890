"""The trained CNN-Transformer without torch: crystal system, space group and volume of a pattern in milliseconds.

The weights are those of `xsearch.models.powder_symmetry_net`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import XSearchError
from xsearch.models.powder_encoder import Convolutions
from xsearch.paths import WEIGHTS_FOLDER

WEIGHTS_FILE = WEIGHTS_FOLDER / "powder_symmetry.safetensors"
EPSILON = 1e-5
"""Of the layers' normalisations, as torch has it."""
USUAL_LN_VOLUME = 5.2
"""ln of a usual primitive cell's volume in Å³, from which the network counts."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SymmetryReading:
    """What the network reads from patterns.

    Attributes:
        system_logits: (n, 7), in the order of `CRYSTAL_SYSTEMS`.
        group_logits: (n, 230), space group 1 first.
        ln_volume: (n, 2) of the primitive cell in Å³: the answer, and the mean distance of the truth from it.
    """

    system_logits: Array
    group_logits: Array
    ln_volume: Array


class SymmetryReader:
    """The network's forward pass.

    Args:
        tensors: its state by name, as trained.
        heads: of the attention.
    """

    def __init__(self, tensors: dict[str, Array], heads: int, identity: str = "") -> None:
        self.identity = identity
        self._heads = heads
        self._tensors = {name: np.asarray(value, np.float32) for name, value in tensors.items()}
        self._convolutions = Convolutions(self._tensors)
        self._layers = sum(name.endswith("attention.weight") for name in tensors)

    def read(self, inputs: Array) -> SymmetryReading:
        """What the network reads from inputs (n, 2, bins); see `xsearch.preprocess.network_input`."""
        lines = self._convolutions.lines(inputs)  # (n, wide, places)
        fixed = self._convolutions.trunk(lines)
        tokens = lines.transpose(0, 2, 1) + self._tensors["place"]
        for layer in range(self._layers):
            tokens = self._attended(tokens, f"layers.{layer}")
        mean = self._normalised(tokens, "norm").mean(axis=1)
        added = self._linear(mean, "attended")
        volume = self._linear(np.concatenate([fixed, mean], axis=1), "volume")
        volume = np.stack([volume[:, 0] + USUAL_LN_VOLUME, np.exp(np.clip(volume[:, 1], -5, 2))], axis=1)
        systems = self._linear(fixed, "system")
        return SymmetryReading(
            systems + added[:, : systems.shape[1]],
            self._linear(fixed, "space_group") + added[:, systems.shape[1] :],
            volume,
        )

    def _attended(self, x: Array, name: str) -> Array:
        """(n, t, c) past one layer of the transformer."""
        n, t, c = x.shape
        parts = self._linear(self._normalised(x, f"{name}.attention_norm"), f"{name}.attention")
        query, key, value = parts.reshape(n, t, 3, self._heads, c // self._heads).transpose(2, 0, 3, 1, 4)
        logits = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(c // self._heads))
        share = np.exp(logits - logits.max(axis=-1, keepdims=True))
        share /= share.sum(axis=-1, keepdims=True)
        x = x + self._linear((share @ value).transpose(0, 2, 1, 3).reshape(n, t, c), f"{name}.mixed")
        inner = np.maximum(self._linear(self._normalised(x, f"{name}.inner_norm"), f"{name}.inner"), 0)
        return np.asarray(x + self._linear(inner, f"{name}.outer"))

    def _linear(self, x: Array, name: str) -> Array:
        return np.asarray(x @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"])

    def _normalised(self, x: Array, name: str) -> Array:
        off = x - x.mean(axis=-1, keepdims=True)
        off /= np.sqrt((off * off).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
        return np.asarray(off * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"])


def reader_from(path: Path) -> SymmetryReader:
    """The reader whose weights are in a file.

    Raises:
        XSearchError: where there are none.
    """
    from safetensors import safe_open

    if not path.is_file():
        raise XSearchError(f"{path}: there are no weights; `python -m xsearch.training.powder_symmetry` makes them.")
    with safe_open(path, "numpy") as stored:
        heads = int(json.loads(stored.metadata()["config"])["heads"])
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118, it is no mapping
    return SymmetryReader(tensors, heads, hashlib.sha256(path.read_bytes()).hexdigest()[:16])


@lru_cache(maxsize=1)
def load() -> SymmetryReader:
    """The reader that comes with xsearch."""
    return reader_from(WEIGHTS_FILE)
