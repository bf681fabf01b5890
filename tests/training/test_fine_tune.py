"""Fine-tuning on few spectra: what it gains on formulas that it did not see."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.test_site_model import RECIPE, made
from xsearch.data.xanes_sites import Examples, one_kind, read_labelled
from xsearch.errors import SpectrumError
from xsearch.models.site_model import SiteModel
from xsearch.training.fine_tune import MIXED, SCHEDULE, TRAINED, _right, fine_tune, tuned_model
from xsearch.training.site_model import train_site_model


@pytest.fixture(scope="module")
def model() -> SiteModel:
    return train_site_model(made(300, 1), replace(RECIPE, trees=0))[0]


def test_a_shifted_world_is_learned_from_few_spectra(model: SiteModel, tmp_path: Path) -> None:
    few = made(24, 8)
    labels = few.labels | {"oxidation_state": few.labels["oxidation_state"] + 1}
    few = replace(few, labels=labels, shares=one_kind(labels))
    report = fine_tune(model, few, tmp_path, replace(SCHEDULE, epochs=60, rate=3e-3))
    assert report.before["oxidation_state"] < 0.2
    assert report.after["oxidation_state"] > 0.8, "of formulas that were left out"
    assert (report.n, report.n_formulas) == (24, 24)
    assert report.table().row_count == 8
    assert report.composition["oxidation_state"] < report.after["oxidation_state"]
    assert SiteModel.load(tmp_path).settings["edges"].keys() == model.settings["edges"].keys()


def test_only_the_last_layers_move(model: SiteModel) -> None:
    tuned = tuned_model(model, made(24, 8), replace(SCHEDULE, epochs=2))
    before, after = (m.networks["xastruct"].state_dict() for m in (model, tuned))
    moved = {key for key in before if not np.array_equal(before[key].numpy(), after[key].numpy())}
    assert moved
    assert all(key.startswith(TRAINED["xastruct"]) for key in moved)


def test_with_known_spectra_beside_the_new_ones_a_model_keeps_what_it_knew(model: SiteModel) -> None:
    known, few = made(120, 1), made(24, 8)
    labels = few.labels | {"oxidation_state": few.labels["oxidation_state"] + 1}
    edge = np.full(len(few), "L3", object)  # a new edge: what is read off it is another matter
    few = replace(few, labels=labels, shares=one_kind(labels), edge=edge)
    schedule = replace(MIXED, epochs=60, batch=48, rate=3e-3)
    alone, mixed = tuned_model(model, few, schedule), tuned_model(model, few, schedule, known)

    def right(one: SiteModel, examples: Examples) -> float:
        return _right(one, examples)["oxidation_state"][0]

    assert right(mixed, known) > right(alone, known) + 0.1
    assert right(mixed, known) > right(model, known) - 0.05
    assert right(mixed, few) > right(model, few) + 0.3
    assert not np.array_equal(mixed.centre, model.centre), "the new spectra are usual now"


def test_two_formulas_are_too_few(model: SiteModel, tmp_path: Path) -> None:
    with pytest.raises(SpectrumError, match="2 formulas are too few"):
        fine_tune(model, made(2, 8), tmp_path)


def test_measured_spectra_state_their_own_descriptors(tmp_path: Path) -> None:
    x = np.arange(-60.0, 120.0, 0.5)
    mu = 0.5 + np.arctan(x / 1.5) / np.pi + 0.4 * np.exp(-(((x - 6) / 4) ** 2))
    rows = [{"absorber": "Fe", "edge": "K", "formula": "Fe4O6", "energy": 7122 + x, "mu": mu, "cn": 6, "neighbor": "O"}]
    pd.DataFrame(rows).to_parquet(tmp_path / "own.parquet")
    examples = read_labelled(tmp_path / "own.parquet")
    assert examples.formula.tolist() == ["Fe2O3"]
    assert examples.labels["cn"][0] == 6
    assert examples.labels["neighbor_z"][0] == 8
    assert np.isnan(examples.labels["oxidation_state"][0])
    pd.DataFrame(rows).drop(columns=["cn", "neighbor"]).to_parquet(tmp_path / "own.parquet")
    with pytest.raises(SpectrumError, match="such as cn"):
        read_labelled(tmp_path / "own.parquet")
