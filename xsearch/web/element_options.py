"""The options of a question that take elements; checked where they come in, before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping

from xsearch.options import Constraints

ELEMENTS = {"only": "only", "must": "must", "may": "may", "not": "exclude", "exactly": "exactly", "any": "any_of"}
"""Names on the command line and in addresses, and the arguments of `Constraints.parse`."""


def constraints_of(wishes: Mapping[str, str]) -> Constraints:
    """The constraints on elements.

    Raises:
        QueryError: where an element does not exist, or the conditions contradict each other.
    """
    given = {argument: wishes[name] for name, argument in ELEMENTS.items() if wishes.get(name, "").strip()}
    return Constraints.parse(**given)
