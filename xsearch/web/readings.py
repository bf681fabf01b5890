"""From an address to how a file is read: options by the names of the command line."""

from __future__ import annotations

from collections.abc import Mapping

from xsearch.errors import QueryError
from xsearch.reading import AsRead, Reading

READINGS = frozenset({"wavelength", "absorber", "edge", "columns", "axis", "e0", "pre", "post"})
"""All that it may hold of how a file is read."""


def reading_of(wishes: Mapping[str, str]) -> AsRead:
    """How a file is to be read.

    Raises:
        QueryError: for what cannot be understood.
    """
    given = {name: wishes[name].strip() for name in READINGS if wishes.get(name, "").strip()}
    e0 = given.get("e0")
    try:
        e0_eV = None if e0 is None else float(e0)
    except ValueError:
        raise QueryError(f"{e0!r} is no energy; a number in eV is expected.") from None
    return AsRead(
        given.get("wavelength"),
        given.get("absorber"),
        given.get("edge"),
        Reading.parse(given.get("columns"), given.get("axis"), e0_eV, given.get("pre"), given.get("post")),
    )


def is_crystal(one: Mapping[str, str]) -> bool:
    """Whether a file that was dropped is a crystal, and no measurement."""
    return one.get("kind") == "crystal"
