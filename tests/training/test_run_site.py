"""Training from files, and what comes of it."""

import json
from pathlib import Path

import pytest

from tests.training.oxides import spectrum, write_index, write_table
from xsearch.errors import SpectrumError, XSearchError
from xsearch.evaluate.descriptors import evaluate_descriptors
from xsearch.models.site_model import SiteModel
from xsearch.spectra.xanes import Xanes
from xsearch.training import site_model
from xsearch.training.run_site import make_site_model
from xsearch.xas.prediction import predict


def test_tables_and_an_index_train_together(tmp_path: Path) -> None:
    write_index(tmp_path / "oxides")
    table = write_table(tmp_path / "spectra.parquet")
    report = make_site_model(tmp_path / "out", [table], tmp_path / "oxides", "xastruct", folds=2, epochs=3, processes=1)
    assert report.report.n == 18 + 8
    assert report.report.cn_accuracy > 0.9, "nearly all of them have six neighbours"
    assert set(report.parts) == {"xastruct", "composition", "charges"}
    model = SiteModel.load(tmp_path / "out")
    assert list(model.settings["edges"]) == ["Co K", "Cu K", "Fe K", "Mn K", "Ni K", "Zn K"]
    assert sum(model.settings["edges"].values()) == 18 + 8
    (found,) = predict([Xanes(*spectrum("Zn", 4.3), "Zn", "K")], model, library=False)
    assert found.site.classes["cn"][0][0] == 6
    assert found.site.numbers["mnnd_A"][0] == pytest.approx(2.1, abs=0.15)
    card = (tmp_path / "out" / "site_model.md").read_text(encoding="utf-8")
    assert "26 site spectra of 7 formulas" in card
    assert "xsearch train xastruct" in card
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_interrupted_training_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = write_table(tmp_path / "spectra.parquet")
    arguments = {"kind": "xastruct", "folds": 2, "epochs": 2, "processes": 1}
    whole = make_site_model(tmp_path / "whole", [table], **arguments)

    def stop(line: str) -> None:
        if line.startswith("fold 2"):
            raise KeyboardInterrupt

    with pytest.raises(XSearchError, match="the same command goes on"):
        make_site_model(tmp_path / "cut", [table], say=stop, **arguments)
    trained: list[str] = []
    report = make_site_model(tmp_path / "cut", [table], say=trained.append, **arguments)
    assert not any(line.startswith("fold 1 of 2, xastruct") for line in trained), "those networks were ready"
    # what the network has no head for is no number, and equals nothing
    assert repr(report.report) == repr(whole.report)
    for name in ("xastruct", "site_forests"):
        same = [(tmp_path / f / f"{name}.safetensors").read_bytes() for f in ("whole", "cut")]
        assert same[0] == same[1]


def test_cells_may_stand_in_a_table_of_their_own(tmp_path: Path) -> None:
    table = write_table(tmp_path / "spectra.parquet", cells_apart=True)
    with pytest.raises(SpectrumError, match="none of the spectra has a structure"):
        evaluate_descriptors(table, processes=1)
    report = evaluate_descriptors(table, processes=1, structures=tmp_path / "cells.parquet")
    assert (report.n, report.n_formulas) == (18, 6)
    assert report.majority["cn_accuracy"] == 1


def test_unknown_models_and_nothing_to_train_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(XSearchError, match="site, spt, spt-folded, xastruct, forest"):
        make_site_model(tmp_path / "out", [tmp_path / "a.parquet"], kind="oracle")
    with pytest.raises(SpectrumError, match="Nothing to train on"):
        make_site_model(tmp_path / "out")


def test_settings_are_plain_json(tmp_path: Path) -> None:
    table = write_table(tmp_path / "spectra.parquet")
    report = make_site_model(tmp_path / "out", [table], kind="forest", folds=2, processes=1)
    settings = json.loads((tmp_path / "out" / "site_model.json").read_text(encoding="utf-8"))
    assert settings["cross_validation"]["none"]["n"] == report.report.n == 18
    assert set(settings["blends"]["elements"]["weights"]["cn"]) <= {"forest", "composition"}
    assert set(site_model.RECIPES) == {"site", "spt", "spt-folded", "xastruct", "forest"}
