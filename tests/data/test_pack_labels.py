"""Shipped near edges are labelled by the structures of their compounds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xsearch.data.pack_labels import labelled, lowest_structures
from xsearch.indexes.xanes_table import XanesTable
from xsearch.preprocess.xanes import WINDOW_POINTS


def table() -> XanesTable:
    """A computed spectrum of one structure, one of its sites, and a reference of its formula."""
    known = np.zeros((3, WINDOW_POINTS), bool)
    known[:, 5:-7] = True

    def texts(*values: str) -> np.ndarray:
        return np.array(values, object)

    return XanesTable(
        absorber="Co", edge="K", values=known * np.linspace(0, 1, WINDOW_POINTS, dtype=np.float32)[None], known=known,
        offset_eV=np.zeros(3, np.float32), elements=(frozenset({"Co", "O"}),) * 3,
        spectrum_id=texts("a", "b", "c"), material_id=texts("mp-1", "mp-1", ""),
        level=texts("material", "site", "material"),
        reduced_formula=texts("Co3O4", "Co3O4", "Co3O4"), kind=texts("simulated", "simulated", "measured"),
        code=texts("FEFF10", "FEFF10", "beamline"), source=texts("x", "x", "y"), licence=texts("", "", ""),
    )  # fmt: skip


def sites() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "material_id": ["mp-1", "mp-1", "mp-1"],
            "element": ["Co", "Co", "O"],
            "multiplicity": [2, 4, 8],
            "cn": [4, 6, 4],
            "ocn": [4, 6, 0],
            "oxidation_state": [2.0, 3.0, -2.0],
            "neighbor": ["O", "O", "Co"],
            "mnnd_A": [1.95, 1.92, 1.93],
        }
    )


def test_labels_are_shares_of_the_absorbers_and_sites_alone_are_left_out() -> None:
    found = labelled([table()], sites(), {"Co3O4": "mp-1"})
    assert found.spectrum_id.tolist() == ["a", "c"]
    for row in found.itertuples():
        assert dict(zip(row.cn_values, row.cn_shares, strict=True)) == {4: 0.3333, 6: 0.6667}
        assert dict(zip(row.oxidation_state_values, row.oxidation_state_shares, strict=True)) == {2: 0.3333, 3: 0.6667}
        assert row.neighbor_z_values == [8]
        assert row.ocn_values == [4, 6]
        assert abs(row.mnnd_A - 1.93) < 1e-6
        assert row.first == 5
        assert len(row.values) == WINDOW_POINTS - 12


def test_a_reference_without_a_structure_is_left_out() -> None:
    assert labelled([table()], sites(), {}).spectrum_id.tolist() == ["a"]


def test_a_state_that_is_no_class_is_not_known() -> None:
    fractional = sites().assign(oxidation_state=[2.5, 3.0, -2.0])
    (first, _) = labelled([table()], fractional, {"Co3O4": "mp-1"}).itertuples()
    assert first.oxidation_state_values == []


def test_the_lowest_structure_stands_for_its_formula(tmp_path) -> None:  # type: ignore[no-untyped-def]
    structures = pd.DataFrame(
        {
            "material_id": ["high", "unknown", "low"],
            "reduced_formula": ["TiO2"] * 3,
            "energy_above_hull": [0.2, np.nan, 0.0],
        }
    )
    structures.to_parquet(tmp_path / "s.parquet")
    assert lowest_structures(tmp_path / "s.parquet") == {"TiO2": "low"}
