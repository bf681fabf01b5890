"""Ranking measured spectra by near edge, by EXAFS, and by both, on simulated scans of two laboratories."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.exafs import scan
from xsearch.evaluate.exafs import evaluate_exafs

DISTANCES = {"CuO": (1.95, 2.9), "Cu2O": (1.85, 3.0), "CuS": (2.1, 3.2)}


def write(path: Path, sources: tuple[str, ...]) -> Path:
    """Each compound once a laboratory, at another temperature."""
    rows = [
        {"id": f"{formula} {source}", "element": "Cu", "edge": "K", "formula": formula, "source": source}
        | {"energy": one.energy_eV, "mu_raw": one.mu, "usable_query": True, "suspect": False}
        for number, source in enumerate(sources)
        for formula, (oxygen, metal) in DISTANCES.items()
        for one in [scan(oxygen_A=oxygen, metal_A=metal, sigma2_A2=0.003 + 0.003 * number)]
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_exafs_tells_compounds_apart_and_says_how_many(tmp_path: Path) -> None:
    figures = evaluate_exafs(write(tmp_path / "two.parquet", ("one", "other")))
    assert (figures["n"], figures["compounds"], figures["edges"]) == (6, 3, 1)
    assert figures["exafs"]["top1"] == 1.0
    assert figures["auto"]["by_compound"] >= figures["xanes"]["by_compound"]


def test_no_spectrum_sees_its_own_source(tmp_path: Path) -> None:
    assert evaluate_exafs(write(tmp_path / "one.parquet", ("one",)))["n"] == 0
