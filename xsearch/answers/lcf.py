"""The answer of a linear combination fit: the compounds that together gave an edge, and how much of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.explanations import Component, ExplainedResult, Explanation
from xsearch.answers.notebook import shown


@dataclass(frozen=True, slots=True)
class LcfComponent(Component):
    """A compound of a linear combination fit, and how much of the absorber is in it.

    Attributes:
        fraction: of the absorber's atoms in the compounds found, 0 to 1.
        fraction_error: its standard deviation, if the compounds are these.
        weight: factor of the library spectrum; both it and the edge have a step of one.
    """

    fraction: float
    fraction_error: float
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Lcf(Explanation[LcfComponent]):
    """The best linear combination of a number of library spectra; the curve of each hit's edge is weighted.

    Attributes:
        correlation: of the fit with the edge, the mean over the spectrum and its derivatives.
        r_factor: sum of the squared differences over that of the squared edge.
        reduced_chi_squared: with the noise of the edge itself; NaN where it has none.
        energy_eV: (n,) where all spectra are known.
        measured: (n,) the edge there.
        mu: (n,) the fit there.
    """

    correlation: float
    r_factor: float
    reduced_chi_squared: float
    energy_eV: NDArray[np.float64]
    measured: NDArray[np.float64]
    mu: NDArray[np.float64]

    @property
    def weight_sum(self) -> float:
        """Sum of the weights, one where all spectra are normalised alike."""
        return sum(one.weight for one in self.components)


@dataclass(frozen=True, slots=True, eq=False)
class LcfResult(ExplainedResult[Lcf]):
    """What a search for a mixture by its edge found: the hits are the compounds of the best fit."""

    def _repr_html_(self) -> str:
        """The verdict and a row a component, for notebooks."""
        rows = [
            (
                f"{one.fraction:.2f} ± {one.fraction_error:.2f}", one.hit.formula, one.hit.material_id, one.hit.name,
                one.hit.score,
            )
            for one in (self.best.components if self.mixtures else ())
        ]  # fmt: skip
        return shown(self.source, self.verdict, ("fraction", "formula", "id", "name", "score"), rows, self.notes)
