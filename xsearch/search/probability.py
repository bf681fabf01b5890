"""The model of the score: a logistic function of signs of a right answer, some of which change what others mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SATURATION = 1.5
"""Signs enter products as tanh(sign / SATURATION) in units of their spread, so that none grows without bounds."""

DIGITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class ScoreModel:
    """Weights of signs and of products of two of them.

    Attributes:
        signs: their names.
        products: pairs of names.
        centre, spread: (signs,) mean and standard deviation where the model was fitted.
        intercept: of the logit.
        weights: (signs + products,) of the signs in units of their spread, and of the products.
    """

    signs: tuple[str, ...]
    products: tuple[tuple[str, str], ...]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    intercept: float
    weights: NDArray[np.float64]

    def terms(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, signs + products) what the weights multiply, of signs (n, signs)."""
        return terms((values - self.centre) / self.spread, self.signs, self.products)

    def probability(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) scores of signs (n, signs)."""
        logit = self.intercept + self.terms(values) @ self.weights
        return np.asarray(1 / (1 + np.exp(-logit)))

    def to_dict(self) -> dict[str, Any]:
        """The numbers by the names of signs, rounded, for a JSON file."""
        count = len(self.signs)
        return {
            "intercept": round(self.intercept, DIGITS),
            "signs": {
                sign: {"centre": round(float(c), DIGITS), "spread": round(float(s), DIGITS), "weight": round(w, DIGITS)}
                for sign, c, s, w in zip(
                    self.signs, self.centre, self.spread, self.weights[:count].tolist(), strict=True
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
        each = stored["signs"].values()
        return cls(
            signs=tuple(stored["signs"]),
            products=tuple((first, second) for first, second, _ in stored["products"]),
            centre=np.array([one["centre"] for one in each]),
            spread=np.array([one["spread"] for one in each]),
            intercept=stored["intercept"],
            weights=np.array([*(one["weight"] for one in each), *(weight for *_, weight in stored["products"])]),
        )


def terms(
    standard: NDArray[np.float64], signs: tuple[str, ...], products: tuple[tuple[str, str], ...]
) -> NDArray[np.float64]:
    """(n, signs + products) signs in units of their spread, (n, signs), and products of saturated ones."""
    limited = np.tanh(standard / SATURATION)
    pairs = [limited[:, signs.index(first)] * limited[:, signs.index(second)] for first, second in products]
    return np.column_stack([standard, *pairs])
