"""What a search gives back, and how it is shown."""

from xsearch.results.hit import Hit
from xsearch.results.result import SearchResult, Verdict

__all__ = ["Hit", "SearchResult", "Verdict"]
