"""What a search gives back, and how it is shown."""

from xsearch.answers.edge_mixture import AbsorberShare, EdgeMixture, EdgeMixtureResult
from xsearch.answers.hit import Hit
from xsearch.answers.mixture import Mixture, MixtureResult, PhaseAmount
from xsearch.answers.result import SearchResult, Verdict
from xsearch.answers.rival import Rival, TellingLine

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
