"""A learned vector of a near edge: spectra of one compound lie close, whoever computed or measured them.

A small residual network over the window, trained so that the vectors of one material's spectra agree across codes,
energy shifts, broadening, noise and beamlines' errors (InfoNCE, van den Oord et al., arXiv:1807.03748). It runs on
numpy.
The window's offset from the tabulated edge is not read: codes place edges up to 30 eV apart.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import XSearchError
from xsearch.models.absorber import SITE_CONTEXT, site_context
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.preprocess.site_window import step_scaled
from xsearch.preprocess.xanes import WINDOW_POINTS, WINDOW_GRID_eV, smoothed

WEIGHTS_FILE = WEIGHTS_FOLDER / "xanes_encoder.safetensors"
INPUTS = 2 * WINDOW_POINTS + WINDOW_POINTS // 4 + SITE_CONTEXT
"""Numbers that the network reads of a spectrum."""

EPSILON = 1e-5
"""Of the normalisations of layers, as torch has it."""

BATCH = 4096
"""Spectra that are read at once; bounds the memory."""

Array = NDArray[np.float32]
REFERENCE: Array = np.asarray(0.5 + np.arctan(WINDOW_GRID_eV / 3.0) / np.pi, np.float32)


def encoder_input(values: Array, known: NDArray[np.bool_], context: Array) -> Array:
    """(n, INPUTS) of windows: the values less a smooth step, their slope, where they are known, absorber and edge.

    Args:
        values: (n, 200), zero where unknown.
        known: (n, 200).
        context: (n, SITE_CONTEXT) from `site_context`.
    """
    scaled = step_scaled(smoothed(values, known), known)
    x = np.where(known, scaled - REFERENCE, np.float32(0))
    slope = np.zeros_like(x)
    slope[:, 1:-1] = x[:, 2:] - x[:, :-2]
    return np.concatenate([3 * x, 5 * slope, known[:, ::4], context], 1, dtype=np.float32)


class XanesEncoder:
    """The network's forward pass.

    Args:
        tensors: its state by name, as trained.
        identity: of the file that they come from.
    """

    def __init__(self, tensors: dict[str, Array], identity: str = "") -> None:
        self.identity = identity
        self.tensors = {name: np.asarray(value, np.float32) for name, value in tensors.items()}
        self._blocks = sum(name.endswith("first.weight") for name in tensors)

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return len(self.tensors["out.bias"])

    def vectors(self, values: Array, known: NDArray[np.bool_], absorber: str, edge: str) -> Array:
        """(n, d) unit vectors of windows of one absorber and edge.

        Args:
            values: (n, 200), zero where unknown.
            known: (n, 200).
            absorber, edge: such as `Fe` and `K`.
        """
        context = np.tile(site_context(ATOMIC_NUMBERS[absorber], edge), (len(values), 1))
        parts = [
            self.read(encoder_input(values[at : at + BATCH], known[at : at + BATCH], context[at : at + BATCH]))
            for at in range(0, len(values), BATCH)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.dimensions), np.float32)

    def read(self, inputs: Array) -> Array:
        """(n, d) unit vectors of (n, INPUTS)."""
        x = self._linear("enter", inputs)
        for block in range(self._blocks):
            name = f"blocks.{block}"
            x = x + self._linear(f"{name}.second", np.maximum(self._linear(f"{name}.first", self._norm(name, x)), 0))
        found = self._linear("out", self._norm("last", x))
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    def _linear(self, name: str, x: Array) -> Array:
        return np.asarray(x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"], np.float32)

    def _norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(1, keepdims=True) + EPSILON)
        return np.asarray(scaled * self.tensors[f"{name}.norm.weight"] + self.tensors[f"{name}.norm.bias"])


def encoder_from(path: Path) -> XanesEncoder:
    """The encoder whose weights are in a file.

    Raises:
        XSearchError: where there are none.
    """
    from safetensors.numpy import load_file

    if not path.is_file():
        raise XSearchError(f"{path}: there are no weights; `python -m xsearch.training.xanes_encoder` makes them.")
    return XanesEncoder(load_file(path), hashlib.sha256(path.read_bytes()).hexdigest()[:16])


@lru_cache(maxsize=1)
def load() -> XanesEncoder | None:
    """The encoder that comes with xsearch; None where its weights are missing."""
    return encoder_from(WEIGHTS_FILE) if WEIGHTS_FILE.is_file() else None
