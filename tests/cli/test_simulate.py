"""`xsearch simulate`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Xsearch
from tests.crystals import rutile
from xsearch.report.structures import cif_text


def written(tmp_path: Path) -> Path:
    path = tmp_path / "rutile.cif"
    path.write_text(cif_text(rutile(), 136), encoding="utf-8")
    return path


def test_the_strongest_lines_are_printed_and_the_rest_is_written(xsearch: Xsearch, tmp_path: Path) -> None:
    plot, profile = tmp_path / "rutile.png", tmp_path / "rutile.xy"
    done = xsearch("simulate", "pxrd", written(tmp_path), "--plot", plot, "--xy", profile, "--top", 3)
    assert done.exit_code == 0, done.stderr
    assert "TiO2, P4_2/mnm (136)" in done.stdout
    assert "100.0" in done.stdout
    assert plot.stat().st_size > 10_000
    assert "wavelength = 1.541871" in profile.read_text(encoding="utf-8")


def test_all_lines_as_json(xsearch: Xsearch, tmp_path: Path) -> None:
    done = xsearch("simulate", "pxrd", written(tmp_path), "--wavelength", "MoKa1", "--angles", 10, 40, "--json", "-")
    record = json.loads(done.stdout)
    assert record["space_group"] == 136
    assert all(10 <= line["two_theta_deg"] <= 40 for line in record["lines"])
    assert max(line["intensity"] for line in record["lines"]) == pytest.approx(100)


def test_bad_input_is_one_line(xsearch: Xsearch, tmp_path: Path) -> None:
    (tmp_path / "text.cif").write_text("not a cif", encoding="utf-8")
    for words in ((tmp_path / "none.cif",), (tmp_path / "text.cif",), (written(tmp_path), "--wavelength", "Cupid")):
        done = xsearch("simulate", "pxrd", *words)
        assert done.exit_code == 1
        assert done.stderr.startswith("xsearch: ")
        assert done.stderr.count("\n") == 1
