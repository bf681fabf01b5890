"""`xsearch query --range`: near edge, EXAFS, or both."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Xsearch
from tests.exafs import scan


@pytest.fixture
def titanium(xsearch: Xsearch, own_lab: Path, tmp_path: Path) -> Path:
    """A folder with a long and a short scan; the index holds references that differ in their distances alone."""
    rows = [
        {"id": name, "element": "Ti", "edge": "K", "formula": formula, "energy": one.energy_eV, "mu": one.mu}
        for name, formula, one in (
            ("right", "TiO2", scan(absorber="Ti", e0_eV=4966.0)),
            ("wrong", "FeTiO3", scan(absorber="Ti", e0_eV=4966.0, oxygen_A=2.1, metal_A=3.3)),
            ("short", "Ti2O3", scan(absorber="Ti", e0_eV=4966.0, oxygen_A=2.05)),
        )
    ]
    rows[2]["energy"], rows[2]["mu"] = (rows[2][name][:160] for name in ("energy", "mu"))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "refs.parquet")
    assert xsearch("build", "add", "lab", "--spectra", tmp_path / "refs.parquet").exit_code == 0
    measured = scan(absorber="Ti", e0_eV=4966.0, sigma2_A2=0.006)
    whole = np.column_stack([measured.energy_eV, measured.mu])
    np.savetxt(tmp_path / "Ti_K_exafs.dat", whole, header="energy mu")
    np.savetxt(tmp_path / "Ti_K.dat", whole[:160], header="energy mu")
    return tmp_path


def answer(xsearch: Xsearch, folder: Path, *words: object) -> dict:  # type: ignore[type-arg]
    done = xsearch("query", *words, "--json", folder / "out.json", "--plot", folder / "out.png")
    assert done.exit_code == 0, done.stderr
    assert ("Ti K EXAFS" in done.stdout) == ("Ti K EXAFS" in (folder / "out.json").read_text(encoding="utf-8"))
    return json.loads((folder / "out.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_exafs_is_compared_and_said(xsearch: Xsearch, titanium: Path) -> None:
    record = answer(xsearch, titanium, titanium / "Ti_K_exafs.dat:Ti:K", "--range", "exafs")
    assert record["hits"][0]["formula"] == "TiO2"
    (match,) = record["hits"][0]["edges"]
    assert match["edge"] == "Ti K EXAFS"
    assert match["correlation"] > 0.98
    assert len(match["k_invA"]) == len(match["k2_chi"]) == len(match["measured_k2_chi"]) > 100
    assert match["debye_waller_A2"] in (0.0, 0.003)
    assert any("compared with that of 2 measured spectra" in note for note in record["notes"])
    assert {hit["formula"] for hit in record["hits"]} == {"TiO2", "TiFeO3"}
    described = set(Path("docs/json.md").read_text(encoding="utf-8").split("`"))
    assert match.keys() <= described


def test_auto_adds_exafs_to_the_near_edge(xsearch: Xsearch, titanium: Path) -> None:
    both = answer(xsearch, titanium, titanium / "Ti_K_exafs.dat:Ti:K")
    assert both["question"]["options"]["range"] == "auto"
    assert [match["edge"] for match in both["hits"][0]["edges"]] == ["Ti K", "Ti K EXAFS"]
    near = answer(xsearch, titanium, titanium / "Ti_K_exafs.dat:Ti:K", "--range", "xanes")
    assert [match["edge"] for match in near["hits"][0]["edges"]] == ["Ti K"]
    assert both["hits"][0]["score"] != near["hits"][0]["score"]


def test_a_short_scan_is_refused_for_exafs_and_searched_by_its_near_edge(xsearch: Xsearch, titanium: Path) -> None:
    done = xsearch("query", titanium / "Ti_K.dat:Ti:K", "--range", "exafs")
    assert done.exit_code == 1
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert "EXAFS needs 250 eV" in line
    record = answer(xsearch, titanium, titanium / "Ti_K.dat:Ti:K")
    assert [match["edge"] for match in record["hits"][0]["edges"]] == ["Ti K"]


def test_a_linear_combination_does_not_fit_exafs(xsearch: Xsearch, titanium: Path) -> None:
    done = xsearch("query", titanium / "Ti_K_exafs.dat:Ti:K", "--range", "exafs", "--phases", "auto")
    assert done.exit_code == 1
    assert "--range exafs or --phases" in done.stderr


def test_without_exafs_in_the_index_the_edge_is_refused(xsearch: Xsearch, own_lab: Path, tmp_path: Path) -> None:
    one = scan(absorber="Fe", e0_eV=7112.0)
    np.savetxt(tmp_path / "Fe.dat", np.column_stack([one.energy_eV, one.mu]), header="energy mu")
    done = xsearch("query", tmp_path / "Fe.dat:Fe:K", "--range", "exafs")
    assert done.exit_code == 1
    assert "holds no Fe K EXAFS; it has no EXAFS at all" in done.stderr
