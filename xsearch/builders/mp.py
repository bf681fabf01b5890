"""`xsearch build mp`: an index of the Materials Project, made, resumed, and brought up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from xsearch.builders import amcsd
from xsearch.builders.digests import digest_of
from xsearch.builders.identity import index_folder, made_with
from xsearch.builders.incremental import UNCHANGED, IncrementalRunner, StoredMaterials, StoredSpectra
from xsearch.builders.material import reduced_or_empty
from xsearch.builders.mp_collection import Collection
from xsearch.builders.mp_documents import (
    CITATION,
    CORE_LICENCE,
    LICENCES,
    NAME,
    canonical_id,
    process_summary,
    process_xas,
)
from xsearch.builders.mp_selection import Selection
from xsearch.builders.page_cache import PageCache
from xsearch.builders.pipeline import BATCH, BuildResult, build
from xsearch.builders.settings import FETCHING, FetchSettings
from xsearch.builders.source import Item, Process, SpectrumProcess
from xsearch.builders.transform import MaterialTransform, SpectraTransform
from xsearch.builders.user_entries import user_licences, user_materials, user_spectra
from xsearch.builders.workers import run_here
from xsearch.builders.xas_source import process_xas_rows
from xsearch.chemistry.material import Material
from xsearch.data.shipped_library import ShippedLibrary
from xsearch.data.xas_tables import Row
from xsearch.edge_names import parse_edges
from xsearch.errors import BrokenIndex, BuildError, CrystalError, MissingIndex, SpectrumError
from xsearch.indexes import sql
from xsearch.indexes.files import builder_lock, remove
from xsearch.indexes.index import Index
from xsearch.indexes.vectors import load_faiss
from xsearch.options import parse_elements
from xsearch.paths import home
from xsearch.progress import Progress, open_progress
from xsearch.spectra.xas import XasSpectrum

DETAILS = "materials_project"
"""Name of the manifest's part that says how an index was selected and made."""


@dataclass(frozen=True)
class MpSource:
    """Materials that were fetched, those that are stored unchanged, and the user's entries.

    Attributes:
        version: of the database.
        found: what was fetched and kept.
        added: the user's entries; None where they are stored unchanged.
        changed_formulas: of materials that are worked out anew, as the project writes them.
        functionals: of the same, by id, where the project states it.
    """

    version: str
    found: Collection
    added: tuple[tuple[str, Material | None], ...] = ()
    changed_formulas: frozenset[str] = frozenset()
    functionals: dict[str, str] = field(default_factory=dict)
    name: str = NAME
    licence: str = CORE_LICENCE
    citation: str = CITATION
    process: Process = field(default_factory=lambda: process_material, repr=False)

    def fingerprint(self) -> str:
        """A hash of ids and the times of their last change."""
        return digest_of(
            [self.version, [(n, self.found.updated[n]) for n in self.found.order], [n for n, _ in self.added]]
        )

    def count(self) -> int | None:
        """Materials, the user's included."""
        return len(self.found.order) + len(self.added)

    def formulas(self) -> frozenset[str] | None:
        """Reduced formulas of what is worked out anew; what is kept has its measured cells already."""
        return frozenset(reduced_or_empty(formula) for formula in self.changed_formulas)

    def items(self) -> Iterator[Item]:
        """The project's materials, then the user's."""
        for name, document in self.found.documents():
            yield Item(name, UNCHANGED if document is None else {**document, "functional": self.functionals.get(name)})
        for name, material in self.added:
            yield Item(name, UNCHANGED if material is None else material)


@dataclass(frozen=True)
class MpSpectra:
    """Spectra that were fetched, those that are stored unchanged, and the user's.

    Attributes:
        found: what was fetched and kept.
        owners: the material of each spectrum.
        foreign: spectra of tasks that no listed material names; they are counted as failures.
        added: the user's spectra, None where they are stored unchanged; and shipped ones, as rows of their table.
    """

    found: Collection
    owners: dict[str, str]
    foreign: tuple[str, ...] = ()
    added: tuple[tuple[str, XasSpectrum | tuple[Row, ...] | None], ...] = ()
    process: SpectrumProcess = field(default_factory=lambda: process_spectrum, repr=False)

    def fingerprint(self) -> str:
        """A hash of ids, owners and the times of their last change."""
        listed = [(n, self.found.updated[n], self.owners[n]) for n in self.found.order]
        return digest_of([listed, self.foreign, [n for n, _ in self.added]])

    def count(self) -> int | None:
        """All spectra."""
        return len(self.found.order) + len(self.foreign) + len(self.added)

    def items(self) -> Iterator[Item]:
        """The project's spectra, then the user's and shipped ones."""
        for name, document in self.found.documents():
            yield Item(name, UNCHANGED if document is None else (self.owners[name], document))
        for name in self.foreign:
            yield Item(name, None)
        for name, spectrum in self.added:
            yield Item(name, UNCHANGED if spectrum is None else spectrum)


def process_material(item: Item) -> Material:
    """A material of the project, or an entry of the user, unchanged."""
    return item.payload if isinstance(item.payload, Material) else process_summary(item)


def process_spectrum(item: Item) -> XasSpectrum:
    """A spectrum of the project, or an entry of the user, unchanged.

    Raises:
        SpectrumError: for one that belongs to no material.
    """
    if item.payload is None:
        raise SpectrumError("Its task belongs to no material that the Materials Project lists.")
    if isinstance(item.payload, XasSpectrum):
        return item.payload
    return process_xas_rows(item) if isinstance(item.payload[0], dict) else process_xas(item)


def build_mp(
    name: str = "mp",
    selection: Selection | None = None,
    *,
    key: str | None = None,
    endpoint: str | None = None,
    workers: int | None = None,
    measured_cells: bool = True,
    shipped_spectra: bool = True,
    progress: bool = True,
    run: Callable[[Any, Any], Any] | None = None,
    fetching: FetchSettings = FETCHING,
    batch: int = BATCH,
) -> BuildResult:
    """Make an index of the Materials Project, or bring one up to date.

    Where the index exists and was made of the same selection by the same xsearch, only what changed since is
    fetched and worked out; what was deprecated goes; entries that the user added stay. A run that was stopped is
    taken up at the page where it stood.

    Args:
        name: of the index.
        selection: which part; default everything but GNoME.
        key: of the Materials Project; default `MP_API_KEY` or `PMG_MAPI_KEY`.
        endpoint: another address that speaks the same interface.
        workers: processes; default one a core.
        measured_cells: whether measured cells of the same phase, from the mineral database, are linked.
        shipped_spectra: whether the spectra that come with xsearch are added.
        progress: whether progress is reported on the error stream.
        run: another way to run batches, such as on a cluster.
        fetching: page sizes, time-out and waits of requests.
        batch: items a chunk.

    Raises:
        MissingExtra: where FAISS is not installed; nothing was fetched then.
        BuildError: in one line, where the key, the network or the service fails; what was fetched is kept.
    """
    load_faiss()
    from xsearch.builders.mp_client import Client
    from xsearch.builders.mp_fetch import Fetch

    chosen = selection or Selection()
    folder, cache = index_folder(name), home() / "downloads" / name
    old = reusable(folder, chosen, measured_cells)
    with open_progress(progress) as reporter, builder_lock(cache):
        client = Client(key, endpoint, fetching)
        fetch = Fetch(
            client,
            open_pages(cache, client.db_version, reporter),
            chosen,
            reporter,
            cache / f"tables-{plain_name(client.db_version)}",
            fetching,
        )
        materials, owners = fetch.materials(None if old is None else old_materials(old))
        functionals = fetch.functionals(materials)
        spectra, owner_of = fetch.spectra(owners, None if old is None else old_spectra(old))
        if (now := client.heartbeat()) != client.db_version:
            raise BuildError(
                f"The Materials Project changed from {client.db_version} to {now} while it was read; give the same "
                "command again."
            )
        reporter.say(f"{name}: {client.pages_fetched:,} pages came in {client.network_s:.0f} s of requests")
    before = old or opened(folder)
    shipped = ShippedLibrary(frozenset(materials.order if shipped_spectra else ()), chosen.elements, chosen.edges)
    shipped_now = shipped.spectra if shipped_spectra else {}
    added = user_materials(before, kept=old is not None)
    added_spectra = (
        *(one for one in user_spectra(before, NAME, kept=old is not None) if one[0] not in shipped_now),
        *shipped_now.items(),
    )
    licences = {CORE_LICENCE, *user_licences(before, NAME)}
    licences |= {LICENCES["BY-NC"]} if chosen.include_nc else set()
    licences |= {amcsd.LICENCE} if measured_cells else set()
    licences |= {rows[0]["licence"] for rows in shipped_now.values()}
    source = MpSource(client.db_version, materials, added, frozenset(fetch.formulas), functionals)
    windows = MpSpectra(spectra, owner_of, tuple(fetch.foreign), added_spectra)
    if old is not None and is_unchanged(old, source, windows) and holds_spectra(old, shipped_now):
        remove(cache)
        return up_to_date(name, old)
    runner = run or partial(run_here, workers=workers)
    made = build(
        source,
        name,
        workers=workers,
        measured_cells=measured_cells,
        progress=progress,
        run=_reusing(runner, old, StoredMaterials),
        batch=batch,
        spectra=windows,
        run_spectra=_reusing(runner, old, StoredSpectra),
        extra={
            "licences": sorted(licences),
            "citations": [CITATION, amcsd.CITATION] if measured_cells else [CITATION],
            DETAILS: {"selection": _plain(chosen), "made_with": _made_with(measured_cells)},
        },
    )
    remove(cache)
    return replace(made, reused=len(materials.kept) + sum(material is None for _, material in added))


def open_pages(cache: Path, db_version: str, reporter: Progress) -> PageCache:
    """The pages of a version of the database; those of other versions go."""
    here = cache / plain_name(db_version)
    for other in cache.iterdir():
        if other.is_dir() and other.name not in (here.name, f"tables-{here.name}"):
            remove(other)
    store = PageCache(here)
    if len(store):
        reporter.say(f"{len(store):,} pages of an earlier run are there")
    if store.dropped:
        reporter.say(f"{store.dropped:,} pages were damaged and are fetched again")
    return store


def opened(folder: Path) -> Index | None:
    """The index as it is; None where there is none that can be read."""
    try:
        return Index.open(folder)
    except (MissingIndex, BrokenIndex):
        return None


def plain_name(db_version: str) -> str:
    """A version of the database as the name of a folder."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", db_version) or "unknown"


def reusable(folder: Path, selection: Selection, measured_cells: bool) -> Index | None:
    """The index whose rows can be taken over: of the same selection, and made by the same code."""
    index = opened(folder)
    if index is None:
        return None
    wanted = {"selection": _plain(selection), "made_with": _made_with(measured_cells)}
    return index if index.manifest.extra.get(DETAILS) == wanted else None


def old_materials(index: Index) -> dict[str, str]:
    """When each of the project's materials in an index was last changed, in row order."""
    rows = index.sql(sql.LAST_CHANGES, [NAME])
    return {material_id: updated or "" for material_id, updated in rows.fetchall()}


def old_spectra(index: Index) -> dict[str, tuple[str, str | None]]:
    """When each of the project's spectra in an index was last changed, and its material, in order."""
    table = index.spectra_table.select(["spectrum_id", "last_updated", "material_id", "source"])
    table = table.filter(pc.equal(table.column("source"), NAME))
    columns = (table.column(name).to_pylist() for name in ("spectrum_id", "last_updated", "material_id"))
    return {name: (updated or "", owner) for name, updated, owner in zip(*columns, strict=True)}


def is_unchanged(index: Index, source: MpSource, spectra: MpSpectra) -> bool:
    """Whether a new version would hold what the old one holds."""
    return len(source.found.kept) == len(source.found.order) == len(old_materials(index)) and len(
        spectra.found.kept
    ) == len(spectra.found.order) == len(old_spectra(index))


def holds_spectra(index: Index, wanted: Iterable[str]) -> bool:
    """Whether an index has spectra of these ids."""
    return set(wanted) <= set(index.spectra_table.column("spectrum_id").to_pylist())


def up_to_date(name: str, index: Index) -> BuildResult:
    """The result of a build that had nothing to do."""
    return BuildResult(
        name=name,
        version=index.version,
        entries=len(index),
        measured_cells=int(np.count_nonzero(index.columns.cell_of >= 0)),
        failures=index.manifest.counts["failures"],
        resumed=0,
        seconds=0.0,
        spectra=index.manifest.counts["spectra"],
        reused=int(np.count_nonzero(index.columns.cell_of < 0)),
    )


def read_ids(file: Path) -> tuple[str, ...]:
    """Material ids from a text file, separated by blanks, commas or lines; `#` begins a remark.

    Raises:
        BuildError: where the file cannot be read, or holds something else.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"{file}: cannot be read as a list of material ids ({error}).") from None
    words = [word for line in lines for word in re.split(r"[\s,;]+", line.partition("#")[0]) if word]
    if not words:
        raise BuildError(f"{file}: holds no material id; lines such as mp-149 are expected.")
    try:
        return tuple(dict.fromkeys(canonical_id(word) for word in words))
    except CrystalError as error:
        raise BuildError(f"{file}: {error}") from None


def select(
    elements: str | None = None,
    edges: str | None = None,
    ids: Path | None = None,
    limit: int | None = None,
    include_nc: bool = False,
    bulk: bool = False,
) -> Selection:
    """A selection from what a user typed.

    Args:
        elements: symbols separated by commas or blanks, such as `Fe,O`.
        edges: edges likewise, such as `K`; `L2,3` is one edge.
        ids: a file of material ids; see `read_ids`.
        limit, include_nc, bulk: as in `Selection`.

    Raises:
        QueryError, SpectrumError, BuildError: where an element, an edge or the file of ids cannot be understood.
    """
    symbols = None if elements is None else parse_elements(elements)
    return Selection(
        symbols, parse_edges(edges or ""), read_ids(ids) if ids is not None else None, limit, include_nc, bulk
    )


def _reusing(run: Any, old: Index | None, stored: type[StoredMaterials] | type[StoredSpectra]) -> Any:
    return run if old is None else IncrementalRunner(run, stored(old))


def _made_with(measured_cells: bool) -> str:
    """What rows are made with from documents on; how they are copied and merged is no part of it."""
    return made_with(measured_cells, MaterialTransform, SpectraTransform, process_summary, process_xas)[:16]


def _plain(selection: Selection) -> dict[str, Any]:
    found = {**asdict(selection), "elements": sorted(selection.elements) if selection.elements is not None else None}
    found["ids"] = digest_of(list(selection.ids)) if selection.ids is not None else None
    del found["bulk"]
    return dict(json.loads(json.dumps(found)))
