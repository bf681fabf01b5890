"""The answer of a search for several phases at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xsearch.results.hit import Hit
from xsearch.results.result import SearchResult

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
class Mixture:
    """The best explanation by a number of phases.

    Attributes:
        hits: the phases, the most abundant first.
        amounts: of each phase.
        evidence: of the whole, a natural logarithm up to a constant, each phase charged for.
        unexplained: share of the measured net intensity above the calculated sum, 0 to 1.
    """

    hits: tuple[Hit, ...]
    amounts: tuple[PhaseAmount, ...]
    evidence: float
    unexplained: float


@dataclass(frozen=True, slots=True, eq=False)
class MixtureResult(SearchResult):
    """What a search for a mixture found: `hits` are its phases, the most abundant first.

    Attributes:
        mixtures: the best explanation by one phase, by two and so on; a last one that brought nothing is among them.
    """

    mixtures: tuple[Mixture, ...] = ()

    @property
    def best(self) -> Mixture:
        """The explanation with the most evidence, whose phases are the hits."""
        return max(self.mixtures, key=lambda mixture: mixture.evidence)

    @property
    def answer(self) -> tuple[Hit, ...]:
        """All phases."""
        return self.hits

    def to_dict(self) -> dict[str, Any]:
        """The complete answer as plain values, with the amounts and the explanations by other numbers of phases."""
        from xsearch.results.record import plain, result_record

        return {**result_record(self), "mixture": plain([_record(mixture) for mixture in self.mixtures])}

    def table(self, top: int | None = None, unfold: bool = False) -> RenderableType:
        """The phases and their amounts as a table for a terminal, through rich."""
        from xsearch.results.mixture_table import mixture_table

        return mixture_table(self)


def _record(mixture: Mixture) -> dict[str, Any]:
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
            for hit, amount in zip(mixture.hits, mixture.amounts, strict=True)
        ],
        "evidence": mixture.evidence,
        "unexplained": mixture.unexplained,
    }
