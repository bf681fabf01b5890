"""`xsearch infer`, `simulate xanes` and the evaluations of both."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.conftest import Xsearch
from tests.crystals import rock_salt, rutile
from xsearch.chemistry.crystal import cell_parameters
from xsearch.data.simulated_measurements import augmented_pattern


@pytest.fixture
def bromide(tmp_path: Path) -> Path:
    """A pattern of cubic RbBr."""
    crystal = rock_salt("Rb", "Br", 6.85)
    pattern = augmented_pattern(crystal, 1)
    path = tmp_path / "rbbr.xy"
    np.savetxt(path, np.column_stack([pattern.two_theta_deg, pattern.intensity]))
    return path


def test_a_compound_in_no_index_is_inferred_from_the_command_line(
    xsearch: Xsearch, lab: Path, bromide: Path, tmp_path: Path
) -> None:
    done = xsearch("infer", bromide, "--exactly", "rb,br", "-w", 1.54184, "--json", "-", "--cifs", tmp_path / "out")
    assert done.exit_code == 0, done.output
    first = json.loads(done.stdout)["candidates"][0]
    assert (first["formula"], first["space_group"], first["inferred"]) == ("RbBr", 225, True)
    assert list((tmp_path / "out").glob("*.cif"))


def test_what_nothing_explains_ends_with_code_one_and_one_line(xsearch: Xsearch, lab: Path, tmp_path: Path) -> None:
    pattern = augmented_pattern(rutile(), 1)
    np.savetxt(tmp_path / "rutile.xy", np.column_stack([pattern.two_theta_deg, pattern.intensity]))
    done = xsearch("infer", tmp_path / "rutile.xy", "--only", "Cs Au I", "-w", 1.54184)
    assert done.exit_code == 1
    assert "No substituted template explains the pattern" in done.stderr
    assert "no confident match" in done.stdout


def test_a_query_lists_hits_and_what_was_inferred_beside_them(
    xsearch: Xsearch, lab: Path, bromide: Path, tmp_path: Path
) -> None:
    words = ["-w", 1.54184, "--exactly", "Rb,Br", "--infer"]
    done = xsearch("query", bromide, *words, "--json", tmp_path / "out.json", "--cifs", tmp_path / "cifs")
    assert done.exit_code == 0, done.output
    assert "inferred:RbBr:" in done.stdout
    record = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert record["hits"] == []
    assert {(row["kind"], row["formula"]) for row in record["ranking"]} >= {("inferred", "RbBr")}
    assert list((tmp_path / "cifs" / "inferred").glob("*.cif"))
    assert not list((tmp_path / "cifs").glob("*.cif"))


@pytest.mark.parametrize("words", [["--infer"], ["--infer", "--only", "Rb,Br", "--phases", "2"]])
def test_what_cannot_be_inferred_from_is_told_in_one_line(
    xsearch: Xsearch, lab: Path, bromide: Path, words: list[str]
) -> None:
    done = xsearch("query", bromide, "-w", 1.54184, *words)
    assert done.exit_code == 1
    assert "infer" in done.stderr.lower()
    assert done.stderr.count("\n") == 1


def test_a_question_that_cannot_be_understood_is_told_in_one_line(xsearch: Xsearch, lab: Path) -> None:
    done = xsearch("infer", "--exactly", "Rb,Br", "--oxidation", "Rb:1")
    assert done.exit_code == 1
    assert "Mn=3" in done.stderr


def test_evaluations_print_their_figures(xsearch: Xsearch, lab: Path, tmp_path: Path) -> None:
    crystal = rock_salt("Rb", "Br", 6.85)
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    row = dict(zip(names, cell_parameters(crystal.lattice_A), strict=True)) | {
        "material_id": "x-1", "species": ["Rb", "Br"], "frac_coords": crystal.frac_coords.ravel().tolist(),
        "crystal_system": "cubic",
    }  # fmt: skip
    pd.DataFrame([row]).to_parquet(tmp_path / "one.parquet")
    done = xsearch("evaluate", "inference", tmp_path / "one.parquet", "--json", "-")
    report = json.loads(done.stdout)
    wanted = "n formula_system_top1 formula_top1 structure_top1 structure_top5 template_exists seconds_p95"
    assert set(wanted.split()) <= set(report)
    assert report["formula_system_top1"] == 1.0
    bad = xsearch("evaluate", "forward", tmp_path / "one.parquet", "--json", "-")
    assert bad.exit_code == 1
    assert "columns" in bad.stderr
