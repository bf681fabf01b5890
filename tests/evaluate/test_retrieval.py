"""Retrieval among simulated spectra."""

from pathlib import Path

from tests.xas_tables import simulated, write
from xsearch.data.xanes_tables import read_spectra
from xsearch.evaluate.retrieval import EdgeErrors, evaluate_retrieval


def test_spectra_with_errors_find_their_material(tmp_path: Path) -> None:
    rows = [simulated(f"mp-{n}", white_line, site_index=0) for n, white_line in enumerate((0.2, 0.9, -0.1))]
    sites, _ = read_spectra(write(tmp_path / "simulated.parquet", *rows))
    (report,) = evaluate_retrieval(sites, queries=3, errors=EdgeErrors(noise=0.005))
    assert report.top1 == 1.0
    assert report.library == 3
