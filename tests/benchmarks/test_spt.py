"""Which spectra both kinds of SPT are compared on, and what they split them into."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.spt import bands_of, chosen_spectra
from xsearch.models.spt import Spt
from xsearch.models.spt_folded import SptFolded
from xsearch.models.xastruct import XaStruct


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [
        {"absorber": "Cu", "edge": "K", "material_id": f"m{k // 2}", "site_index": float(k % 2), "energy": [0.0],
         "mu": [0.0], "reduced_formula": f"CuO{k // 4}"}
        for k in range(40)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(tmp_path / "sites.parquet")
    return tmp_path / "sites.parquet"


def test_all_spectra_of_a_formula_are_chosen_and_fewer_are_among_more(table: Path) -> None:
    few, more = chosen_spectra(table, 9), chosen_spectra(table, 20)
    assert (few.reduced_formula.value_counts() == 4).all()
    assert (len(few), len(more)) == (12, 20)
    assert set(few.id) < set(more.id)


def test_bands_are_periods_in_order() -> None:
    for network in (Spt(), SptFolded()):
        periods = [*bands_of(network).values()]
        assert len(periods) == 4
        assert periods == sorted(periods)
        assert all(0.3 < period < 200 for period in periods)
    assert bands_of(XaStruct()) == {}
    assert np.isfinite(periods).all()
