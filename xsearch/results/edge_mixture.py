"""The answer of a search for the compounds that together gave an edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsearch.results.hit import Hit
from xsearch.results.result import SearchResult

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
class EdgeMixture:
    """The best sum of a number of library spectra.

    Attributes:
        hits: the compounds, the most abundant first; the curve of each one's edge is weighed.
        shares: of each compound.
        evidence: of the whole, a natural logarithm up to a constant, each compound charged for.
        correlation: of the sum with the edge, the mean over the spectrum and its derivatives.
        r_factor: sum of the squared differences over that of the squared edge.
        reduced_chi_squared: with the noise of the edge itself; NaN where it has none.
        energy_eV: (n,) where all spectra are known.
        measured: (n,) the edge there.
        mu: (n,) the sum there.
    """

    hits: tuple[Hit, ...]
    shares: tuple[AbsorberShare, ...]
    evidence: float
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


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMixtureResult(SearchResult):
    """What a search for a mixture by its edge found: `hits` are its compounds, the most abundant first.

    Attributes:
        mixtures: the best sum of one spectrum, of two and so on; a last one that brought nothing is among them.
    """

    mixtures: tuple[EdgeMixture, ...] = ()

    @property
    def best(self) -> EdgeMixture:
        """The sum with the most evidence, whose compounds are the hits."""
        return max(self.mixtures, key=lambda mixture: mixture.evidence)

    @property
    def answer(self) -> tuple[Hit, ...]:
        """All compounds."""
        return self.hits

    def to_dict(self) -> dict[str, Any]:
        """The complete answer as plain values, with the shares and the sums of other numbers of compounds."""
        from xsearch.results.record import plain, result_record

        return {**result_record(self), "mixture": plain([_record(mixture) for mixture in self.mixtures])}

    def table(self, top: int | None = None, unfold: bool = False) -> RenderableType:
        """The compounds and their shares as a table for a terminal, through rich."""
        from xsearch.results.edge_mixture_table import edge_mixture_table

        return edge_mixture_table(self)


def _record(mixture: EdgeMixture) -> dict[str, Any]:
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
            for hit, one in zip(mixture.hits, mixture.shares, strict=True)
        ],
        "weight_sum": mixture.weight_sum,
        "evidence": mixture.evidence,
        "correlation": mixture.correlation,
        "r_factor": mixture.r_factor,
        "reduced_chi_squared": mixture.reduced_chi_squared,
        "energy_eV": np.round(mixture.energy_eV, 3),
        "mu": np.round(mixture.mu, 4),
    }
