"""From a query to ranked crystals."""

from xsearch.search.engine import SearchIndex
from xsearch.search.opening import open_index

__all__ = ["SearchIndex", "open_index"]
