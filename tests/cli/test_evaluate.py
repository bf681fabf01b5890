"""`xsearch evaluate`."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import SPECTRA, Xsearch
from xsearch.builders.aflow import AflowSource
from xsearch.spectra import read

PAIRED = {"rutile.xy": "aflow-A2B_tP6_136_f_a", "corundum.csv": "aflow-A2B3_hR10_167_c_e"}


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """The example patterns with the crystals that they were made from."""
    source = AflowSource()
    crystals = {
        item.item_id: source.process(item).crystal for item in source.items() if item.item_id in PAIRED.values()
    }
    rows = []
    for name, label in PAIRED.items():
        pattern = read(SPECTRA / name, wavelength="MoKa" if name == "corundum.csv" else None)
        rows.append(
            {
                "label": name,
                "single_phase": True,
                "wavelength": pattern.wavelength_A,
                "two_theta": pattern.two_theta_deg.tolist(),
                "intensity": pattern.intensity.tolist(),
                "structure_json": crystals[label].to_structure().to_json(),
            }
        )
    path = tmp_path / "labelled.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("told", ["none", "subset", "exact"])
def test_right_answers_are_counted(xsearch: Xsearch, lab: Path, labelled: Path, told: str) -> None:
    done = xsearch("evaluate", "pxrd", labelled, "--index", "lab", "--given", told, "--json", "-")
    assert done.exit_code == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["n"], figures["answerable"]) == (2, 2)
    assert figures["top1"] == figures["top5"] == figures["top10"] == figures["top50"] == 1.0
    assert 0 < figures["latency_ms_p50"] <= figures["latency_ms_p95"]


def test_figures_as_a_table(xsearch: Xsearch, lab: Path, labelled: Path) -> None:
    text = xsearch("evaluate", "pxrd", labelled, "--index", "lab").stdout
    assert "100.0 %" in text


def test_a_table_of_other_columns_is_one_line(xsearch: Xsearch, lab: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    done = xsearch("evaluate", "pxrd", tmp_path / "other.parquet", "--index", "lab")
    assert done.exit_code == 1
    assert "two_theta" in done.stderr
    assert done.stderr.count("\n") == 1
