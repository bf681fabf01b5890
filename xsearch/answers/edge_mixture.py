"""The answer of a search for the compounds that together gave an edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.explanations import ExplainedResult, Explanation

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class AbsorberShare:
    """How much of the absorber is in a compound, and how sure that is.

    Attributes:
        share: of the absorber's atoms in the compounds found, 0 to 1.
        error: its standard deviation, where the compounds are these.
        weight: factor of the library spectrum; both it and the edge have a step of one.
        support: how much evidence, a natural logarithm, is lost by the best sum without this compound.
    """

    share: float
    error: float
    weight: float
    support: float


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMixture(Explanation):
    """The best sum of a number of library spectra; the curve of each hit's edge is weighed.

    Attributes:
        shares: of each compound.
        correlation: of the sum with the edge, the mean over the spectrum and its derivatives.
        r_factor: sum of the squared differences over that of the squared edge.
        reduced_chi_squared: with the noise of the edge itself; NaN where it has none.
        energy_eV: (n,) where all spectra are known.
        measured: (n,) the edge there.
        mu: (n,) the sum there.
    """

    shares: tuple[AbsorberShare, ...]
    correlation: float
    r_factor: float
    reduced_chi_squared: float
    energy_eV: NDArray[np.float64]
    measured: NDArray[np.float64]
    mu: NDArray[np.float64]

    @property
    def weight_sum(self) -> float:
        """Sum of the weights, one where all spectra are normalised alike."""
        return sum(one.weight for one in self.shares)

    def record(self) -> dict[str, Any]:
        """The compounds with their shares, how good the sum is, and its curve."""
        return {
            "compounds": [
                {
                    "material_id": hit.material_id,
                    "formula": hit.formula,
                    "share": one.share,
                    "share_error": one.error,
                    "weight": one.weight,
                    "support": one.support,
                    "shift_eV": hit.edges[0].shift_eV,
                    "broadening_eV": hit.edges[0].broadening_eV,
                    "spectrum_id": hit.edges[0].spectrum_id,
                    "kind": hit.edges[0].kind,
                    "score": hit.score,
                }
                for hit, one in zip(self.hits, self.shares, strict=True)
            ],
            "weight_sum": self.weight_sum,
            "evidence": self.evidence,
            "correlation": self.correlation,
            "r_factor": self.r_factor,
            "reduced_chi_squared": self.reduced_chi_squared,
            "energy_eV": np.round(self.energy_eV, 3),
            "mu": np.round(self.mu, 4),
        }


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMixtureResult(ExplainedResult[EdgeMixture]):
    """What a search for a mixture by its edge found: the phases are the compounds."""

    def table(self, top: int | None = None, unfold: bool = False) -> RenderableType:
        """The compounds and their shares as a table for a terminal, through rich."""
        from xsearch.report.lcf_table import edge_mixture_table

        return edge_mixture_table(self)
