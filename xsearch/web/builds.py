"""Indexes that are built from the page: by the functions that the command line calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xsearch.builders import BuildResult
from xsearch.errors import XSearchError
from xsearch.indexes.versions import is_name
from xsearch.web.links import check_links
from xsearch.web.readings import is_crystal
from xsearch.web.tasks import Wishes


def build(name: str, wishes: Wishes, files: Sequence[Wishes]) -> BuildResult:
    """Build an index, or add to it.

    Args:
        name: of the index; never a folder.
        wishes: `what` is one of `SOURCES`; `only`, `edges`, `limit` and `key` are of the Materials Project, `licence`
            of files.
        files: that were dropped.

    Raises:
        XSearchError: in one line, where that cannot be done.
    """
    if not is_name(name):
        raise XSearchError(f"{name!r} cannot be the name of an index: letters, digits, dots, dashes and underscores.")
    what = wishes.get("what", "starter")
    if what not in SOURCES:
        raise XSearchError(f"There is no source {what!r}; there are {', '.join(SOURCES)}.")
    return SOURCES[what](name, wishes, files)


def _starter(name: str, wishes: Wishes, files: Sequence[Wishes]) -> BuildResult:
    from xsearch.builders import build_starter

    return build_starter(name)


def _materials_project(name: str, wishes: Wishes, files: Sequence[Wishes]) -> BuildResult:
    from xsearch.builders.mp import build_mp, select

    limit = wishes.get("limit", "").strip()
    if limit and not limit.isdecimal():
        raise XSearchError(f"{limit!r} is no number of entries.")
    chosen = select(_given(wishes, "only"), _given(wishes, "edges"), limit=int(limit) if limit else None)
    return build_mp(name, chosen, key=_given(wishes, "key"))


def _dropped(name: str, wishes: Wishes, files: Sequence[Wishes]) -> BuildResult:
    from xsearch.builders.add import add_entries

    if not files:
        raise XSearchError("Drop the files that are to be added first: CIF files, or spectra of known compounds.")
    for one in files:
        check_links(one["path"])
    cif = [one["path"] for one in files if is_crystal(one)]
    xanes = [one["path"] for one in files if not is_crystal(one)]
    return add_entries(name, xanes=xanes, cif=cif, licence=_given(wishes, "licence") or "not stated")


SOURCES: dict[str, Callable[[str, Wishes, Sequence[Wishes]], BuildResult]] = {
    "starter": _starter,
    "mp": _materials_project,
    "files": _dropped,
}
"""What an index can be built of from the page."""


def _given(wishes: Wishes, name: str) -> str | None:
    return wishes.get(name, "").strip() or None
