"""`xsearch build add`: the user's structures and reference spectra, added to an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from xsearch.builders.cif import CifSource
from xsearch.builders.digests import digest_of
from xsearch.builders.extension import extend, open_to_extend
from xsearch.builders.pipeline import BuildResult
from xsearch.builders.source import Item, SpectrumProcess
from xsearch.builders.stated_compound import compound_of, is_table_of_formulas, read_formulas, sample_fields
from xsearch.builders.user_entries import USER_ID, USER_SOURCE
from xsearch.builders.workers import run_here
from xsearch.builders.xas_source import XasSource, process_xas_rows
from xsearch.data.xas_tables import XasTables, check_tables
from xsearch.errors import BuildError, SpectrumError, XSearchError
from xsearch.indexes import sql
from xsearch.indexes.files import sha256
from xsearch.indexes.index import Index
from xsearch.paths import Paths, as_paths
from xsearch.spectra.readers.read import labels_in, read
from xsearch.spectra.readers.source import load
from xsearch.spectra.xanes import Xanes
from xsearch.spectra.xas import XasSpectrum

SUFFIXES = frozenset(
    {".xdi", ".dat", ".txt", ".csv", ".nor", ".xmu", ".prj", ".xy", ".larix", ".h5", ".hdf5", ".nxs", ".spec", ".fio"}
)
"""Files of a folder that may hold absorption spectra."""

FILES_FOR_WORKERS = 200
"""Up to so many CIF files are read in this process: starting workers would take longer. Set by hand."""


@dataclass(frozen=True, slots=True)
class SpectrumFile:
    """A measured spectrum of the user, to be read from a file.

    Attributes:
        spectrum_id: its id in the index.
        path: of its file.
        name: of the file, or of the spectrum within it.
        number: within a file of several, from 1.
        fields: what the file says of its sample.
        formulas: by names of files, from a table beside them.
    """

    spectrum_id: str
    path: Path
    name: str
    number: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    formulas: Mapping[str, str] = field(default_factory=dict)


def add_entries(
    name: str,
    *,
    xanes: Paths = (),
    cif: Paths = (),
    licence: str = "not stated",
    workers: int | None = None,
    progress: bool = True,
) -> BuildResult:
    """Add structures and measured reference spectra to an index, as its new version.

    They have the source `own` and ids that begin with `own-`. What was added before under the same id is replaced.

    Args:
        name: of an existing index.
        xanes: files and folders of absorption spectra: XDI, Athena projects, columns. A spectrum's compound is what a
            table beside the files says (CSV with columns `file` and `formula`), else the file's `Sample.formula` or
            `Sample.name`, else a formula in its name, such as `Fe2O3_hematite.xdi`; where none is certain, it has none
            and is listed. A Parquet file is a table of spectra, measured, simulated or predicted, that keep their ids
            and sources; see `XasTables`.
        cif: CIF files and folders of them.
        licence: of what is added.
        workers: processes; default one a core.
        progress: whether progress is reported on the error stream.

    Raises:
        MissingIndex: where there is no such index.
        BuildError: where nothing is given, a path is missing, or the index was built on another axis.
    """
    index = open_to_extend(name)
    crystals = CifSource.of(cif, licence) if as_paths(cif) else None
    tables = [path for path in as_paths(xanes) if path.suffix.lower() == ".parquet"]
    files = tuple(_spectrum_files([path for path in as_paths(xanes) if path not in tables]))
    spectra = _AddedSpectra(files, _tables(tables, index, licence), licence)
    if crystals is None and not spectra:
        raise BuildError("Nothing to add: give folders of spectra with --xanes, of crystals with --cif, or both.")
    many = crystals is not None and len(crystals.files) > FILES_FOR_WORKERS
    run: Any = partial(run_here, workers=workers if many else 1)
    extra = dict(index.manifest.extra)
    licences = spectra.licences | ({licence} if crystals or files else set())
    extra |= {"licences": sorted({*extra.get("licences", []), *licences}), "own": True}
    made = extend(index, crystals, spectra, run=run, run_spectra=run, extra=extra, workers=workers, progress=progress)
    return replace(made, without_compound=_without_compound(name, {one.spectrum_id for one in files}))


def _without_compound(name: str, added: set[str]) -> tuple[str, ...]:
    """The ids of added spectra whose compound is not known, in their order."""
    if not added:
        return ()
    rows = Index.open(name).sql(sql.SPECTRA_WITHOUT_COMPOUND, [USER_SOURCE]).fetchall()
    return tuple(spectrum_id for (spectrum_id,) in rows if spectrum_id in added)


@dataclass(frozen=True)
class _AddedSpectra:
    """Spectra from files and from tables."""

    files: tuple[SpectrumFile, ...]
    tables: XasSource | None
    licence: str
    process: SpectrumProcess = field(default_factory=lambda: process_added_spectrum, repr=False)

    def __bool__(self) -> bool:
        return bool(self.files) or self.tables is not None

    @cached_property
    def _items(self) -> tuple[Item, ...]:
        from_files = (Item(one.spectrum_id, (one, self.licence)) for one in self.files)
        return (*from_files, *(self.tables.items() if self.tables is not None else ()))

    @cached_property
    def ids(self) -> frozenset[str]:
        """Of all of them."""
        return frozenset(item.item_id for item in self._items)

    @property
    def licences(self) -> set[str]:
        """That the tables' rows state."""
        return {item.payload[0]["licence"] for item in self._items[len(self.files) :]}

    def items(self) -> Iterator[Item]:
        """Files first."""
        return iter(self._items)

    def fingerprint(self) -> str:
        """A hash of the files' content."""
        content = [[one.spectrum_id, sha256(one.path)] for one in self.files]
        return digest_of([content, self.tables and self.tables.fingerprint()])


def process_added_spectrum(item: Item) -> XasSpectrum:
    """A spectrum from a file of the user, or from a table.

    Raises:
        SpectrumError: where there is none.
    """
    return process_spectrum_file(item) if isinstance(item.payload[0], SpectrumFile) else process_xas_rows(item)


def process_spectrum_file(item: Item) -> XasSpectrum:
    """A measured reference spectrum of the user.

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
        source=USER_SOURCE,
        licence=licence,
        reduced_formula=compound_of(one.fields, one.name, spectrum.absorber, one.formulas).formula,
        reference=one.name if one.number is None else f"{one.path.name}, {one.name}",
    )


def _spectrum_files(paths: list[Path]) -> Iterator[SpectrumFile]:
    """What to read, sorted by id."""
    found: list[SpectrumFile] = []
    for root in paths:
        if not root.exists():
            raise BuildError(f"{root}: no such file or folder; give spectra, or folders that hold some.")
        tables: dict[Path, dict[str, str]] = {}
        for path in [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file()):
            if (path.suffix.lower() not in SUFFIXES and path != root) or is_table_of_formulas(path):
                continue
            for folder in {path.parent, *([root] if root.is_dir() else [])} - tables.keys():
                tables[folder] = read_formulas(folder)
            formulas = tables.get(root, {}) | tables[path.parent]
            name = USER_ID + (path.name if path == root else path.relative_to(root).as_posix())
            fields, several = _contents(path)
            if len(several) > 1:
                found += [
                    SpectrumFile(f"{name}#{number}", path, label, str(number), fields, formulas)
                    for number, label in enumerate(several, start=1)
                ]
            else:
                found.append(SpectrumFile(name, path, several[0] if several else path.name, None, fields, formulas))
    if paths and not found:
        raise BuildError(f"No spectrum in {', '.join(map(str, paths))}; {', '.join(sorted(SUFFIXES))} are read.")
    return iter(sorted(found, key=lambda one: one.spectrum_id))


def _contents(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """What a file says of its sample, and the names of its spectra; nothing of one that cannot be read."""
    try:
        return sample_fields(load(path).data), labels_in(path)
    except XSearchError:
        return {}, ()


def _tables(paths: list[Path], index: Index, licence: str) -> XasSource | None:
    """Tables of spectra; where a row states no formula, its material's in the index counts."""
    if not paths:
        return None
    check_tables(paths)
    names, formulas = (index.catalog.column(name).to_pylist() for name in ("material_id", "reduced_formula"))
    return XasSource(XasTables(tuple(paths), licence, dict(zip(names, formulas, strict=True))))
