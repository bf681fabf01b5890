"""`xsearch query`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import SPECTRA, Xsearch
from xsearch.builders.aflow import AflowSource

RUTILE = SPECTRA / "rutile.xy"


def test_a_pattern_finds_its_crystal(xsearch: Xsearch, lab: Path) -> None:
    done = xsearch("query", RUTILE)
    assert done.exit_code == 0, done.stderr
    first = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["1"])
    assert "TiO2" in first
    assert "P4_2/mnm (136)" in first


def test_everything_that_was_asked_for_is_written(xsearch: Xsearch, lab: Path, tmp_path: Path) -> None:
    out = {name: tmp_path / f"out.{name}" for name in ("json", "png", "html")}
    words = ["--json", out["json"], "--plot", out["png"], "--html", out["html"], "--cifs", tmp_path / "hits"]
    done = xsearch("query", RUTILE, "--index", "lab", "--must", "Ti", "--may", "O", "--not", "Pb", "--top", 2, *words)
    assert done.exit_code == 0, done.stderr
    record = json.loads(out["json"].read_text(encoding="utf-8"))
    assert record["hits"][0]["formula"] == "TiO2"
    assert len(record["hits"]) <= 2
    assert out["png"].read_bytes().startswith(b"\x89PNG")
    assert out["html"].read_text(encoding="utf-8").startswith("<!doctype html>")
    assert len(list((tmp_path / "hits").glob("*.cif"))) == 2 * len(record["hits"])


def test_json_on_the_screen_is_nothing_but_json(xsearch: Xsearch, lab: Path) -> None:
    done = xsearch("query", RUTILE, "--only", "Ti,O", "--json", "-")
    hits = json.loads(done.stdout)["hits"]
    assert {element for hit in hits for element in hit["material"]["elements"]} <= {"Ti", "O"}


def test_exactly_and_prior_are_passed_on(xsearch: Xsearch, lab: Path) -> None:
    done = xsearch("query", RUTILE, "--exactly", "O Ti", "--prior", "none", "--json", "-")
    hits = json.loads(done.stdout)["hits"]
    assert hits
    assert all(set(hit["material"]["elements"]) == {"O", "Ti"} for hit in hits)


def test_several_files_give_several_answers(xsearch: Xsearch, lab: Path, tmp_path: Path) -> None:
    files = [RUTILE, SPECTRA / "mixture.xy"]
    done = xsearch("query", *files, "--json", tmp_path / "all.json", "--plot", tmp_path / "p.svg")
    assert done.exit_code == 0, done.stderr
    sources = [
        record["question"]["pattern"]["source"]
        for record in json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    ]
    assert sources == ["rutile.xy", "mixture.xy"]
    assert {path.name for path in tmp_path.glob("*.svg")} == {"p-rutile.svg", "p-mixture.svg"}


def test_a_bad_file_among_several_does_not_stop_the_others(xsearch: Xsearch, lab: Path, tmp_path: Path) -> None:
    done = xsearch("query", tmp_path / "none.xy", RUTILE)
    assert done.exit_code == 1
    assert "none.xy" in done.stderr
    assert "TiO2" in done.stdout


def test_a_missing_wavelength_says_how_to_give_it_and_one_word_does(xsearch: Xsearch, lab: Path) -> None:
    done = xsearch("query", SPECTRA / "corundum.csv")
    assert done.exit_code == 1
    assert "--wavelength" in done.stderr
    assert done.stderr.count("\n") == 1
    done = xsearch("query", SPECTRA / "corundum.csv", "--wavelength", "MoKa", "--only", "Al O")
    assert done.exit_code == 0
    assert "Al2O3" in done.stdout


def columns(x: np.ndarray, y: np.ndarray) -> str:
    return "".join(f"{a} {b}\n" for a, b in zip(x, y, strict=True))


LINE = np.linspace(10, 80, 1000)
BAD_FILES = {
    "empty.xy": "",
    "one_column.xy": "".join(f"{a}\n" for a in LINE),
    "text.xy": "It was a dark and stormy night.\n" * 50,
    "binary.xy": bytes(range(256)) * 40,
    "three_points.xy": columns(LINE[:3], LINE[:3]),
    "million.xy": columns(np.linspace(5, 90, 1_000_000), np.zeros(1_000_000)),
    "no_peak.xy": columns(LINE, np.full(1000, 100.0)),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_end_in_one_line(xsearch: Xsearch, lab: Path, tmp_path: Path, name: str) -> None:
    content = BAD_FILES[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = xsearch("query", path, "--wavelength", "CuKa")
    assert done.exit_code == 1, done.stdout
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.stderr.startswith("xsearch: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--only", "Xx"),
        ("--must", "Pb", "--not", "Pb"),
        ("--exactly", "Ti O", "--only", "Ti"),
        ("--index", "nowhere"),
        ("--wavelength", "900"),
        ("--plot", "out.bmp"),
    ],
)
def test_bad_conditions_end_in_one_line(xsearch: Xsearch, lab: Path, words: tuple[str, ...]) -> None:
    done = xsearch("query", RUTILE, *words)
    assert done.exit_code == 1
    assert done.stderr.startswith("xsearch: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_one_line(xsearch: Xsearch, lab: Path) -> None:
    done = xsearch("query", RUTILE, "--json", "/dev/full")
    assert done.exit_code == 1
    assert done.stderr == "xsearch: the disk is full; free some space and run the same command again.\n"


def test_an_altered_index_ends_in_one_line(xsearch: Xsearch, own_lab: Path) -> None:
    for path in own_lab.rglob("manifest.json"):
        path.write_text(path.read_text(encoding="utf-8")[:-100], encoding="utf-8")
    done = xsearch("query", RUTILE)
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_without_any_index_the_starter_index_is_built_and_said(
    xsearch: Xsearch, xsearch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xsearch.builders.builds.StarterSource", AflowSource)  # a thirtieth of it, made the same way
    done = xsearch("query", RUTILE, "--only", "Ti O")
    assert done.exit_code == 0, done.stderr
    assert "building the starter index" in done.stderr
    assert "TiO2" in done.stdout
    assert (xsearch_home / "indexes" / "starter").is_dir()


def test_a_mixture_is_taken_apart(xsearch: Xsearch, lab: Path, tmp_path: Path) -> None:
    words = [
        "--phases",
        3,
        "--json",
        tmp_path / "out.json",
        "--plot",
        tmp_path / "out.png",
        "--html",
        tmp_path / "o.html",
    ]
    done = xsearch("query", SPECTRA / "mixture.xy", *words)
    assert done.exit_code == 0, done.stderr
    assert "weight %" in done.stdout
    record = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    weights = [one["weight_fraction"] for one in record["mixtures"][1]["components"]]
    assert len(weights) == 2
    assert sum(weights) == pytest.approx(1)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_the_number_of_phases_can_be_left_to_the_search(xsearch: Xsearch, lab: Path) -> None:
    done = xsearch("query", SPECTRA / "mixture.xy", "--phases", "auto", "--json", "-")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["question"]["options"]["phases"] == 4


@pytest.mark.parametrize("wrong", ["0", "-2", "many", "1.5"])
def test_a_number_of_phases_that_is_none_is_refused(xsearch: Xsearch, lab: Path, wrong: str) -> None:
    done = xsearch("query", SPECTRA / "mixture.xy", "--phases", wrong)
    assert done.exit_code == 2
    assert "neither a number of phases" in done.stderr


def test_a_plain_query_loads_neither_pandas_nor_networks(lab: Path) -> None:
    heavy = ["pandas", "torch", "matplotlib", "sklearn"]
    code = (
        f"import sys; sys.argv = ['xsearch', 'query', {str(RUTILE)!r}]; import xsearch.cli\n"
        f"try:\n    xsearch.cli.main()\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', *[name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert "TiO2" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"
