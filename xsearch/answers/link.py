"""What spectra said of a compound, and what that changed in an inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Link:
    """One prediction that took part in an inference.

    Attributes:
        name: such as `oxidation states of Fe`, `coordination of Fe` or `crystal system`.
        predicted: value to probability, the likeliest first.
        weight: what the logarithm of the probability counts with.
        disfavoured: of how many of the formulas, candidates or proposals it compared it lowers the odds to less than
            a tenth of the most favoured; none is left out.
        compared: how many it compared.
        first_without: formula and space group of the first candidate, were this prediction left out.
        changes_first: whether that is another one.
    """

    name: str
    predicted: tuple[tuple[str, float], ...]
    weight: float
    disfavoured: int
    compared: int
    first_without: str
    changes_first: bool

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "name": self.name,
            "predicted": {value: round(p, 4) for value, p in self.predicted},
            "weight": self.weight,
            "disfavoured": self.disfavoured,
            "compared": self.compared,
            "first_without": self.first_without,
            "changes_first": self.changes_first,
        }

    def __str__(self) -> str:
        said = ", ".join(f"{value} {p:.0%}" for value, p in self.predicted[:4])
        effect = (
            f"without it the first would be {self.first_without}"
            if self.changes_first
            else "the first stays without it"
        )
        return f"{self.name}: {said}; disfavours {self.disfavoured:,} of {self.compared:,}; {effect}"
