"""Tables of absorption spectra: what kind each is, what is refused, and how they get into an index."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xsearch.builders import build_parquet
from xsearch.builders.add import add_own
from xsearch.builders.source import Item
from xsearch.builders.xas_parquet import XasTables, split_files
from xsearch.errors import BuildError, SpectrumError
from xsearch.indexes import Index

ENERGY = np.arange(8950.0, 9060.0, 0.5)


def copper(white_line: float) -> list[float]:
    x = ENERGY - 8990
    return list(0.5 + np.arctan(x / 1.5) / np.pi + white_line * np.exp(-(((x - 8) / 4) ** 2)))


def simulated(material: str, white_line: float, **more: Any) -> dict[str, Any]:
    row = {"material_id": material, "absorber": "Cu", "edge": "K", "energy": list(ENERGY), "mu": copper(white_line)}
    return {**row, "code": "FEFF9", "reduced_formula": "CuO", "source": "made", "licence": "CC0-1.0", **more}


def measured(name: str, formula: str, white_line: float, **more: Any) -> dict[str, Any]:
    row = {"id": name, "element": "Cu", "edge": "K", "formula": formula, "energy": list(ENERGY)}
    return {**row, "mu_raw": copper(white_line), "usable_query": True, "suspect": False, "source": "lab", **more}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def spectra(path: Path) -> dict[str, Any]:
    tables = XasTables((path,))
    return {item.item_id: tables.process(item) for item in tables.items()}


def test_sites_keep_their_index_and_their_material_gets_its_weighted_mean(tmp_path: Path) -> None:
    rows = [
        simulated("mp-1", 0.2, site_index=0, site_multiplicity=3.0),
        simulated("mp-1", 0.6, site_index=4, site_multiplicity=1.0),
        simulated("mp-2", 0.9, site_index=0, site_multiplicity=1.0),
    ]
    found = spectra(write(tmp_path / "t.parquet", *rows))
    assert [(s.level, s.site_index) for s in found.values()] == [
        ("site", 0),
        ("site", 4),
        ("site", 0),
        ("material", None),
    ]
    mean = found["mp-1 Cu K FEFF9 mean of 2"]
    wanted = 0.75 * np.array(copper(0.2)) + 0.25 * np.array(copper(0.6))
    assert np.abs(np.interp(ENERGY, mean.energy_eV, mean.mu) - wanted).max() < 0.01
    assert (mean.material_id, mean.kind, mean.code, mean.licence) == ("mp-1", "simulated", "FEFF9", "CC0-1.0")


def test_kinds_are_told_apart(tmp_path: Path) -> None:
    own = write(tmp_path / "own.parquet", measured("a", "Cu2O", 0.1, facility="APS", phase="cuprite"))
    (reference,) = spectra(own).values()
    assert (reference.kind, reference.material_id, reference.code, reference.reference) == (
        "measured", None, "APS", "cuprite",
    )  # fmt: skip
    predicted = write(tmp_path / "p.parquet", simulated("mp-1", 0.2, kind="predicted", code="forward"))
    assert [s.kind for s in spectra(predicted).values()] == ["predicted"]
    nameless = simulated("mp-1", 0.2)
    del nameless["code"]
    assert [s.code for s in spectra(write(tmp_path / "xas_feff10.parquet", nameless)).values()] == ["FEFF10"]


def test_doubtful_rows_are_refused_with_their_reason(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", measured("a", "CuO", 0.1, suspect=True), measured("b", "CuO", 0.1, edge=None))
    tables = XasTables((path,))
    for item, reason in zip(tables.items(), ("suspect", "names no edge"), strict=True):
        with pytest.raises(SpectrumError, match=reason):
            tables.process(item)


@pytest.fixture
def structures(tmp_path: Path, prototypes: list[Item], rows_of: Callable[[list[Item]], pa.Table]) -> Path:
    """Two crystals, mp-1 and mp-2."""
    path = tmp_path / "structures.parquet"
    pq.write_table(rows_of(prototypes[:2]), path)
    return path


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    """Simulated spectra of mp-1, of nothing that is an entry, and one without an edge; a measured one."""
    flat = simulated("mp-2", 0.0, site_index=2) | {"mu": [1.0] * len(ENERGY)}
    rows = [simulated("mp-1", 0.2, site_index=0), simulated("mp-99", 0.3, site_index=0), flat]
    one = write(tmp_path / "computed.parquet", *({**row, "reduced_formula": None} for row in rows))
    return [
        one,
        write(tmp_path / "measured.parquet", measured("a", "Cu2O", 0.5), measured("b", "CuS", 0.1, suspect=True)),
    ]


def test_a_build_takes_structures_and_spectra_together(
    xsearch_home: Path, structures: Path, tables: list[Path]
) -> None:
    assert split_files([structures, *tables]) == ([structures], tables)
    made = build_parquet([tables[0], structures, tables[1]], "lab", workers=1, measured_cells=False, progress=False)
    index = Index.open("lab")
    assert (made.entries, made.spectra) == (2, 3)
    formula = index.material(index.row_of("mp-1")).reduced_formula
    assert [s.reduced_formula for s in index.spectra(index.row_of("mp-1"))] == [formula]
    assert [s.spectrum_id for s in index.spectra(index.row_of("mp-2"))] == ["mp-2 Cu K FEFF9 site 2"]  # no window
    table = index.xanes["Cu", "K"]
    assert dict(zip(table.spectrum_id, table.kind, strict=True)) == {
        "mp-1 Cu K FEFF9 site 0": "simulated",
        "a": "measured",
    }
    reasons = {failure.item_id: failure.reason for failure in index.failures()}
    assert "no entry of this index" in reasons["mp-99 Cu K FEFF9 site 0"]
    assert "suspect" in reasons["b"]


def test_tables_are_added_to_an_index_and_nothing_is_lost(
    xsearch_home: Path, structures: Path, tables: list[Path]
) -> None:
    build_parquet(structures, "lab", workers=1, measured_cells=False, progress=False)
    before = Index.open("lab")
    first = add_own("lab", xanes=tables[0], progress=False)
    second = add_own("lab", xanes=tables[1], progress=False)
    assert (first.spectra, second.spectra, second.reused) == (2, 3, 2)
    index = Index.open("lab")
    for row in range(len(before)):
        assert index.chunk(np.array([row])).to_bytes() == before.chunk(np.array([row])).to_bytes()
    again = add_own("lab", xanes=tables, progress=False)
    files = Index.open("lab").manifest.files
    assert (again.spectra, files["spectra.arrow"]) == (3, index.manifest.files["spectra.arrow"])
    together = build_parquet([structures, *tables], "other", workers=1, measured_cells=False, progress=False)
    assert together.failures == again.failures


def test_spectra_alone_are_told_where_to_go(xsearch_home: Path, tables: list[Path]) -> None:
    with pytest.raises(BuildError, match="xsearch build add lab --xanes"):
        build_parquet(tables, "lab", progress=False)
