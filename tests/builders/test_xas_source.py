"""Tables of absorption spectra: how they get into an index."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.xas_tables import ENERGY, measured, simulated, write
from xsearch.builders import build_parquet
from xsearch.builders.add import add_entries
from xsearch.builders.source import Item
from xsearch.data.xas_tables import split_files
from xsearch.errors import BuildError
from xsearch.indexes import Index


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
    made = build_parquet(
        [tables[0], structures, tables[1]],
        "lab",
        workers=1,
        measured_cells=False,
        shipped_spectra=False,
        progress=False,
    )
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
    build_parquet(structures, "lab", workers=1, measured_cells=False, shipped_spectra=False, progress=False)
    before = Index.open("lab")
    first = add_entries("lab", xanes=tables[0], progress=False)
    second = add_entries("lab", xanes=tables[1], progress=False)
    assert (first.spectra, second.spectra, second.reused) == (2, 3, 2)
    index = Index.open("lab")
    for row in range(len(before)):
        assert index.chunk(np.array([row])).to_bytes() == before.chunk(np.array([row])).to_bytes()
    again = add_entries("lab", xanes=tables, progress=False)
    files = Index.open("lab").manifest.files
    assert (again.spectra, files["spectra.arrow"]) == (3, index.manifest.files["spectra.arrow"])
    together = build_parquet(
        [structures, *tables], "other", workers=1, measured_cells=False, shipped_spectra=False, progress=False
    )
    assert together.failures == again.failures


def test_spectra_alone_are_told_where_to_go(xsearch_home: Path, tables: list[Path]) -> None:
    with pytest.raises(BuildError, match="xsearch build add lab --xanes"):
        build_parquet(tables, "lab", progress=False)
