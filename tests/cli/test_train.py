"""`xsearch train`, and what takes its weights."""

import json
from pathlib import Path

from tests.cli.conftest import Xsearch
from tests.cli.test_predict import copper_edge
from tests.training.oxides import write_table


def test_weights_go_from_training_to_prediction_and_evaluation(xsearch: Xsearch, tmp_path: Path) -> None:
    table, out = write_table(tmp_path / "spectra.parquet"), tmp_path / "mine"
    labels = ("--labels", tmp_path / "labels.parquet", "--workers", 1)
    done = xsearch("train", "spt", table, "--folds", 2, "--epochs", 2, *labels, "--out", out, "--json", "-")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["n"] == 18
    edge = copper_edge(tmp_path / "cu.dat")
    drawing = ("--plot", tmp_path / "why.png", "--answer", "mnnd_A")
    done = xsearch("predict", edge, "--absorber", "Cu", "--weights", out, *drawing, "--json", "-")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)["site"]["unfamiliar"]
    assert not any("No Cu K edge" in reason for reason in told)
    assert (tmp_path / "why.png").stat().st_size > 5000
    done = xsearch("evaluate", "descriptors", table, "--weights", out, *labels, "--json", "-")
    found = json.loads(done.stdout)
    assert found["n_formulas_in_training"] == 6
    assert "flatter" in found["note"]
    evaluate = ("evaluate", "descriptors", table, "--weights", out, *labels, "--json", "-", "--given")
    assert json.loads(xsearch(*evaluate, "formula").stdout)["mnnd_mae"] != found["mnnd_mae"]
    assert xsearch(*evaluate, "some").exit_code == 2


def test_properties_are_told_with_the_elements(xsearch: Xsearch, tmp_path: Path) -> None:
    edge = copper_edge(tmp_path / "cu.dat")
    done = xsearch("predict", edge, "--absorber", "Cu", "--elements", "Cu,O", "--json", "-")
    assert "density_g_cm3" in json.loads(done.stdout)["properties"]
    assert json.loads(xsearch("predict", edge, "--absorber", "Cu", "--json", "-").stdout)["properties"] is None


def test_mistakes_end_in_one_line(xsearch: Xsearch, tmp_path: Path) -> None:
    for words in (
        ("train", "spt", "--out", tmp_path / "x"),
        ("train", "spt", tmp_path / "none.parquet", "--out", tmp_path / "x"),
        ("train", "xastruct", tmp_path / "none.parquet", "--out", tmp_path / "x", "--device", "abacus"),
        ("train", "specfusion", "--out", tmp_path / "x"),
        ("predict", copper_edge(tmp_path / "cu.dat"), "--absorber", "Cu", "--weights", tmp_path),
    ):
        done = xsearch(*words)
        assert done.exit_code == 1, words
        assert done.stderr.startswith("xsearch: ")
        assert len(done.stderr.strip().splitlines()) == 1
