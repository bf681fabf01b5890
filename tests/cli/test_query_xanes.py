"""`xsearch query` with XANES spectra."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import SPECTRA, Xsearch
from tests.search.test_xanes_search import curve


@pytest.fixture
def edges(xsearch: Xsearch, own_lab: Path, tmp_path: Path) -> Path:
    """A folder with two measured edges; the index holds a reference of each, and one computed for rutile."""
    for name, absorber, seed in (("Fe_K.dat", "Fe", 5), ("Ti_K.dat", "Ti", 1)):
        np.savetxt(tmp_path / name, np.column_stack(curve(seed, absorber)), header="energy mu")
    rows = [
        {"id": "pyrite", "element": "Fe", "edge": "K", "formula": "FeS2", "energy": curve(5)[0], "mu": curve(5)[1]},
        {"id": "anatase", "element": "Ti", "edge": "K", "formula": "TiO2", "energy": curve(1, "Ti")[0]}
        | {"mu": curve(1, "Ti")[1]},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "refs.parquet")
    assert xsearch("build", "add", "lab", "--spectra", tmp_path / "refs.parquet").exit_code == 0
    return tmp_path


def test_a_spectrum_is_recognised_and_finds_its_compound(xsearch: Xsearch, edges: Path) -> None:
    words = [
        "--json",
        edges / "out.json",
        "--plot",
        edges / "out.png",
        "--html",
        edges / "o.html",
        "--cifs",
        edges / "c",
    ]
    done = xsearch("query", edges / "Fe_K.dat", "--only", "Fe,S", *words)
    assert done.exit_code == 0, done.stderr
    assert "Fe K edge" in done.stdout
    record = json.loads((edges / "out.json").read_text(encoding="utf-8"))
    assert record["hits"][0]["formula"] == "FeS2"
    assert record["hits"][0]["edges"][0]["kind"] == "measured"
    assert (edges / "out.png").read_bytes().startswith(b"\x89PNG")
    assert len(list((edges / "c").glob("*.cif"))) == len(record["hits"])


def test_a_pattern_and_an_edge_are_searched_together(xsearch: Xsearch, edges: Path) -> None:
    done = xsearch("query", SPECTRA / "rutile.xy", "--xanes", f"{edges / 'Ti_K.dat'}:Ti:K", "--json", "-")
    assert done.exit_code == 0, done.stderr
    record = json.loads(done.stdout)
    assert (record["question"]["pattern"]["source"], record["question"]["edges"][0]["absorber"]) == ("rutile.xy", "Ti")
    assert record["hits"][0]["formula"] == "TiO2"
    assert "Ti K" in record["hits"][0]["evidence"]["edges"]


def test_an_edge_is_taken_apart(xsearch: Xsearch, edges: Path) -> None:
    mixed = (curve(5)[0], 0.6 * curve(5)[1] + 0.4 * curve(9)[1])
    np.savetxt(edges / "mixed.dat", np.column_stack(mixed), header="energy mu")
    rows = [{"id": "other", "element": "Fe", "edge": "K", "formula": "Fe8N", "energy": curve(9)[0], "mu": curve(9)[1]}]
    pq.write_table(pa.Table.from_pylist(rows), edges / "more.parquet")
    assert xsearch("build", "add", "lab", "--spectra", edges / "more.parquet").exit_code == 0
    words = ["--phases", "auto", "--json", edges / "out.json", "--plot", edges / "out.png"]
    done = xsearch("query", f"{edges / 'mixed.dat'}:Fe:K", *words)
    assert done.exit_code == 0, done.stderr
    assert ("fraction %" in done.stdout, "R factor" in done.stdout) == (True, True)
    best = json.loads((edges / "out.json").read_text(encoding="utf-8"))["mixtures"][1]
    assert [one["formula"] for one in best["components"]] == ["FeS2", "Fe8N"]
    assert best["components"][0]["fraction"] == pytest.approx(0.6, abs=0.03)
    assert (edges / "out.png").read_bytes().startswith(b"\x89PNG")


def test_edges_of_a_file_may_be_said_and_several_files_are_several_samples(xsearch: Xsearch, edges: Path) -> None:
    done = xsearch("query", f"{edges / 'Fe_K.dat'}:Fe", f"{edges / 'Ti_K.dat'}:Ti:K")
    assert done.exit_code == 0, done.stderr
    assert ("FeS2" in done.stdout, "TiO2" in done.stdout) == (True, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{Fe}:Xx:K"], "Unknown absorber"),
        (["{Fe}:Q9"], "an absorber and an edge are expected"),
        (["{Fe}:Cu:K"], "outside the measured energies"),
        (["{pxrd}", "{Fe}", "--xanes", "{Ti}"], "--xanes belongs to one sample"),
        (["{pxrd}", "--phases", "2", "--xanes", "{Ti}"], "cannot be joined with --xanes"),
        (["{Fe}", "--phases", "2", "--xanes", "{Ti}"], "cannot be joined with --xanes"),
        (["{Fe}", "--xanes", "{Fe}"], "given 2 times"),
        (["{pxrd}", "--xanes", "{pxrd}"], "the absorption has no clear rise"),
        (["{Fe}", "--only", "Ti,O"], "Fe absorbs in the given spectra"),
    ],
)
def test_what_cannot_be_asked_ends_in_one_line(xsearch: Xsearch, edges: Path, words: list[str], told: str) -> None:
    named = {"Fe": edges / "Fe_K.dat", "Ti": edges / "Ti_K.dat", "pxrd": SPECTRA / "rutile.xy"}
    done = xsearch("query", *(word.format(**named) for word in words))
    assert done.exit_code == 1
    assert done.stderr.startswith("xsearch: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
