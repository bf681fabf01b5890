"""Run every source of crystals and spectra on a little input, and print what its entries came through.

    python -m tests.builders.traced_sources FOLDER

prints a line of JSON for each source: the class, and the files of this package whose functions were called or that were
read while items became chunks and that the source's identity does not know. It is a program of its own, so that
nothing has been loaded or cached before.
"""

import inspect
import json
import os
import sys
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pymatgen.core import Lattice, Structure

from tests.mp_library import Library
from tests.spectra.instrument_files import athena, edge, xdi
from tests.xas_tables import measured, simulated, write
from xsearch.builders import build
from xsearch.builders.add import _AddedSpectra, _spectrum_files
from xsearch.builders.aflow import AflowSource
from xsearch.builders.amcsd import AmcsdSource
from xsearch.builders.cif import CifSource
from xsearch.builders.dependencies import PACKAGE, dependencies_of
from xsearch.builders.extension import ExtendedMaterials, ExtendedSpectra
from xsearch.builders.identity import definitions_of
from xsearch.builders.incremental import UNCHANGED, IncrementalRunner, StoredMaterials, StoredSpectra
from xsearch.builders.measured_cells import MeasuredCells
from xsearch.builders.mp import MpSource, MpSpectra
from xsearch.builders.mp_collection import Collection
from xsearch.builders.mp_documents import canonical_id, spectrum_id_of, updated_of
from xsearch.builders.page_cache import PageCache
from xsearch.builders.parquet import ParquetSource
from xsearch.builders.pipeline import WORK
from xsearch.builders.predicted import _Predictions
from xsearch.builders.shipped import ShippedSpectra
from xsearch.builders.starter import StarterSource
from xsearch.builders.transform import Batch, MaterialTransform, SpectraTransform
from xsearch.builders.xas_source import XasSource
from xsearch.data.xas_tables import XasTables
from xsearch.indexes import Chunk, Index

MOST_ITEMS = 12

opened: set[str] = set()
called: set[str] = set()


def rocksalt(cation: str, anion: str, a: float) -> Structure:
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])


def crystals(folder: Path, *compounds: tuple[str, str, float]) -> CifSource:
    folder.mkdir()
    for cation, anion, a in compounds:
        rocksalt(cation, anion, a).to(folder / f"{cation}{anion}.cif")
    return CifSource.of(folder, "CC0-1.0")


def computed(folder: Path) -> ParquetSource:
    salt = rocksalt("Na", "Cl", 5.69)
    row = {
        "material_id": "mp-1",
        **dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), salt.lattice.parameters, strict=True)),
        "species": [site.specie.symbol for site in salt],
        "frac_coords": salt.frac_coords.ravel().astype(np.float32),
        "licence": "CC-BY-4.0",
        "energy_above_hull": 0.0,
        "theoretical": False,
    }
    pq.write_table(pa.Table.from_pylist([row]), folder / "computed.parquet")
    return ParquetSource.of([folder / "computed.parquet"])


def project(folder: Path) -> tuple[MpSource, MpSpectra]:
    library = Library(6, spectra_share=1.0)
    store = PageCache(folder / "pages")

    def collection(route: str, documents: list[dict[str, Any]], name_of: Callable[[Any], str]) -> Collection:
        key = f"{route}-{0:024x}"
        store.write(key, documents)
        names = [name_of(document) for document in documents]
        times = {name: updated_of(document) for name, document in zip(names, documents, strict=True)}
        return Collection(names, times, places={name: (key, i) for i, name in enumerate(names)}, store=store)

    materials = collection("summary", library.summary, lambda document: canonical_id(document["material_id"]))
    spectra = collection("xas", library.xas, spectrum_id_of)
    owners = dict.fromkeys(spectra.order, materials.order[0])
    return MpSource("2025", materials, functionals={materials.order[0]: "PBE"}), MpSpectra(spectra, owners)


def references(folder: Path) -> _AddedSpectra:
    folder.mkdir()
    x, y = edge()
    (folder / "Fe2O3.xdi").write_text(xdi(x, np.full_like(x, 1000.0), 1000 * np.exp(-y)), encoding="utf-8")
    (folder / "foils.prj").write_bytes(athena([("Fe foil", "Fe", x, y)]))
    np.savetxt(folder / "Fe3O4.dat", np.column_stack([x, y]), header="energy mu\nFe K edge")
    return _AddedSpectra(tuple(_spectrum_files([folder])), None, "CC0-1.0")


def chunk_of(source: Any, index: Index, cells: MeasuredCells | None = None) -> Any:
    """What a source's items become, with what the index has of them."""
    of_crystals = hasattr(source, "formulas")
    transform: Any = MaterialTransform(source.process, cells) if of_crystals else SpectraTransform(source.process)
    run: Any = alone
    batch = Batch(0, tuple(islice(source.items(), MOST_ITEMS)))
    if any(item.payload is UNCHANGED for item in batch.items):
        run = IncrementalRunner(alone, StoredMaterials(index) if of_crystals else StoredSpectra(index))
    ((_, chunk),) = run(transform, iter([batch]))
    return chunk


def alone(transform: Any, batches: Iterator[Batch]) -> Generator[tuple[int, Any]]:
    for batch in batches:
        yield batch.number, transform(batch)


def unknown_to(source: Any, index: Index, cells: MeasuredCells | None = None) -> list[str]:
    """Files of this package that had a part in a source's chunk and are not in its identity."""
    known = dependencies_of(*WORK, *definitions_of(source), *(definitions_of(AmcsdSource()) if cells else ()))
    called.clear()
    opened.clear()
    sys.settrace(lambda frame, *_: called.add(frame.f_code.co_filename))
    try:
        chunk = chunk_of(source, index, cells)
    finally:
        sys.settrace(None)
    assert len(chunk), f"{type(source).__name__} made nothing: {chunk.failures}"
    used = {Path(name).resolve() for name in called | {name for name in opened if not name.endswith(".py")}}
    ours = {path for path in used if path.is_relative_to(PACKAGE) and "__pycache__" not in path.parts}
    return sorted(str(path.relative_to(PACKAGE)) for path in ours - set(known.files))


def names_of(source: Any) -> list[str]:
    """Classes of a source and of those that it is made of."""
    return [one.__name__ for one in definitions_of(source) if inspect.isclass(one)]


def remember(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        opened.add(arguments[0])


def main(folder: Path) -> None:
    os.environ["XSEARCH_HOME"] = str(folder / "home")
    build(crystals(folder / "first", ("Ni", "O", 4.18), ("Mg", "O", 4.21)), "lab", workers=1, progress=False)
    index = Index.open("lab")
    salts = AmcsdSource(only=frozenset({"NaCl"}))
    materials, spectra = project(folder)
    tables = write(
        folder / "xas.parquet", simulated("NiO", 0.4, site=1), simulated("NiO", 0.6, site=2), measured("a", "CuO", 0.5)
    )
    added = references(folder / "references")
    sources = [
        salts,
        AflowSource(),
        StarterSource(),
        crystals(folder / "more", ("K", "Cl", 6.29)),
        materials,
        spectra,
        XasSource(XasTables((tables,))),
        ShippedSpectra.of_entries({"mp-23"}, XasSource(XasTables((tables,)))),
        ExtendedMaterials(index, crystals(folder / "own", ("Li", "F", 4.03)), added.ids),
        ExtendedSpectra(index, added),
        ExtendedSpectra(index, _Predictions(index, (("Ni", "K"),), 1)),
    ]
    sys.addaudithook(remember)
    for source in sources:
        print(json.dumps([names_of(source), unknown_to(source, index)]))
    cells = MeasuredCells.of(Chunk.entries(chunk_of(salts, index)))
    assert len(cells)
    source = computed(folder)
    print(json.dumps([names_of(source), unknown_to(source, index, cells)]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
