"""The vectors that an index keeps of its crystals: half the network's, half the linear metric's.

Each misses other crystals than the other; the cosine of the joined vectors is the mean of the two.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.models import powder_encoder, powder_metric
from xsearch.models.powder_encoder import PowderEncoder, encoder_from
from xsearch.models.powder_metric import PowderMetric
from xsearch.preprocess.network_input import network_input
from xsearch.preprocess.powder import NetPattern

Array = NDArray[np.float32]


class PowderVectors:
    """What makes the vectors of patterns and of crystals.

    Attributes:
        identity: of the weights of both halves.
        dimensions: length of a vector.
    """

    def __init__(self, network: PowderEncoder, metric: PowderMetric) -> None:
        self._network, self._metric = network, metric
        self.identity = f"{network.identity}+{metric.identity}"
        self.dimensions = network.dimensions + metric.dimensions

    def of_pattern(self, pattern: NetPattern) -> Array:
        """(d,) unit vector of a measured pattern."""
        read = self._network.read(network_input(pattern)[None]).vectors
        return _joined(read, self._metric.of_pattern(pattern)[None])[0]

    def of_rows(self, views: Array, profiles: NDArray[np.floating], expected_strain: NDArray[np.floating]) -> Array:
        """(n, d) unit vectors of crystals.

        Args:
            views: (n, 2, bins) as the network sees them in a good measurement.
            profiles: (n, bins) stored profiles. expected_strain: (n,) of their cells.
        """
        return _joined(self._network.read(views).vectors, self._metric.of_rows(profiles, expected_strain))


def _joined(first: Array, second: Array) -> Array:
    return np.asarray(np.concatenate([first, second], axis=1) / np.sqrt(2), np.float32)


def vectors_from(weights: Path) -> PowderVectors:
    """With the network of a file, and the shipped metric.

    Raises:
        XSearchError: where there is none.
    """
    return PowderVectors(encoder_from(weights), powder_metric.load())


@lru_cache(maxsize=1)
def load() -> PowderVectors:
    """With the shipped network and metric."""
    return PowderVectors(powder_encoder.load(), powder_metric.load())


def are_there() -> bool:
    """Whether the weights of both halves come with this copy of xsearch."""
    return powder_encoder.WEIGHTS_FILE.is_file() and powder_metric.METRIC_FILE.is_file()
