"""The answer of a search for the phases that together gave a pattern."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.answers.explanations import Component, ExplainedResult, Explanation


@dataclass(frozen=True, slots=True)
class Phase(Component):
    """A phase of a mixture, and how much of it there is.

    Attributes:
        weight_fraction: of the crystalline phases found, 0 to 1.
        weight_error: its standard error, from how far the pattern's parts agree; not that by absorption.
        scale: factor of the calculated intensities, |F|² of the conventional cell, to the net pattern of height 1.
        absorption_factor: that its intensities have by absorption in coarse particles (Brindley); None where no size
            was given.
    """

    weight_fraction: float
    weight_error: float
    scale: float
    absorption_factor: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Mixture(Explanation[Phase]):
    """The best explanation of a pattern by a number of phases.

    Attributes:
        unexplained: share of the measured net intensity above the calculated sum, 0 to 1.
    """

    unexplained: float


@dataclass(frozen=True, slots=True, eq=False)
class MixtureResult(ExplainedResult[Mixture]):
    """What a search for a mixture by its pattern found."""
