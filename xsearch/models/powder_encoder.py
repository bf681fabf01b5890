"""The trained powder network without torch: a query's vector, crystal system and space group in milliseconds.

The weights are those of `xsearch.models.powder_net`, with each batch normalisation folded into the layer before it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import XSearchError
from xsearch.paths import WEIGHTS_FOLDER

WEIGHTS_FILE = WEIGHTS_FOLDER / "powder.safetensors"
EPSILON = 1e-5
"""Of the batch normalisations, as torch has it."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the network reads from patterns.

    Attributes:
        vectors: (n, d) float32, unit rows.
        system_logits: (n, 7), in the order of `CRYSTAL_SYSTEMS`.
        group_logits: (n, 230), space group 1 first.
    """

    vectors: Array
    system_logits: Array
    group_logits: Array


class Convolutions:
    """The convolutions of the powder networks, each batch normalisation folded into the layer before it.

    Args:
        tensors: their state by name, as trained.
    """

    def __init__(self, tensors: dict[str, Array]) -> None:
        self._tensors = tensors
        self._stem = [self._folded(f"lines.{i}.0", f"lines.{i}.1") for i in (0, 1, 2, 4)]
        self._residual = [
            [self._folded(f"lines.{i}.{part}", f"lines.{i}.{part}_norm") for part in ("first", "second")]
            for i in (3, 5, 6)
        ]
        self._trunk = self._folded("trunk.1", "trunk.2")

    def lines(self, inputs: Array) -> Array:
        """(n, wide, places) of inputs (n, 2, bins)."""
        x = _rectified(_convolved(inputs, *self._stem[0], stride=8))
        x = _rectified(_convolved(x, *self._stem[1], stride=2))
        x = _rectified(_convolved(x, *self._stem[2], stride=2))
        x = self._past(x, 0)
        x = _rectified(_convolved(x, *self._stem[3], stride=2))
        return self._past(self._past(x, 1), 2)

    def trunk(self, lines: Array) -> Array:
        """(n, trunk) of lines."""
        weight, bias = self._trunk
        return _rectified(lines.reshape(len(lines), -1) @ weight.T + bias)

    def _past(self, x: Array, block: int) -> Array:
        first, second = self._residual[block]
        return _rectified(x + _convolved(_rectified(_convolved(x, *first)), *second))

    def _folded(self, layer: str, norm: str) -> tuple[Array, Array]:
        """Weight and bias of a layer with the normalisation after it."""
        get = self._tensors
        scale = get[f"{norm}.weight"] / np.sqrt(get[f"{norm}.running_var"] + np.float32(EPSILON))
        weight = get[f"{layer}.weight"]
        folded = weight * scale.reshape(-1, *([1] * (weight.ndim - 1)))
        return folded, get[f"{norm}.bias"] - get[f"{norm}.running_mean"] * scale


class PowderEncoder:
    """The network's forward pass.

    Args:
        tensors: its state by name, as trained.
    """

    def __init__(self, tensors: dict[str, Array], identity: str = "") -> None:
        self.identity = identity
        self._tensors = {name: np.asarray(value, np.float32) for name, value in tensors.items()}
        self._convolutions = Convolutions(self._tensors)

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return len(self._tensors["embedding.bias"])

    def read(self, inputs: Array) -> Reading:
        """What the network reads from inputs (n, 2, bins); see `xsearch.preprocess.network_input`."""
        shared = self._convolutions.trunk(self._convolutions.lines(inputs))
        vectors, systems, groups = (
            shared @ self._tensors[f"{head}.weight"].T + self._tensors[f"{head}.bias"]
            for head in ("embedding", "system", "space_group")
        )
        return Reading(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), systems, groups)


def _convolved(x: Array, weight: Array, bias: Array, stride: int = 1) -> Array:
    """(n, out, ceil(length / stride)) of (n, in, length) under (out, in, odd kernel), zeros beyond the ends."""
    kernel = weight.shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (kernel // 2, kernel // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=2)[:, :, ::stride]
    columns = windows.transpose(0, 2, 1, 3).reshape(len(x), windows.shape[2], -1)  # (n, places, in · kernel)
    out = columns @ weight.reshape(len(weight), -1).T + bias
    return np.ascontiguousarray(out.transpose(0, 2, 1))


def _rectified(x: Array) -> Array:
    return np.maximum(x, 0, out=x)


def encoder_from(path: Path) -> PowderEncoder:
    """The encoder whose weights are in a file.

    Raises:
        XSearchError: where there are none.
    """
    from safetensors.numpy import load_file

    if not path.is_file():
        raise XSearchError(f"{path}: there are no weights; `xsearch train pxrd` makes them.")
    return PowderEncoder(load_file(path), hashlib.sha256(path.read_bytes()).hexdigest()[:16])


@lru_cache(maxsize=1)
def load() -> PowderEncoder:
    """The encoder that comes with xsearch."""
    return encoder_from(WEIGHTS_FILE)
