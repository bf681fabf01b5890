"""Opening the index that a command works on; the first time ever, the starter index is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsearch.cli.screen import say
from xsearch.errors import MissingIndex

if TYPE_CHECKING:
    from xsearch.search import SearchIndex

STARTER = "starter"


def open_or_build(name: str | None) -> SearchIndex:
    """The index of that name, or the one in use; where there is none at all, the starter index, built now."""
    from xsearch.search import open_index

    try:
        return open_index(name)
    except MissingIndex:
        if not wants_starter(name):
            raise
    from xsearch.builders import ensure_starter

    say("No index here yet: building the starter index of measured crystals, once. It takes about a minute.")
    ensure_starter()
    return open_index(STARTER)


def wants_starter(name: str | None) -> bool:
    """Whether a missing index is to be made good by building the starter index."""
    from xsearch.indexes.library import list_indexes

    return name == STARTER or (name is None and not list_indexes())
