"""`xsearch build add`: structures and reference spectra of the user's own, in an index that is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from xsearch.builders.cif import CifSource, process_cif
from xsearch.builders.engine import BuildResult, build
from xsearch.builders.identity import SETTINGS, index_folder
from xsearch.builders.own import OWN
from xsearch.builders.reuse import KEPT, MaterialShelf, Reusing, SpectraShelf
from xsearch.builders.source import Item, Process, SpectrumProcess
from xsearch.builders.workers import run_here
from xsearch.builders.xas_source import XasSource, process_xas_rows
from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.chemistry.material import Material
from xsearch.data.xas_tables import XasTables, check_tables
from xsearch.errors import BuildError, CrystalError, SpectrumError
from xsearch.indexes.index import Index
from xsearch.indexes.outcome import Failure
from xsearch.spectra.readers.athena import groups_of
from xsearch.spectra.readers.read import read
from xsearch.spectra.readers.source import load
from xsearch.spectra.xanes import Xanes
from xsearch.spectra.xas import XasSpectrum

SUFFIXES = frozenset({".xdi", ".dat", ".txt", ".csv", ".nor", ".xmu", ".prj", ".xy"})
"""Files of a folder that may hold absorption spectra."""


@dataclass(frozen=True, slots=True)
class OwnSpectrum:
    """A spectrum of the user's own, to be read.

    Attributes:
        spectrum_id: it gets.
        path: of its file.
        name: of the file, or of the spectrum within it; a formula at its start is the compound's.
        number: within a file of several, from 1.
    """

    spectrum_id: str
    path: Path
    name: str
    number: str | None = None


def add_own(
    name: str,
    *,
    xanes: Sequence[str | Path] | str | Path = (),
    cif: Sequence[str | Path] | str | Path = (),
    licence: str = "not stated",
    workers: int | None = None,
    progress: bool = True,
) -> BuildResult:
    """Add structures and measured reference spectra to an index, as its new version.

    They bear the source `own` and ids that begin with `own-`. What was added before under the same id is replaced.

    Args:
        name: of an index that is there.
        xanes: files and folders of absorption spectra: XDI, Athena projects, columns. A spectrum's compound is what
            its file's name, or its name in the project, begins with: `Fe2O3_hematite.xdi`. A Parquet file is a table
            of spectra, measured, simulated or predicted, that keep their own ids and sources; see `XasTables`.
        cif: CIF files and folders of them.
        licence: of what is added.
        workers: processes; default one a core.
        progress: whether to tell on the error stream how far it is.

    Raises:
        MissingIndex: where there is no such index.
        BuildError: where nothing is given, a path is missing, or the index was built on another axis.
    """
    index = Index.open(index_folder(name))
    check_settings(index)
    crystals = CifSource.of(cif, licence) if _paths(cif) else None
    tables = [path for path in _paths(xanes) if path.suffix.lower() == ".parquet"]
    spectra = _AddedSpectra(
        tuple(_spectrum_files([path for path in _paths(xanes) if path not in tables])),
        _tables(tables, index, licence),
        licence,
    )
    if crystals is None and not spectra:
        raise BuildError("Nothing to add: give folders of spectra with --xanes, of crystals with --cif, or both.")
    here: Any = partial(run_here, workers=workers if crystals is not None and len(crystals.files) > 200 else 1)
    made = build(
        Grown(index, crystals, licence, spectra.ids),
        name,
        workers=workers,
        measured_cells=False,
        progress=progress,
        run=Reusing(here, MaterialShelf(index)),
        spectra=_GrownSpectra(index, spectra),
        run_spectra=Reusing(here, SpectraShelf(index)),
        extra=_extra(index, spectra.licences | ({licence} if crystals or spectra.files else set())),
    )
    return replace(made, reused=int((index.columns.cell_of < 0).sum()))


@dataclass(frozen=True)
class Grown:
    """The rows of an index, then crystals that are added, if any."""

    index: Index
    crystals: CifSource | None
    licence: str
    new_spectra: frozenset[str]
    name: str = OWN
    version: str = ""
    citation: str = ""
    process: Process = field(default_factory=lambda: process_own_cif, repr=False)

    def fingerprint(self) -> str:
        added = None if self.crystals is None else self.crystals.fingerprint()
        return _hash([self.index.version, added, self.licence])

    def count(self) -> int | None:
        return None

    def formulas(self) -> frozenset[str] | None:
        return None

    def items(self) -> Iterator[Item]:
        new = {f"own-{item.item_id}": item for item in (self.crystals.items() if self.crystals is not None else ())}
        owners = self.index.columns.cell_of.tolist()
        for material_id, owner in zip(self.index.catalog.column("material_id").to_pylist(), owners, strict=True):
            if owner < 0 and material_id not in new:
                yield Item(material_id, KEPT)
        for failure in self.index.failures():
            if failure.item_id not in new and failure.item_id not in self.new_spectra:
                yield Item(failure.item_id, failure)
        for name, item in new.items():
            yield Item(name, item.payload)


@dataclass(frozen=True)
class _AddedSpectra:
    """Spectra that are added: files of one's own, and tables."""

    files: tuple[OwnSpectrum, ...]
    tables: XasSource | None
    licence: str

    def __bool__(self) -> bool:
        return bool(self.files) or self.tables is not None

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Files first."""
        own = (Item(one.spectrum_id, (one, self.licence)) for one in self.files)
        return (*own, *(self.tables.items() if self.tables is not None else ()))

    @cached_property
    def ids(self) -> frozenset[str]:
        """Of all of them."""
        return frozenset(item.item_id for item in self.items)

    @property
    def licences(self) -> set[str]:
        """That the tables' rows state."""
        return {item.payload[0]["licence"] for item in self.items[len(self.files) :]}

    def fingerprint(self) -> str:
        """A hash of the files' content."""
        content = [[one.spectrum_id, hashlib.sha256(one.path.read_bytes()).hexdigest()] for one in self.files]
        return _hash([content, self.tables and self.tables.fingerprint()])


@dataclass(frozen=True)
class _GrownSpectra:
    """The spectra of an index, then those that are added."""

    index: Index
    added: _AddedSpectra
    process: SpectrumProcess = field(default_factory=lambda: process_added_spectrum, repr=False)

    def fingerprint(self) -> str:
        return self.added.fingerprint()

    def count(self) -> int | None:
        return self.index.spectra_table.num_rows + len(self.added.items)

    def items(self) -> Iterator[Item]:
        for name in self.index.spectra_table.column("spectrum_id").to_pylist():
            if name not in self.added.ids:
                yield Item(name, KEPT)
        yield from self.added.items


def process_own_cif(item: Item) -> Material:
    """A crystal of the user's own; an earlier failure stays one.

    Raises:
        CrystalError: where there is none.
    """
    if isinstance(item.payload, Failure):
        raise CrystalError(item.payload.reason)
    return replace(process_cif(item), material_id=item.item_id, source=OWN)


def process_added_spectrum(item: Item) -> XasSpectrum:
    """A spectrum from a file of the user's own, or from a table.

    Raises:
        SpectrumError: where there is none.
    """
    return process_own_spectrum(item) if isinstance(item.payload[0], OwnSpectrum) else process_xas_rows(item)


def process_own_spectrum(item: Item) -> XasSpectrum:
    """A measured reference of the user's own.

    Raises:
        SpectrumError: where the file cannot be read as an absorption spectrum.
    """
    one, licence = item.payload
    spectrum = read(one.path, kind="xanes", spectrum=one.number)
    if not isinstance(spectrum, Xanes):
        raise SpectrumError(f"{one.path.name}: a powder pattern; an absorption spectrum is expected here.")
    return XasSpectrum(
        spectrum_id=item.item_id,
        absorber=spectrum.absorber,
        edge=spectrum.edge,
        energy_eV=spectrum.energy_eV,
        mu=spectrum.mu,
        spectrum_type="XANES",
        level="material",
        kind="measured",
        code="measured",
        source=OWN,
        licence=licence,
        reduced_formula=formula_in_name(one.name, spectrum.absorber),
        reference=one.name if one.number is None else f"{one.path.name}, {one.name}",
    )


def formula_in_name(name: str, absorber: str) -> str:
    """The compound that a file's name begins with; empty where that is no formula with the absorber in it."""
    for word in name.replace("-", "_").replace(" ", "_").replace(".", "_").split("_")[:2]:
        try:
            amounts = parse_formula(word)
        except CrystalError:
            continue
        if absorber in amounts:
            return reduced_formula(amounts)
    return ""


def _spectrum_files(paths: list[Path]) -> Iterator[OwnSpectrum]:
    """What to read, sorted by id."""
    found: list[OwnSpectrum] = []
    for root in paths:
        if not root.exists():
            raise BuildError(f"{root}: no such file or folder; give spectra, or folders that hold some.")
        for path in [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file()):
            if path.suffix.lower() not in SUFFIXES and path != root:
                continue
            name = f"own-{path.name if path == root else path.relative_to(root).as_posix()}"
            several = spectra_in(path) if path.suffix.lower() == ".prj" else []
            found += [OwnSpectrum(f"{name}#{number}", path, label, number) for number, label in several]
            found += [] if several else [OwnSpectrum(name, path, path.name)]
    if paths and not found:
        raise BuildError(f"No spectrum in {', '.join(map(str, paths))}; {', '.join(sorted(SUFFIXES))} are read.")
    return iter(sorted(found, key=lambda one: one.spectrum_id))


def spectra_in(path: Path) -> list[tuple[str, str]]:
    """Number and name of each spectrum of an Athena project; none where it cannot be read, as is told later."""
    try:
        return [(str(number), group.label) for number, group in enumerate(groups_of(load(path)), start=1)]
    except SpectrumError:
        return []


def _tables(paths: list[Path], index: Index, licence: str) -> XasSource | None:
    """Tables of spectra, whose formulas the index knows where they do not."""
    if not paths:
        return None
    check_tables(paths)
    names, formulas = (index.catalog.column(name).to_pylist() for name in ("material_id", "reduced_formula"))
    return XasSource(XasTables(tuple(paths), licence, dict(zip(names, formulas, strict=True))))


def _extra(index: Index, licences: set[str]) -> dict[str, Any]:
    """What the manifest said before, and that the user added something."""
    extra = dict(index.manifest.extra)
    return {**extra, "licences": sorted({*extra.get("licences", []), *licences}), "own": True}


def check_settings(index: Index) -> None:
    wanted = json.loads(json.dumps(SETTINGS))
    different = [name for name in wanted if index.manifest.settings.get(name) != wanted[name] and name != "xsearch"]
    if different:
        raise BuildError(
            f"Index {index.name!r} was built with another {', '.join(different)} than this xsearch uses; build it "
            "again before adding to it."
        )


def _paths(given: Sequence[str | Path] | str | Path) -> list[Path]:
    return [Path(p) for p in ([given] if isinstance(given, str | Path) else given)]


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
