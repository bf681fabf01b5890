"""What a search is given of a sample's elements in an evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any


class Given(StrEnum):
    """What is given of the elements: nothing, those allowed, or exactly those."""

    NONE = "none"
    SUBSET = "subset"
    EXACT = "exact"

    def constraints(self, elements: Iterable[str]) -> dict[str, Any]:
        """The arguments of `SearchIndex.search` that give as much of a sample's elements."""
        if self is Given.NONE:
            return {}
        return {"only" if self is Given.SUBSET else "exactly": sorted(elements)}
