"""The answer of a search for the phases that together gave a pattern."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.answers.explanations import ExplainedResult, Explanation


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


@dataclass(frozen=True, slots=True, eq=False)
class MixtureResult(ExplainedResult[Mixture]):
    """What a search for a mixture by its pattern found."""
