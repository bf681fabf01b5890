"""Fetching a selection from the Materials Project: pages, what is new in them, and where it then lies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from xsearch.builders.mp_client import Client, Query
from xsearch.builders.mp_collection import Collection, Owners
from xsearch.builders.mp_documents import (
    FUNCTIONAL_FIELDS,
    MATERIAL_FIELDS,
    MATERIAL_LISTING,
    SPECTRUM_FIELDS,
    SPECTRUM_LISTING,
    canonical_id,
    functional_of,
    spectrum_id_of,
    task_ids_of,
    updated_of,
)
from xsearch.builders.mp_selection import IDS_A_PAGE, Selection, parts
from xsearch.builders.page_cache import Document, Filters, PageCache, page_key
from xsearch.builders.settings import FETCHING, FetchSettings
from xsearch.errors import BuildError, SpectrumError
from xsearch.progress import Progress
from xsearch.spectra.xas import TYPES


class Fetch:
    """Fetches a selection into a store of pages.

    Attributes:
        formulas: of materials whose documents were needed, as the project writes them.
        foreign: spectra whose task belongs to no material that the project lists.
    """

    def __init__(
        self,
        client: Client,
        store: PageCache,
        selection: Selection,
        reporter: Progress,
        cache: Path,
        settings: FetchSettings = FETCHING,
    ) -> None:
        self._client, self._store, self._selection = client, store, selection
        self._reporter, self._cache, self._settings = reporter, cache, settings
        self.formulas: set[str] = set()
        self.foreign: list[str] = []
        self._expected = 0

    def materials(self, old: Mapping[str, str] | None) -> tuple[Collection, Owners]:
        """The selected materials.

        Args:
            old: when each material of the old index was last changed, in its order; None where there is no old index.
        """
        chosen = self._selection
        listed: dict[str, tuple[str, int]] = {}
        updated: dict[str, str] = {}
        tasks: dict[str, list[str]] = {}
        formula: dict[str, str] = {}

        def take(key: str, place: int, document: Document) -> None:
            name = canonical_id(document["material_id"])
            full = chosen.limit is not None and len(listed) >= chosen.limit
            if name in listed or full or not chosen.holds(document):
                return
            listed[name], updated[name], tasks[name] = (key, place), updated_of(document), task_ids_of(document)
            formula[name] = document.get("formula_pretty") or ""

        listing = old is not None and not chosen.bulk
        fields = MATERIAL_LISTING if listing else MATERIAL_FIELDS
        size = self._settings.listed_a_page if listing else self._settings.documents_a_page
        if chosen.bulk:
            keys = self._bulk("materials", lambda: self._client.bulk_materials(self._cache, MATERIAL_FIELDS, size))
        else:
            most = chosen.limit if chosen.limit is not None and chosen.is_filtered_by_service else None
            what = "listing materials" if listing else "fetching materials"
            keys = self._pages(what, "summary", chosen.filters(), fields, size, most)
        self._scan(keys, take)
        if not listed:
            raise BuildError("The Materials Project has no material of this selection; nothing was built.")
        found = self._decide(listed, updated, old or {})
        changed = [name for name in found.order if name not in found.kept]
        self.formulas = {formula[name] for name in changed}
        if listing:
            self._place(found, changed, "summary", chosen.filters(), _material_name)
        return found, Owners(tasks.items())

    def spectra(
        self, owners: Owners, old: Mapping[str, tuple[str, str | None]] | None
    ) -> tuple[Collection, dict[str, str]]:
        """The spectra of the selected materials.

        Args:
            owners: of the tasks.
            old: when each spectrum of the old index was last changed, and its material; None where there is none.

        Returns:
            The spectra, and the material of each.
        """
        chosen = self._selection
        listed: dict[str, tuple[str, int]] = {}
        updated: dict[str, str] = {}
        joined: dict[str, str] = {}

        def take(key: str, place: int, document: Document) -> None:
            name = _spectrum_name(document)
            if name is None or name in listed or (chosen.edges and document["edge"] not in chosen.edges):
                return
            owner = owners.of(document["task_id"])
            if owner is None:
                if not chosen.is_part:
                    self.foreign.append(name)
                return
            listed[name], updated[name], joined[name] = (key, place), updated_of(document), owner

        listing = old is not None and not chosen.bulk
        fields = SPECTRUM_LISTING if listing else SPECTRUM_FIELDS
        size = self._settings.listed_a_page if listing else self._settings.documents_a_page
        if chosen.bulk:
            keys = self._bulk("spectra", self._client.bulk_spectra)
        else:
            what = "listing spectra" if listing else "fetching spectra"
            keys = self._pages(what, "xas", self._spectra_filters(owners), fields, size)
        self._scan(keys, take)
        same = {name: when for name, (when, owner) in (old or {}).items() if joined.get(name) == owner}
        found = self._decide(listed, updated, same, order=old or {})
        if listing:
            changed = [name for name in found.order if name not in found.kept]
            self._place(found, changed, "xas", self._spectra_filters(owners), _spectrum_name)
        return found, joined

    def functionals(self, found: Collection) -> dict[str, str]:
        """The density functional of each material that is worked out anew; the service gives it by id only."""
        names = [name for name in found.order if name not in found.kept]
        if self._selection.bulk or not names:
            return {}
        queries = [
            Query("core", (("material_ids", list(part)),), FUNCTIONAL_FIELDS, IDS_A_PAGE) for part in parts(names)
        ]
        self._reporter.start("fetching functionals (pages)", len(queries))
        found_functionals: dict[str, str] = {}
        for key in self._client.fetch_all(queries, self._store, self._reporter):
            for document in self._store.read(key):
                if functional := functional_of(document):
                    found_functionals[canonical_id(document["material_id"])] = functional
        return found_functionals

    def _spectra_filters(self, owners: Owners) -> list[Filters]:
        tasks = owners.tasks()
        if self._selection.is_part and len(tasks) <= self._settings.most_tasks:
            filters: list[Filters] = [(("task_ids", list(part)),) for part in parts(tasks)]
        else:
            filters = [(("spectrum_type", kind),) for kind in TYPES]
        if not self._selection.edges:
            return filters
        return [(*one, ("edge", edge)) for one in filters for edge in self._selection.edges]

    def _pages(
        self,
        what: str,
        route: str,
        filters: list[Filters],
        fields: tuple[str, ...],
        size: int,
        most: int | None = None,
    ) -> list[str]:
        """Fetch all pages of some filters; their names in the store, in order."""
        self._reporter.start(f"{what}: counting", len(filters))
        queries: list[Query] = []
        expected = 0
        for one in filters:
            n = self._count(route, one)
            n = n if most is None else min(n, max(0, most - expected))
            expected += n
            queries += [Query(route, one, fields, size, page) for page in range(1, math.ceil(n / size) + 1)]
            self._reporter.advance(1)
        self._reporter.start(f"{what} (pages)", len(queries))
        self._expected = expected
        return self._client.fetch_all(queries, self._store, self._reporter)

    def _count(self, route: str, filters: Filters) -> int:
        key = page_key("count", route, self._client.db_version, filters)
        if key not in self._store:
            self._store.write(key, [{"n": self._client.count(route, filters)}])
        return int(self._store.read(key)[0]["n"])

    def _bulk(self, what: str, pages: Callable[[], Iterator[list[Document]]]) -> list[str]:
        """Keep what comes from object storage as pages; a last one marks that all are there."""
        done = page_key("bulk", what, self._client.db_version, "done")
        if done not in self._store:
            self._reporter.start(f"fetching {what} from object storage (pages)", None)
            count = 0
            for page in pages():
                self._store.write(page_key("bulk", what, self._client.db_version, count), page)
                self._reporter.advance(1)
                count += 1
            self._store.write(done, [{"n": count}])
        count, self._expected = int(self._store.read(done)[0]["n"]), 0
        return [page_key("bulk", what, self._client.db_version, number) for number in range(count)]

    def _scan(self, keys: list[str], take: Callable[[str, int, Document], None]) -> None:
        got = 0
        for key in keys:
            for place, document in enumerate(self._store.read(key)):
                take(key, place, document)
                got += 1
        if got < self._expected:
            self._store.clear()
            raise BuildError(
                f"The Materials Project sent {got:,} of {self._expected:,} documents; it changed while it was read. "
                "Give the same command again."
            )

    def _decide(
        self,
        listed: dict[str, tuple[str, int]],
        updated: dict[str, str],
        same: Mapping[str, str],
        order: Mapping[str, Any] | None = None,
    ) -> Collection:
        """Old ones first, in their old order, so that what did not change stays where it was."""
        before = same if order is None else order
        names = [name for name in before if name in listed] + [name for name in listed if name not in before]
        kept = frozenset(name for name in names if name in same and same[name] == updated[name] and updated[name])
        return Collection(names, updated, kept, listed, self._store)

    def _place(
        self,
        found: Collection,
        changed: list[str],
        route: str,
        filters: list[Filters],
        name_of: Callable[[Document], str | None],
    ) -> None:
        """Fetch the documents of what changed, and note where they lie."""
        summary = route == "summary"
        fields = MATERIAL_FIELDS if summary else SPECTRUM_FIELDS
        if len(changed) <= self._settings.refetch_share * len(found.order):
            by = "material_ids" if summary else "task_ids"
            wanted = list(dict.fromkeys(name if summary else _task_of(name) for name in changed))
            base: Filters = (("deprecated", False), ("include_gnome", self._selection.include_nc)) if summary else ()
            filters = [(*base, (by, list(part))) for part in parts(wanted)]
        what = f"fetching changed {'materials' if summary else 'spectra'}"
        missing = set(changed)
        found.places.clear()

        def take(key: str, place: int, document: Document) -> None:
            if (name := name_of(document)) in missing:
                found.places[name] = (key, place)
                missing.discard(name)

        if changed:
            self._scan(self._pages(what, route, filters, fields, self._settings.documents_a_page), take)
        # what was listed and is gone a moment later was taken back in between
        found.order = [name for name in found.order if name not in missing]


def _material_name(document: Document) -> str | None:
    return canonical_id(document["material_id"])


def _spectrum_name(document: Document) -> str | None:
    try:
        return spectrum_id_of(document)
    except SpectrumError:
        return None


def _task_of(spectrum_id: str) -> str:
    return "-".join(spectrum_id.split("-")[:2])
