"""An index opened by its name."""

from __future__ import annotations

from pathlib import Path

from xsearch.errors import MissingIndex
from xsearch.indexes import Index
from xsearch.search.engine import SearchIndex
from xsearch.search.settings import DEFAULTS, PowderSettings


def open_index(name: str | Path | None = None, threads: int = 2, settings: PowderSettings = DEFAULTS) -> SearchIndex:
    """Open an index for searching.

    Args:
        name: of the index, or its folder; the one in use (`xsearch index use`) by default.
        threads: how many threads a search may use.
        settings: the numbers that decide a search by powder pattern.

    Raises:
        MissingIndex: where it is not there.
        BrokenIndex: where it is damaged.
    """
    from xsearch.indexes.library import default_index

    chosen = default_index() if name is None else name
    if chosen is None:
        raise MissingIndex("There is no index yet; build one, such as with `xsearch build starter`.")
    return SearchIndex(Index.open(chosen), threads, settings)
