"""`xsearch cell`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Xsearch

RUTILE = Path(__file__).resolve().parents[2] / "examples" / "spectra" / "rutile.xy"


def test_the_cell_of_rutile_is_found_and_told(xsearch: Xsearch) -> None:
    done = xsearch("cell", RUTILE, "--wavelength", "CuKa", "--top", "3", "--json", "-")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "cell found"
    assert len(answer["cells"]) == 3
    best = answer["cells"][0]
    assert (best["lattice"], best["centring"], best["likely"]) == ("tetragonal", "P", True)
    assert best["a_A"] == pytest.approx(4.60, abs=0.02)
    assert best["c_A"] == pytest.approx(2.96, abs=0.02)
    table = xsearch("cell", RUTILE, "--wavelength", "CuKa").stdout
    assert "tetragonal P" in table
    assert "cell found" in table


def test_edges_have_no_cell(xsearch: Xsearch, tmp_path: Path) -> None:
    (tmp_path / "cu.dat").write_text("hello\n", encoding="utf-8")
    done = xsearch("cell", tmp_path / "cu.dat", "--wavelength", "CuKa")
    assert done.exit_code == 1
    assert done.stderr.startswith("xsearch: ")
    assert len(done.stderr.strip().splitlines()) == 1
