"""Spectra that FEFF computes, for an index and into a table."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.builders.test_predicted import rocksalt
from tests.simulate.test_feff import QUICK, needs_feff10
from xsearch.builders import build_cif
from xsearch.builders.add import add_entries
from xsearch.builders.computed import add_computed, compute_table, read_edges
from xsearch.errors import BuildError
from xsearch.indexes import Index
from xsearch.options import Range
from xsearch.preprocess.exafs import R_GRID_A, fourier
from xsearch.xas.library import EdgeLibraries


@pytest.fixture
def oxides(xsearch_home: Path, tmp_path: Path) -> str:
    """An index of two oxides."""
    for cation, a in (("Ni", 4.18), ("Mg", 4.21)):
        (tmp_path / "crystals").mkdir(exist_ok=True)
        rocksalt(cation, a).to(tmp_path / "crystals" / f"{cation}O.cif")
    build_cif(tmp_path / "crystals", "oxides", licence="CC0-1.0", workers=1, progress=False)
    return "oxides"


@needs_feff10
def test_entries_get_computed_spectra_once(oxides: str, tmp_path: Path) -> None:
    done, built = add_computed(oxides, ["Ni"], settings=QUICK, workers=1, progress=False)
    assert (done.sites, done.failures, done.known) == (1, 0, 0)
    assert built is not None
    found = Index.open(oxides).spectra(Index.open(oxides).row_of("NiO"))
    assert {(s.level, s.kind, s.code, s.licence, s.edge) for s in found} == {
        ("site", "simulated", "FEFF10", "CC0-1.0", "K"), ("material", "simulated", "FEFF10", "CC0-1.0", "K"),
    }  # fmt: skip
    assert found[0].mu[-20:].mean() == pytest.approx(1.0, abs=0.15)
    with pytest.raises(BuildError, match="Nothing to compute"):
        add_computed(oxides, ["Ni"], settings=QUICK, progress=False)
    build_cif(tmp_path / "crystals", "again", licence="CC0-1.0", workers=1, progress=False)
    done, built = add_computed("again", ["Ni"], settings=QUICK, workers=1, progress=False)
    assert (done.sites, done.known, built is not None) == (0, 1, True)  # what was computed serves every index


@needs_feff10
def test_a_list_becomes_a_table_that_a_later_call_goes_on_with(tmp_path: Path) -> None:
    rows = []
    for name, crystal in (("mp-1", rocksalt("Ni", 4.18)), ("mp-2", rocksalt("Mg", 4.21))):
        cell = dict(zip("a b c alpha beta gamma".split(), crystal.lattice.parameters, strict=True))
        species = [site.specie.symbol for site in crystal]
        rows.append({"material_id": name, **cell, "species": species, "frac_coords": crystal.frac_coords.ravel()})
    pd.DataFrame(rows).to_parquet(tmp_path / "cells.parquet")
    wanted = tmp_path / "edges.json"
    wanted.write_text(json.dumps([["mp-1", "Ni", "K"], ["mp-2", "Mg", "K"]]), encoding="utf-8")
    options = {"settings": QUICK, "workers": 1, "progress": False}
    stopped = compute_table(wanted, tmp_path / "out.parquet", tmp_path / "cells.parquet", hours=1e-9, **options)
    assert (stopped.sites, stopped.left) == (0, 2)
    first = compute_table(wanted, tmp_path / "out.parquet", tmp_path / "cells.parquet", limit=1, **options)
    assert (first.sites, first.left) == (1, 0)
    second = compute_table(wanted, tmp_path / "out.parquet", tmp_path / "cells.parquet", **options)
    assert (second.sites, second.known) == (1, 1)
    table = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert table[["material_id", "absorber", "multiplicity", "sites_complete"]].values.tolist() == [
        ["mp-1", "Ni", 4, True], ["mp-2", "Mg", 4, True],
    ]  # fmt: skip
    assert np.diff(table.energy[0]).min() > 0


@needs_feff10
def test_a_site_that_fails_is_counted_and_told(oxides: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = replace(QUICK, core_hole="NONSENSE -1 -1")
    done, built = add_computed(oxides, ["Ni"], settings=wrong, workers=1)
    assert (done.sites, done.failures, built) == (0, 1, None)
    assert "FEFF ended with code 1" in capsys.readouterr().err


def test_a_list_of_edges_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "edges.json"
    with pytest.raises(BuildError, match="no such file"):
        read_edges(path)
    path.write_text('[["mp-1", "Xx", "K"]]', encoding="utf-8")
    with pytest.raises(BuildError, match="Unknown absorber"):
        read_edges(path)


@needs_feff10
def test_exafs_that_feff_computes_is_compared_with_measured_exafs(oxides: str, tmp_path: Path) -> None:
    crystal = rocksalt("Ni", 4.18)
    cell = dict(zip("a b c alpha beta gamma".split(), crystal.lattice.parameters, strict=True))
    species = [site.specie.symbol for site in crystal]
    name = Index.open(oxides).material(Index.open(oxides).row_of("NiO")).material_id
    row = {"material_id": name, **cell, "species": species, "frac_coords": crystal.frac_coords.ravel()}
    pd.DataFrame([row]).to_parquet(tmp_path / "cells.parquet")
    (tmp_path / "edges.json").write_text(json.dumps([[name, "Ni", "K"]]), encoding="utf-8")
    table = tmp_path / "exafs.parquet"
    with pytest.raises(BuildError, match="one range"):
        compute_table(tmp_path / "edges.json", table, tmp_path / "cells.parquet", range=Range.AUTO)
    done = compute_table(
        tmp_path / "edges.json", table, tmp_path / "cells.parquet", range=Range.EXAFS, workers=1, progress=False
    )
    assert done.sites == 1
    add_entries(oxides, xanes=table, progress=False)
    library = EdgeLibraries(Index.open(oxides)).of("Ni", "K", exafs=True)
    assert library.exafs is not None
    assert len(library) == 1, "the site gives way to the mean of its material"
    shells = np.abs(fourier(library.exafs.k2_chi[0], 3.0, 12.0))
    # without the phase correction a shell lies 0.3 to 0.5 Å too near: oxygen at 2.09 Å, nickel at 2.96 Å
    highest = R_GRID_A[np.argmax(shells * ((R_GRID_A > 1.0) & (R_GRID_A < 4.0)))]
    assert 1.4 < highest < 2.9
