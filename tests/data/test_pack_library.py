"""Adding computed sites to the library that comes with xsearch."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xsearch.data.pack_library import STRUCTURE_COLUMNS, add_sites
from xsearch.data.shipped_library import SITES, STRUCTURES
from xsearch.preprocess.computed import feff_near_edge


def computed(material: str, formula: str, site: int, start_eV: float = 529.0) -> dict[str, object]:
    energy = start_eV + np.linspace(0, 55, 100)
    mu0 = 1.2 * (0.5 + np.arctan((energy - start_eV - 2.4) / 0.3) / np.pi)
    mu = mu0 * (1 + 0.4 * np.exp(-(((energy - start_eV - 6) / 2) ** 2)))
    return {
        "material_id": material, "reduced_formula": formula, "absorber": "O", "edge": "K", "site": site,
        "multiplicity": 1, "sites_complete": True, "energy": energy, "mu": mu, "mu0": mu0, "fermi": -5.0,
        "scf_converged": True, "natoms": 100, "code": "FEFF10", "cards": "SCF 5.0", "seconds": 1.0,
    }  # fmt: skip


@pytest.fixture
def packed(tmp_path: Path) -> tuple[Path, Path]:
    return Path(shutil.copy(SITES, tmp_path)), Path(shutil.copy(STRUCTURES, tmp_path))


def test_added_sites_stand_beside_those_that_are_packed(packed: tuple[Path, Path]) -> None:
    sites, cells = packed
    before, known = pd.read_parquet(sites), pd.read_parquet(cells)
    there = str(known.material_id[0])
    unconverged = computed("mp-none", "XO", 3) | {"scf_converged": False}
    new = pd.DataFrame([computed("mp-new", "MgO", 1), computed(there, "MgO", 0), unconverged])
    structures = known.head(1).assign(material_id="mp-new")[list(STRUCTURE_COLUMNS)]
    assert add_sites([new], structures, sites, cells) == "sites added: 2, structures: 1"
    after = pd.read_parquet(sites)
    old = after.merge(before, on=["material_id", "absorber", "edge", "site"], suffixes=("", "_before"))
    assert len(old) == len(before)
    for column in ("energy", "mu"):
        assert all(map(np.array_equal, old[column], old[f"{column}_before"]))
    (added,) = after[after.material_id == "mp-new"].to_dict("records")
    raw = new.iloc[0]
    energy, mu = feff_near_edge(raw.energy, raw.mu, raw.mu0, "O", "K")
    np.testing.assert_allclose(added["energy"], energy, atol=0.006)
    np.testing.assert_allclose(added["mu"].astype(float), mu, atol=2e-3)
    assert added["sample"] == "SCF 5.0"
    assert added["licence"] == "CC-BY-4.0"
    assert set(pd.read_parquet(cells).material_id) == {*known.material_id, "mp-new"}


def test_sites_that_are_packed_already_change_nothing(packed: tuple[Path, Path]) -> None:
    sites, cells = packed
    new = pd.DataFrame([computed("mp-new", "MgO", 1)])
    structures = pd.read_parquet(cells).head(1).assign(material_id="mp-new")
    add_sites([new], structures, sites, cells)
    content = sites.read_bytes()
    assert add_sites([new], structures, sites, cells) == "sites added: 0, structures: 0"
    assert sites.read_bytes() == content
