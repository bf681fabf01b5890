"""The answer of a search for the phases that together gave a pattern."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.answers.explanations import Component, ExplainedResult, Explanation
from xsearch.answers.notebook import shown


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

    def _repr_html_(self) -> str:
        """The verdict and a row a phase, for notebooks."""
        rows = [
            (
                f"{100 * one.weight_fraction:.0f} ± {100 * one.weight_error:.0f}", one.hit.formula, one.hit.material_id,
                one.hit.name, one.hit.material.space_group, one.hit.score,
            )
            for one in (self.best.components if self.mixtures else ())
        ]  # fmt: skip
        headings = ("weight %", "formula", "id", "name", "space group", "score")
        return shown(self.source or "pattern", self.verdict, headings, rows, self.notes)
