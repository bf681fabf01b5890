"""Opening the index that a command works on; the first time ever, the starter index is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsearch.cli.output import say

if TYPE_CHECKING:
    from xsearch.search import SearchIndex

STARTER = "starter"


def open_or_build(name: str | None) -> SearchIndex:
    """The index of that name, or the one in use; where there is none at all, the starter index, built now."""
    from xsearch.indexes.library import default_index
    from xsearch.indexes.versions import current_version, folder_of
    from xsearch.search import open_index

    wanted = (default_index() if name is None else name) or STARTER
    if wanted == STARTER and current_version(folder_of(STARTER)) is None:
        from xsearch.builders import ensure_starter

        say("No index here yet: building the starter index of measured crystals, once. It takes about a minute.")
        ensure_starter()
    return open_index(wanted)
