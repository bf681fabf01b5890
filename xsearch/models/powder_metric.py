"""A linear metric of powder profiles: 64 numbers in which a pattern is close to its crystal, fitted in closed form.

A profile is shifted by the expected strain of its cell, centred, brought to unit length, and projected on the
directions in which crystals differ most compared with what measurement does to them (Fisher's discriminants
with every crystal a class; Ioffe, ECCV 2006, for the one-example-a-class form).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import XSearchError
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.preprocess.axis import RECALL_AXIS
from xsearch.preprocess.powder import NetPattern
from xsearch.preprocess.profile import centred_pattern

METRIC_FILE = WEIGHTS_FOLDER / "powder_metric.safetensors"
TENSOR = "directions"

Array = NDArray[np.float32]


class PowderMetric:
    """The metric.

    Args:
        directions: (bins, d) to project on.
        identity: of the file that they come from.
    """

    def __init__(self, directions: Array, identity: str = "") -> None:
        self.directions = np.asarray(directions, np.float32)
        self.identity = identity

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self.directions.shape[1])

    def of_pattern(self, pattern: NetPattern) -> Array:
        """(d,) unit vector of a measured pattern."""
        return _unit(centred_pattern(pattern) @ self.directions)

    def of_rows(self, profiles: NDArray[np.floating], expected_strain: NDArray[np.floating]) -> Array:
        """(n, d) unit vectors of stored profiles (n, bins) with the expected strains (n,) of their cells.

        Rows without a reflection give zeros.
        """
        return _unit(centred_profiles(profiles, expected_strain) @ self.directions)


def centred_profiles(profiles: NDArray[np.floating], expected_strain: NDArray[np.floating]) -> Array:
    """(n, bins) stored profiles shifted by the expected strains, with zero mean and unit length."""
    wide = profiles.astype(np.float32)
    bins = wide.shape[1]
    place = np.arange(bins) + (expected_strain / RECALL_AXIS.step)[:, None]  # where a longer cell's lines had stood
    below = np.floor(place).astype(np.int64)
    part = (place - below).astype(np.float32)
    padded = np.pad(wide, ((0, 0), (1, 2)))
    low, high = (np.clip(below + more, 0, bins + 2) for more in (1, 2))
    moved = np.take_along_axis(padded, low, 1) * (1 - part) + np.take_along_axis(padded, high, 1) * part
    moved[~wide.any(axis=1)] = 0
    return _unit(moved - moved.mean(axis=1, keepdims=True))


def _unit(vectors: NDArray[np.floating]) -> Array:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1), np.float32)


def metric_from(path: Path) -> PowderMetric:
    """The metric in a file.

    Raises:
        XSearchError: where there is none.
    """
    from safetensors.numpy import load_file

    if not path.is_file():
        raise XSearchError(f"{path}: there is no metric; `python -m xsearch.training.powder_metric` makes it.")
    return PowderMetric(load_file(path)[TENSOR], hashlib.sha256(path.read_bytes()).hexdigest()[:16])


@lru_cache(maxsize=1)
def load() -> PowderMetric:
    """The metric that comes with xsearch."""
    return metric_from(METRIC_FILE)
