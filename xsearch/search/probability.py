"""The model of the score: logistic regression on features of a hit and on products of two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SATURATION = 1.5
"""Features enter products as tanh(feature / SATURATION) in units of their spread, so that none grows without bounds;
set by hand, and part of the fitted weights."""

DIGITS = 4
"""Decimals of the weights in the JSON file."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreModel:
    """Weights of features and of products of two of them.

    Attributes:
        features: their names.
        products: pairs of names.
        centre, spread: (features,) mean and standard deviation where the model was fitted.
        intercept: of the logit.
        weights: (features + products,) of the features in units of their spread, and of the products.
    """

    features: tuple[str, ...]
    products: tuple[tuple[str, str], ...]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    intercept: float
    weights: NDArray[np.float64]

    def terms(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, features + products) what the weights multiply, of features (n, features)."""
        return terms((values - self.centre) / self.spread, self.features, self.products)

    def probability(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) scores of features (n, features)."""
        logit = self.intercept + self.terms(values) @ self.weights
        return np.asarray(1 / (1 + np.exp(-logit)))

    def to_dict(self) -> dict[str, Any]:
        """The numbers by the names of features, rounded, for a JSON file."""
        count = len(self.features)
        return {
            "intercept": round(self.intercept, DIGITS),
            "features": {
                feature: {
                    "centre": round(float(c), DIGITS),
                    "spread": round(float(s), DIGITS),
                    "weight": round(w, DIGITS),
                }
                for feature, c, s, w in zip(
                    self.features, self.centre, self.spread, self.weights[:count].tolist(), strict=True
                )
            },
            "products": [
                [*pair, round(weight, DIGITS)]
                for pair, weight in zip(self.products, self.weights[count:].tolist(), strict=True)
            ],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ScoreModel:
        """Back from `to_dict`."""
        each = stored["features"].values()
        return cls(
            features=tuple(stored["features"]),
            products=tuple((first, second) for first, second, _ in stored["products"]),
            centre=np.array([one["centre"] for one in each]),
            spread=np.array([one["spread"] for one in each]),
            intercept=stored["intercept"],
            weights=np.array([*(one["weight"] for one in each), *(weight for *_, weight in stored["products"])]),
        )


def terms(
    standard: NDArray[np.float64], features: tuple[str, ...], products: tuple[tuple[str, str], ...]
) -> NDArray[np.float64]:
    """(n, features + products) features in units of their spread, (n, features), and products of saturated ones."""
    limited = np.tanh(standard / SATURATION)
    pairs = [limited[:, features.index(first)] * limited[:, features.index(second)] for first, second in products]
    return np.column_stack([standard, *pairs])
