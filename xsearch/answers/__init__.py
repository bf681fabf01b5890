"""What a search gives back, and how it is shown."""

from xsearch.answers.hit import Hit
from xsearch.answers.lcf import Lcf, LcfComponent, LcfResult
from xsearch.answers.mixture import Mixture, MixtureResult, PhaseAmount
from xsearch.answers.result import SearchResult, Verdict
from xsearch.answers.rival import Rival, TellingLine

__all__ = [
    "Hit",
    "Lcf",
    "LcfComponent",
    "LcfResult",
    "Mixture",
    "MixtureResult",
    "PhaseAmount",
    "Rival",
    "SearchResult",
    "TellingLine",
    "Verdict",
]
