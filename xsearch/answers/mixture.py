"""The answer of a search for the phases that together gave a pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xsearch.answers.explanations import ExplainedResult, Explanation

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class PhaseAmount:
    """How much of a phase there is, and how sure that is.

    Attributes:
        weight_fraction: share of the crystalline phases found, 0 to 1.
        scale: factor of the calculated intensities, |F|² of the conventional cell, to the net pattern of height 1.
        support: how much evidence, a natural logarithm, is lost by the best explanation without this phase.
    """

    weight_fraction: float
    scale: float
    support: float


@dataclass(frozen=True, slots=True, eq=False)
class Mixture(Explanation):
    """The best explanation of a pattern by a number of phases.

    Attributes:
        amounts: of each phase.
        unexplained: share of the measured net intensity above the calculated sum, 0 to 1.
    """

    amounts: tuple[PhaseAmount, ...]
    unexplained: float

    def record(self) -> dict[str, Any]:
        """The phases with their amounts, and how good the explanation is."""
        return {
            "phases": [
                {
                    "material_id": hit.material_id,
                    "formula": hit.formula,
                    "weight_fraction": amount.weight_fraction,
                    "scale": amount.scale,
                    "support": amount.support,
                    "strain": hit.strain,
                    "score": hit.score,
                }
                for hit, amount in zip(self.hits, self.amounts, strict=True)
            ],
            "evidence": self.evidence,
            "unexplained": self.unexplained,
        }


@dataclass(frozen=True, slots=True, eq=False)
class MixtureResult(ExplainedResult[Mixture]):
    """What a search for a mixture by its pattern found."""

    def table(self, top: int | None = None, unfold: bool = False) -> RenderableType:
        """The phases and their amounts as a table for a terminal, through rich."""
        from xsearch.report.mixture_table import mixture_table

        return mixture_table(self)
