"""An index with something added to it, as its new version: its rows as they are, then what is new."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from xsearch.builders.cif import CifSource, process_cif
from xsearch.builders.digests import digest_of
from xsearch.builders.identity import SETTINGS, index_folder
from xsearch.builders.incremental import UNCHANGED, IncrementalRunner, StoredMaterials, StoredSpectra
from xsearch.builders.pipeline import BuildResult, Runner, SpectraRunner, build
from xsearch.builders.source import Item, Process, SpectrumProcess
from xsearch.builders.user_entries import USER_ID, USER_SOURCE
from xsearch.chemistry.material import Material
from xsearch.errors import BuildError, CrystalError
from xsearch.indexes.index import Index
from xsearch.indexes.outcome import Failure


class NewSpectra(Protocol):
    """Spectra that are added to an index; those stored under the same ids are replaced."""

    @property
    def ids(self) -> frozenset[str]:
        """Of all of them."""
        ...

    @property
    def process(self) -> SpectrumProcess:
        """Makes a spectrum from an item."""
        ...

    def items(self) -> Iterator[Item]:
        """One item a spectrum."""
        ...

    def fingerprint(self) -> str:
        """A hash that changes with anything that `items` would give."""
        ...


def open_to_extend(name: str) -> Index:
    """An index that this version of xsearch can add to.

    Raises:
        MissingIndex: where there is no such index.
        BuildError: where it was built with other settings.
    """
    index = Index.open(index_folder(name))
    wanted = json.loads(json.dumps(SETTINGS))
    different = [name for name in wanted if index.manifest.settings.get(name) != wanted[name] and name != "xsearch"]
    if different:
        raise BuildError(
            f"Index {index.name!r} was built with another {', '.join(different)} than this xsearch uses; build it "
            "again before adding to it."
        )
    return index


def extend(
    index: Index,
    crystals: CifSource | None,
    spectra: NewSpectra,
    *,
    run: Runner,
    run_spectra: SpectraRunner,
    extra: dict[str, Any],
    workers: int | None = None,
    progress: bool = True,
) -> BuildResult:
    """Build the new version of an index; its stored rows are copied, and only what is new is worked out.

    Args:
        index: the version before.
        crystals: that are added.
        spectra: that are added.
        run, run_spectra: as in `build`, for what is new.
        extra: what the manifest says beside settings and counts.
        workers: processes; default one a core.
        progress: whether progress is reported on the error stream.
    """
    made = build(
        ExtendedMaterials(index, crystals, spectra.ids),
        index.name,
        workers=workers,
        measured_cells=False,
        progress=progress,
        run=IncrementalRunner(run, StoredMaterials(index)),
        spectra=ExtendedSpectra(index, spectra),
        run_spectra=IncrementalRunner(run_spectra, StoredSpectra(index)),
        extra=extra,
    )
    return replace(made, reused=int((index.columns.cell_of < 0).sum()))


@dataclass(frozen=True)
class ExtendedMaterials:
    """The entries of an index, then crystals that are added.

    Attributes:
        index: the version before.
        crystals: that are added, if any.
        new_spectra: ids of spectra that are added; their earlier failures are dropped.
    """

    index: Index
    crystals: CifSource | None
    new_spectra: frozenset[str]
    name: str = USER_SOURCE
    version: str = ""
    licence: str = ""
    citation: str = ""
    process: Process = field(default_factory=lambda: process_added_crystal, repr=False)

    def fingerprint(self) -> str:
        """A hash of the version and of what is added."""
        return digest_of([self.index.version, self.crystals and self.crystals.fingerprint()])

    def count(self) -> int | None:
        """Not known before reading."""
        return None

    def formulas(self) -> frozenset[str] | None:
        """Nothing is linked."""
        return None

    def items(self) -> Iterator[Item]:
        """Stored entries, stored failures, then what is added."""
        new = {USER_ID + item.item_id: item for item in (self.crystals.items() if self.crystals is not None else ())}
        owners = self.index.columns.cell_of.tolist()
        for material_id, owner in zip(self.index.catalog.column("material_id").to_pylist(), owners, strict=True):
            if owner < 0 and material_id not in new:
                yield Item(material_id, UNCHANGED)
        for failure in self.index.failures():
            if failure.item_id not in new and failure.item_id not in self.new_spectra:
                yield Item(failure.item_id, failure)
        for name, item in new.items():
            yield Item(name, item.payload)


@dataclass(frozen=True)
class ExtendedSpectra:
    """The spectra of an index, then those that are added."""

    index: Index
    added: NewSpectra

    @property
    def process(self) -> SpectrumProcess:
        """Of those that are added."""
        return self.added.process

    def fingerprint(self) -> str:
        """A hash of what is added."""
        return self.added.fingerprint()

    def count(self) -> int | None:
        """Stored and added ones; a replaced one counts twice."""
        return int(self.index.spectra_table.num_rows) + len(self.added.ids)

    def items(self) -> Iterator[Item]:
        """Stored spectra, then what is added."""
        for name in self.index.spectra_table.column("spectrum_id").to_pylist():
            if name not in self.added.ids:
                yield Item(name, UNCHANGED)
        yield from self.added.items()


def process_added_crystal(item: Item) -> Material:
    """A crystal that the user added; an earlier failure stays one.

    Raises:
        CrystalError: where there is none.
    """
    if isinstance(item.payload, Failure):
        raise CrystalError(item.payload.reason)
    return replace(process_cif(item), material_id=item.item_id, source=USER_SOURCE)
