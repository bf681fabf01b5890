"""From a query to ranked crystals."""

from xsearch.search.engine import SearchIndex, open_index

__all__ = ["SearchIndex", "open_index"]
