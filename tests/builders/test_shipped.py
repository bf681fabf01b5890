"""Shipped spectra in the indexes of whose entries they are."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import scipy.ndimage

from tests.xas_tables import simulated, write
from xsearch.builders import build_parquet
from xsearch.builders.shipped import ShippedSpectra
from xsearch.builders.xas_source import XasSource
from xsearch.data.shipped_library import STRUCTURES, ShippedLibrary, shipped_materials
from xsearch.data.xas_tables import XasTables, spectrum_of_rows
from xsearch.indexes import Index
from xsearch.search import open_index
from xsearch.spectra.xanes import Xanes
from xsearch.xas.library import EdgeLibraries


@pytest.fixture(scope="module")
def iron() -> pa.Table:
    """The shipped structures of which an iron edge was computed."""
    wanted = {
        rows[0]["material_id"]
        for rows in ShippedLibrary(shipped_materials()).spectra.values()
        if rows[0]["absorber"] == "Fe" and rows[0]["material_id"]
    }
    table = pq.read_table(STRUCTURES)
    return table.filter(pc.is_in(table.column("material_id"), pa.array(sorted(wanted))))


def test_an_index_of_the_materials_project_gets_those_of_its_entries(
    xsearch_home: Path, tmp_path: Path, iron: pa.Table
) -> None:
    pq.write_table(iron, tmp_path / "iron.parquet")
    made = build_parquet(tmp_path / "iron.parquet", "iron", workers=1, measured_cells=False, progress=False)
    index = Index.open("iron")
    assert made.failures == 0
    table = index.xanes["Fe", "K"]
    assert set(table.material_id[table.kind == "simulated"]) == set(iron.column("material_id").to_pylist())
    assert (table.kind == "measured").sum() >= 15
    searched = EdgeLibraries(index).of("Fe", "K").spectra
    assert set(searched.level) == {"material"}  # a measurement is the mean over sites
    assert len(searched) == (table.level == "material").sum() < len(table)
    counts = index.info()["edges"]["Fe K"]
    assert counts["simulated by FEFF10"] == iron.num_rows
    assert counts["measured"] == (table.kind == "measured").sum()
    assert set(index.xanes["Sr", "K"].kind) == {"measured"}
    without = build_parquet(
        tmp_path / "iron.parquet", "bare", workers=1, measured_cells=False, shipped_spectra=False, progress=False
    )
    assert without.spectra == 0


def test_an_oxygen_edge_leads_to_its_oxide(xsearch_home: Path, tmp_path: Path) -> None:
    oxides = {
        name: rows
        for name, rows in ShippedLibrary(shipped_materials()).spectra.items()
        if (rows[0]["absorber"], rows[0]["edge"]) == ("O", "K") and spectrum_of_rows(name, rows).level == "material"
    }
    assert len(oxides) >= 15
    spectra = [spectrum_of_rows(name, rows) for name, rows in sorted(oxides.items())]
    wanted = pa.array(sorted({one.material_id for one in spectra}))
    table = pq.read_table(STRUCTURES)
    pq.write_table(table.filter(pc.is_in(table.column("material_id"), wanted)), tmp_path / "oxides.parquet")
    build_parquet(tmp_path / "oxides.parquet", "oxides", workers=1, measured_cells=False, progress=False)
    index = open_index("oxides")
    found = []
    for number, one in enumerate(spectra[::3]):
        energy_eV = np.arange(one.energy_eV[0] + 15, one.energy_eV[-1], 0.2)
        mu = scipy.ndimage.gaussian_filter1d(np.interp(energy_eV + 1.0, one.energy_eV, one.mu), 3)
        mu += np.random.default_rng(number).normal(0, 0.01, len(mu))
        found.append(index.search(xanes=Xanes(energy_eV, mu, "O", "K", "scan")).hits[0].formula == one.reduced_formula)
    assert np.mean(found) > 0.8


def test_an_index_of_other_crystals_gets_none(xsearch_home: Path, tmp_path: Path, iron: pa.Table) -> None:
    renamed = iron.set_column(0, "material_id", pa.array([f"lab-{i}" for i in range(iron.num_rows)]))
    pq.write_table(renamed, tmp_path / "lab.parquet")
    assert build_parquet(tmp_path / "lab.parquet", "lab", workers=1, measured_cells=False, progress=False).spectra == 0


def test_a_spectrum_that_the_user_gives_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    name, rows = next(iter(ShippedLibrary(shipped_materials()).spectra.items()))
    mine = XasSource(XasTables((write(tmp_path / "mine.parquet", simulated("mp-1", 0.2, id=name)),)))
    items = [item for item in ShippedSpectra.of_entries(shipped_materials(), mine).items() if item.item_id == name]
    assert [item.payload[0]["source"] for item in items] == ["made"]
    assert rows[0]["source"] != "made"
