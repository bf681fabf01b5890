"""Exhaustive vector search, on a GPU where there is one and the index is large."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes.settings import NEIGHBOURS

DRIVER = Path("/proc/driver/nvidia/version")
"""Is there where a GPU of NVIDIA is."""


class Scan:
    """Vectors held in single precision, in memory or on a GPU.

    Args:
        vectors: (n, d) stored vectors.
        device: `cpu`, or a device of torch such as `cuda`; by default whichever suits, see `device_for`.
    """

    def __init__(self, vectors: NDArray[np.float16], device: str | None = None) -> None:
        self.device = device_for(len(vectors)) if device is None else device
        self._vectors: Any = vectors.astype(np.float32) if self.device == "cpu" else _on_device(vectors, self.device)

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """(m,) cosines of a unit vector (d,) with those of rows; of all by default."""
        if isinstance(self._vectors, np.ndarray):
            chosen = self._vectors if rows is None else self._vectors[rows]
            return np.asarray(chosen @ vector, np.float32)
        import torch

        with torch.inference_mode():
            found = self._vectors @ torch.as_tensor(vector, device=self._vectors.device)
            if rows is not None:
                found = found[torch.as_tensor(rows, device=found.device)]
            return np.asarray(found.cpu().numpy(), np.float32)


def device_for(rows: int) -> str:
    """`cuda` for many rows on a machine with an NVIDIA GPU that torch can use, else `cpu`."""
    if rows < NEIGHBOURS.gpu_from or not DRIVER.exists():
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _on_device(vectors: NDArray[np.float16], device: str) -> Any:
    import torch

    return torch.from_numpy(np.array(vectors)).to(device).float()
