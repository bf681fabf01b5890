"""What a search gives back, and how it is shown."""

from xsearch.results.edge_mixture import AbsorberShare, EdgeMixture, EdgeMixtureResult
from xsearch.results.hit import Hit
from xsearch.results.mixture import Mixture, MixtureResult, PhaseAmount
from xsearch.results.result import SearchResult, Verdict
from xsearch.results.rival import Rival, TellingLine

__all__ = [
    "AbsorberShare",
    "EdgeMixture",
    "EdgeMixtureResult",
    "Hit",
    "Mixture",
    "MixtureResult",
    "PhaseAmount",
    "Rival",
    "SearchResult",
    "TellingLine",
    "Verdict",
]
