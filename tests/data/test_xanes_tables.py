"""XAS tables from Parquet: what is read, averaged, refused, and found again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xsearch.data.xanes_tables import make_tables, read_spectra
from xsearch.errors import BuildError

ENERGY = np.arange(8950.0, 9100.0, 0.5)


def copper(white_line: float, shift_eV: float = 0.0) -> np.ndarray:
    x = ENERGY - 8990 - shift_eV
    return (
        0.5 + np.arctan(x / 1.5) / np.pi + white_line * np.exp(-(((x - 8) / 4) ** 2)) + 0.05 * np.sin(x / 6) * (x > 5)
    )


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    rows = [
        ("a1", "mp-1", "CuO", 0.0, 0.2), ("a2", "mp-1", "CuO", 1.0, 0.6),
        ("b1", "mp-2", "Cu2O", 0.0, 0.9), ("c1", "mp-3", "CuS", 0.0, -0.1),
    ]  # fmt: skip
    table = pd.DataFrame(
        {
            "id": [r[0] for r in rows],
            "material_id": [r[1] for r in rows],
            "reduced_formula": [r[2] for r in rows],
            "site_index": [r[3] for r in rows],
            "site_multiplicity": [3.0, 1.0, 1.0, 1.0],
            "absorber": "Cu",
            "edge": "K",
            "code": "FEFF9",
            "energy": [ENERGY] * 4,
            "mu": [copper(r[4]) for r in rows],
        }
    )
    table.to_parquet(tmp_path / "simulated.parquet")
    return tmp_path / "simulated.parquet"


def test_sites_of_a_material_get_their_weighted_mean(simulated: Path) -> None:
    spectra, _ = read_spectra(simulated)
    assert [s.level for s in spectra] == ["site"] * 4 + ["material"]
    mean = spectra[-1]
    wanted = 0.75 * copper(0.2) + 0.25 * copper(0.6)
    assert mean.material_id == "mp-1"
    assert np.abs(np.interp(ENERGY, mean.energy_eV, mean.mu) - wanted).max() < 0.02


def test_tables_know_elements(simulated: Path) -> None:
    (table,), failed = make_tables(read_spectra(simulated)[0])
    assert failed == []
    assert table.elements[0] == {"Cu", "O"}
    assert list(table.material_id) == ["mp-1", "mp-1", "mp-2", "mp-3", "mp-1"]


def test_unreadable_spectrum_is_a_row_with_its_reason(simulated: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(simulated)
    table["mu"] = [np.ones_like(ENERGY), *list(table.mu[1:])]
    table.to_parquet(tmp_path / "flat.parquet")
    sites = [s for s in read_spectra(tmp_path / "flat.parquet")[0] if s.level == "site"]
    tables, failed = make_tables(sites)
    assert len(tables[0]) == 3
    assert failed[0][0] == "a1"
    assert "No absorption edge" in failed[0][1]


def test_a_row_marked_as_doubtful_is_left_out_with_its_reason(simulated: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(simulated)
    table["suspect"] = [False, False, True, False]
    table.to_parquet(tmp_path / "marked.parquet")
    spectra, failed = read_spectra(tmp_path / "marked.parquet")
    assert "b1" not in {s.spectrum_id for s in spectra}
    assert [(name, "suspect" in reason) for name, reason in failed] == [("b1", True)]


def test_other_table_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(BuildError, match="no table of spectra"):
        read_spectra(tmp_path / "other.parquet")
