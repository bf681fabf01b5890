"""What a search or an inference gives back: plain data, which `xsearch.report` shows and writes."""

from xsearch.answers.combined import Combined, RankedCrystal
from xsearch.answers.evidence import Evidence
from xsearch.answers.hit import Hit
from xsearch.answers.inference import Candidate, Inference
from xsearch.answers.known import KnownPhase
from xsearch.answers.lcf import Lcf, LcfComponent, LcfResult
from xsearch.answers.mixture import Mixture, MixtureResult, Phase
from xsearch.answers.result import SearchResult, Verdict
from xsearch.answers.rival import DiscriminatingReflection, Rival
from xsearch.answers.twins import TwinGroup

__all__ = [
    "Candidate",
    "Combined",
    "DiscriminatingReflection",
    "Evidence",
    "Hit",
    "Inference",
    "KnownPhase",
    "Lcf",
    "LcfComponent",
    "LcfResult",
    "Mixture",
    "MixtureResult",
    "Phase",
    "RankedCrystal",
    "Rival",
    "SearchResult",
    "TwinGroup",
    "Verdict",
]
