"""Structure to XANES by kernel regression: a spectrum is a weighted sum over the training sites.

Kernel ridge regression with the Matérn 3/2 kernel (Rasmussen and Williams, Gaussian Processes for Machine Learning,
2006, eq. 4.17). The distance of two sites is measured in a learned metric: every feature of the surroundings has a
weight. An average of spectra whose edges lie at different energies is blurred; so there may be further views, in which
spectra were first aligned. A view answers with a spectrum and the energy by which to shift it back.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import EDGES
from xsearch.models.xastruct_forward import POINTS, WINDOW_eV

FARTHEST = 6.0
"""Standardised features are clipped here, so that a site unlike all others stays within the training distances."""

BATCH = 512
"""Sites in one matrix product; bounds the memory."""
GRID_eV: NDArray[np.float64] = np.linspace(0.0, WINDOW_eV, POINTS)


def edge_number(z: int, edge: str) -> int:
    """A number for each absorber and edge, by which arrays name them."""
    return len(EDGES) * z + EDGES.index(edge)


@dataclass(frozen=True, slots=True, eq=False)
class SiteMetric:
    """How surroundings become points whose distances say how different they are.

    Attributes:
        edges: (a,) int64, ascending, as `edge_number` gives them.
        mean, scale: (k,) float32, of the features.
        weights: (k,) float32, of the standardised features.
        axes: (k, r) float32, orthonormal.
        centre: (r,) float32.
        offsets: (a, m) float32: where each edge lies in further dimensions, how much one predicts another.
    """

    edges: NDArray[np.int64]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    axes: NDArray[np.float32]
    centre: NDArray[np.float32]
    offsets: NDArray[np.float32]

    def place(self, edge: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) place of each edge, which must be there, in `edges`."""
        return np.searchsorted(self.edges, edge)

    def points(self, features: NDArray[np.float32], edge: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, r + m) float32, a point for each site."""
        place = self.place(edge)
        standard = np.clip((features - self.mean) / self.scale, -FARTHEST, FARTHEST)
        return np.hstack([(standard * self.weights) @ self.axes - self.centre, self.offsets[place]])


def matern(points: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.floating]:
    """(n, m) Matérn 3/2 kernel of n with m points in the metric's units."""
    squares = [np.einsum("ij,ij->i", one, one) for one in (points, others)]
    square = squares[0][:, None] + squares[1][None] - 2 * points @ others.T
    u = np.sqrt(3 * np.maximum(square, 0))
    return np.asarray((1 + u) * np.exp(-u))


def shifted(spectra: NDArray[np.floating], shift_eV: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, POINTS) spectra read at energies higher by the shift; their end values are held."""
    pairs = zip(spectra, shift_eV, strict=True)
    return np.array([np.interp(GRID_eV + shift, GRID_eV, row) for row, shift in pairs]).reshape(-1, POINTS)


@dataclass(frozen=True, slots=True, eq=False)
class SiteKernel:
    """The training sites, and what each adds to an answer.

    Attributes:
        metric: see there.
        points: (n, r + m) float32, whole multiples of `steps`, up to 127 of them.
        steps: (r + m,) float32.
        coefficients: (n, v (c + 1)) float32, for each of v views c components and the shift.
        bases: (v, a, POINTS) float32, the mean spectrum of each edge.
        components: (v, c, POINTS) float32.
        mean_shifts_eV: (v, a) float32.
    """

    metric: SiteMetric
    points: NDArray[np.float32]
    steps: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    bases: NDArray[np.float32]
    components: NDArray[np.float32]
    mean_shifts_eV: NDArray[np.float32]

    def spectra(self, features: NDArray[np.float32], edge: NDArray[np.int64]) -> NDArray[np.float64]:
        """What each view answers.

        Args:
            features: (n, k) from `site_features`.
            edge: (n,) the number of each edge.

        Returns:
            (v, n, POINTS) float64.
        """
        points = self.metric.points(features, edge)
        sums = [
            matern(points[first : first + BATCH], self.points) @ self.coefficients
            for first in range(0, len(points), BATCH)
        ]
        found = np.concatenate(sums) if sums else np.zeros((0, self.coefficients.shape[1]), np.float32)
        views = np.split(found, len(self.bases), axis=1)
        place = self.metric.place(edge)
        return np.stack(
            [
                shifted(base[place] + view[:, :-1] @ components, -(shift[place] + view[:, -1]))
                for base, components, shift, view in zip(
                    self.bases, self.components, self.mean_shifts_eV, views, strict=True
                )
            ]
        )

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Plain arrays by name; points as bytes, axes in half precision."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("metric", "points")}
        found |= {f.name: getattr(self.metric, f.name) for f in fields(self.metric)}
        found["sites"] = np.round(self.points / self.steps).astype(np.int8)
        found["axes"] = self.metric.axes.astype(np.float16)
        return found

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Back from `to_arrays`."""
        rest = dict(arrays) | {"axes": arrays["axes"].astype(np.float32)}
        metric = SiteMetric(**{f.name: rest.pop(f.name) for f in fields(SiteMetric)})
        points = rest.pop("sites").astype(np.float32) * rest["steps"]
        return cls(metric=metric, points=points, **rest)
