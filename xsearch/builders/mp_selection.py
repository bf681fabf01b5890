"""Which part of the Materials Project's data an index shall hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from xsearch.builders.mp_documents import elements_of, licence_of
from xsearch.builders.page_cache import Document, Filters
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import BuildError

IDS_A_PAGE = 200
"""Ids in one request: the address stays within the length that servers take. Set by hand."""

MOST_SYSTEMS_ELEMENTS = 5
"""Up to so many elements, their 31 chemical systems are requested; beyond, all is read and filtered here."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of the project's data an index shall hold.

    Attributes:
        elements: materials of nothing but these elements; None: all.
        edges: of spectra, such as `K`; empty: all.
        ids: only these materials, canonical; None: all.
        limit: at most so many materials; None: all.
        include_nc: whether entries under CC BY-NC (GNoME) are taken.
        bulk: whether whole tables are fetched from object storage instead of pages from the REST service.
    """

    elements: frozenset[str] | None = None
    edges: tuple[str, ...] = ()
    ids: tuple[str, ...] | None = None
    limit: int | None = None
    include_nc: bool = False
    bulk: bool = False

    def __post_init__(self) -> None:
        if unknown := sorted((self.elements or frozenset()) - ATOMIC_NUMBERS.keys()):
            raise BuildError(f"{unknown[0]!r} is no element; symbols such as Fe,O are expected.")
        if self.limit is not None and self.limit < 1:
            raise BuildError(f"The limit must be at least 1, not {self.limit}.")

    @property
    def is_filtered_by_service(self) -> bool:
        """Whether the service's own filters give exactly the selection, so that a limit saves pages."""
        return self.elements is None or len(self.elements) <= MOST_SYSTEMS_ELEMENTS

    @property
    def is_part(self) -> bool:
        """Whether it leaves materials out by the user's wish."""
        return self.elements is not None or self.ids is not None or self.limit is not None

    def filters(self) -> list[Filters]:
        """Filters to request one after the other; they hold the selection and perhaps more."""
        base: Filters = (("deprecated", False), ("include_gnome", self.include_nc))
        if self.ids is not None:
            return [(*base, ("material_ids", list(part))) for part in parts(self.ids)]
        if self.elements is not None and len(self.elements) <= MOST_SYSTEMS_ELEMENTS:
            symbols = sorted(self.elements)
            systems = ["-".join(c) for n in range(1, len(symbols) + 1) for c in combinations(symbols, n)]
            return [(*base, ("chemsys", systems))]
        return [base]

    def holds(self, document: Document) -> bool:
        """Whether a material's document belongs to it; what the service filters is filtered again."""
        if document.get("deprecated") or (licence_of(document).endswith("-NC-4.0") and not self.include_nc):
            return False
        return self.elements is None or elements_of(document) <= self.elements


def parts(names: Sequence[str], size: int = IDS_A_PAGE) -> Iterator[Sequence[str]]:
    """Runs of a list, the last one shorter."""
    for start in range(0, len(names), size):
        yield names[start : start + size]
