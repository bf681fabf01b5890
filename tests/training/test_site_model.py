"""The whole training, small: made spectra whose descriptors are written into them must be read back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from xsearch.data.augmentation import Augmentation, STEP_eV, broaden, sharpen, shift
from xsearch.data.descriptor_scores import report_of
from xsearch.data.xanes_sites import Examples, fold_of, formula_hashes, one_kind
from xsearch.errors import SpectrumError, XSearchError
from xsearch.evaluate.descriptors import report_on
from xsearch.models.site_model import SiteModel
from xsearch.models.tasks import NUMBERS
from xsearch.preprocess.xanes import WINDOW_GRID_eV, XanesWindow
from xsearch.training.composition import Sites, train_composition
from xsearch.training.held_out import OutOfFold
from xsearch.training.loop import Schedule, train, usable_device
from xsearch.training.site_model import Recipe, out_of_fold, train_site_model
from xsearch.training.site_network import train_network


def made(count: int, seed: int) -> Examples:
    """Edges whose white line grows with the coordination number and whose oscillation tells the distance."""
    chance = np.random.default_rng(seed)
    cn = chance.choice([4, 6], count)
    distance = chance.uniform(1.8, 2.3, count)
    x = WINDOW_GRID_eV[None]
    step = 0.5 + np.arctan(x / 2) / np.pi
    white = np.where(cn == 6, 0.7, 0.15)[:, None] * np.exp(-(((x - 5) / 3) ** 2))
    wave = 0.1 * np.sin((x - 5) * distance[:, None] ** 2 / 15) * (x > 5)
    values = (step + white + wave + chance.normal(0, 0.003, (count, 200))).astype(np.float32)
    labels = {
        name: np.full(count, np.nan, np.float32) for name in (*NUMBERS, "site_symmetry_order", "psgo", "neighbor_z")
    }
    labels |= {
        "cn": cn.astype(np.float32),
        "oxidation_state": np.where(cn == 6, 3, 2).astype(np.float32),
        "mnnd_A": distance.astype(np.float32),
        "nnrs_A": chance.uniform(0, 0.2, count).astype(np.float32),
        "mood_A": chance.uniform(2.4, 3.0, count).astype(np.float32),
        "ocn": cn.astype(np.float32),
        "oxidation_agrees": np.ones(count, np.float32),
        "mixed": np.zeros(count, np.float32),
    }
    texts = np.array([f"Fe{seed}O{i}" for i in range(count)], object)
    return Examples(
        values=values,
        known=np.ones((count, 200), bool),
        offset_eV=np.zeros(count, np.float32),
        rise_eV=np.zeros(count, np.float32),
        z=np.full(count, 26, np.int64),
        edge=np.full(count, "K", object),
        labels=labels,
        ambiguous=np.zeros(count, bool),
        formula=texts,
        code=np.full(count, "made", object),
        ids=texts,
        material=texts,
        multiplicity=np.ones(count, np.float32),
        shares=one_kind(labels),
    )


RECIPE = Recipe(
    networks=(("xastruct", Schedule(epochs=12, batch=50, rate=3e-3)),),
    composition=Schedule(epochs=1, batch=50),
    trees=10,
    leaf=1,
    folds=2,
)


@pytest.fixture(scope="module")
def trained() -> tuple[SiteModel, OutOfFold]:
    return train_site_model(made(600, 1), RECIPE)


@pytest.fixture(scope="module")
def model(trained: tuple[SiteModel, OutOfFold]) -> SiteModel:
    return trained[0]


def test_cross_validated_figures_foretell_those_on_new_formulas(trained: tuple[SiteModel, OutOfFold]) -> None:
    foretold = report_of(trained[1].examples, *trained[1].blended())
    found = report_on(made(300, 3), trained[0])
    assert foretold.cn_accuracy == pytest.approx(found.cn_accuracy, abs=0.05)
    assert foretold.mnnd_mae > 0.7 * found.mnnd_mae, "half of the data foretell no less an error"
    assert foretold.mnnd_mae < 0.02
    assert foretold.nnrs_r2 < 0.1, "nothing in the spectra tells this one; only a model that had seen it would know"


def test_no_answer_out_of_fold_knew_its_formula() -> None:
    """Labels that are pure chance, one a formula, with spectra that give the formula away to who has seen it."""
    examples = made(200, 9)
    chance = np.random.default_rng(0)
    again = examples.take(np.repeat(np.arange(100), 2))
    again.labels["mnnd_A"][:] = np.repeat(chance.uniform(1.8, 2.3, 100), 2)
    held_out = out_of_fold(again, replace(RECIPE, networks=()))
    assert len(held_out.examples) == 200
    assert report_of(held_out.examples, *held_out.blended()).mnnd_r2 < 0.1


def test_a_fold_that_is_held_out_takes_no_part_in_the_weights() -> None:
    examples = made(80, 2)
    recipe = replace(RECIPE, networks=(("xastruct", Schedule(epochs=1, batch=20)),), trees=0, hold_out=True)
    model, held_out = train_site_model(examples, recipe)
    tested = formula_hashes(held_out.examples.formula)
    assert 0 < len(tested) < 80
    assert not np.isin(tested, model.formulas).any()
    assert len(model.formulas) + len(tested) == 80
    assert set(model.settings["blends"]) == {"none", "elements", "formula"}


def test_with_nothing_given_the_spectrum_answers_alone(model: SiteModel) -> None:
    blends = model.settings["blends"]
    assert set(blends["none"]["weights"]["cn"]) <= {"xastruct", "forest"}
    assert set(blends["none"]["weights"]["neighbor_z"]) <= {"xastruct"}


def test_one_formula_is_too_few() -> None:
    examples = made(20, 1)
    with pytest.raises(SpectrumError, match="several formulas"):
        train_site_model(examples.take(np.zeros(5, np.int64)), RECIPE)


def test_unknown_devices_are_refused() -> None:
    with pytest.raises(XSearchError, match="'abacus' cannot be used"):
        usable_device("abacus")


def test_descriptors_written_into_spectra_are_read_back(model: SiteModel) -> None:
    report = report_on(made(200, 3), model)
    assert report.cn_accuracy > 0.95
    assert report.os_accuracy > 0.95
    assert report.mnnd_r2 > 0.7
    assert report.nnrs_r2 < 0.2, "nothing in the spectra tells this one"
    assert report.majority["cn_accuracy"] < 0.65
    assert report.n_formulas_in_training == 0


def test_formulas_of_the_training_data_are_recognised(model: SiteModel) -> None:
    report = report_on(made(600, 1), model)
    assert report.n_formulas_in_training == 600
    assert "flatter" in report.note


def test_saved_model_gives_the_same_answers(model: SiteModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = SiteModel.load(tmp_path)
    examples = made(5, 4)
    windows = [XanesWindow(v, k, 0.0, "Fe", "K") for v, k in zip(examples.values, examples.known, strict=True)]
    for before, after in zip(model.predict(windows), again.predict(windows), strict=True):
        assert before.classes["cn"][0][0] == after.classes["cn"][0][0]
        assert before.numbers["mnnd_A"][0] == pytest.approx(after.numbers["mnnd_A"][0], abs=3e-3)


def test_weights_whose_tasks_have_older_names_are_refused(model: SiteModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    settings = (tmp_path / "site_model.json").read_text(encoding="utf-8")
    (tmp_path / "site_model.json").write_text(settings.replace("site_symmetry_order", "psgo"), encoding="utf-8")
    with pytest.raises(XSearchError, match="older kind"):
        SiteModel.load(tmp_path)


def test_strange_spectra_and_absorbers_are_called_unfamiliar(model: SiteModel) -> None:
    usual, known = made(1, 5).values[0], np.ones(200, bool)
    strange = np.random.default_rng(0).normal(1, 1.5, (10, 200)).astype(np.float32)
    ordinary, other, *odd = model.predict(
        [
            XanesWindow(usual, known, 0.0, "Fe", "K"),
            XanesWindow(usual, known, 0.0, "Mo", "K"),
            *[XanesWindow(values, known, 0.0, "Fe", "K") for values in strange],
        ]
    )
    assert ordinary.unfamiliar == ()
    assert "No Mo K edge" in other.unfamiliar[0]
    called = [answer for answer in odd if answer.unfamiliar]
    assert len(called) > 5, "noise looks usual to a network this small now and then"
    assert "unlike the training spectra" in called[0].unfamiliar[0]


def test_probabilities_add_up_and_uncertainties_cover(model: SiteModel) -> None:
    examples = made(200, 6)
    windows = [XanesWindow(v, k, 0.0, "Fe", "K") for v, k in zip(examples.values, examples.known, strict=True)]
    answers = model.predict(windows)
    assert sum(p for _, p in answers[0].classes["cn"]) == pytest.approx(1, abs=0.02)
    truth = examples.labels["mnnd_A"]
    inside = [abs(a.numbers["mnnd_A"][0] - t) <= a.numbers["mnnd_A"][1] for a, t in zip(answers, truth, strict=True)]
    assert np.mean(inside) > 0.6, "they are fitted on simulated measurements, which are harder"


@pytest.mark.parametrize("name", ["spt", "spt_folded", "xastruct"])
def test_interrupted_training_ends_at_the_same_weights(name: str, tmp_path: Path) -> None:
    examples = made(64, 7)
    composition = train_composition(Sites.of_examples(examples), Schedule(epochs=1, batch=32))
    whole = train_network(name, examples, composition, Schedule(epochs=2, batch=32))

    class Cut(Exception):
        pass

    def cut(epoch: int, loss: float, _: torch.nn.Module) -> None:
        raise Cut

    with pytest.raises(Cut):
        train_network(
            name, examples, composition, Schedule(epochs=2, batch=32), checkpoint=tmp_path / "c.pt", report=cut
        )
    resumed = train_network(name, examples, composition, Schedule(epochs=2, batch=32), checkpoint=tmp_path / "c.pt")
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_the_fold_of_a_formula_depends_on_nothing_else() -> None:
    assert fold_of("Fe2O3") == fold_of("Fe2O3")
    folds = [fold_of(f"Fe{n}O", 4) for n in range(400)]
    assert set(folds) == {0, 1, 2, 3}
    assert max(folds.count(k) for k in range(4)) < 140
    assert len(formula_hashes(np.array(["NiO", "NiO", "FeO"], object))) == 2


def test_augmentation_moves_and_broadens_as_said() -> None:
    x = torch.as_tensor(WINDOW_GRID_eV, dtype=torch.float32)
    bump = torch.exp(-(((x - 10) / 4) ** 2))[None]
    moved = shift(bump, torch.tensor([3.0]))[0]
    assert float(x[moved.argmax()]) == pytest.approx(7.0, abs=STEP_eV)
    wide = broaden(bump, torch.tensor([3.0]))[0]
    variance = lambda y: float((y * (x - 10) ** 2).sum() / y.sum())  # noqa: E731
    assert variance(wide) - variance(bump[0]) == pytest.approx(9.0, rel=0.1)


def test_sharpening_undoes_the_core_hole() -> None:
    x = torch.as_tensor(WINDOW_GRID_eV, dtype=torch.float32)
    broad = 0.5 + torch.atan((x - 5) / 2.0)[None] / torch.pi
    narrow = sharpen(broad, torch.tensor([2.0]))[0]
    assert float(torch.diff(narrow).max()) > 1.25 * float(torch.diff(broad[0]).max())
    assert (narrow[:20] < broad[0, :20]).all(), "the tail below the edge is the core hole's"


def test_augmentation_leaves_unknown_parts_unknown() -> None:
    values, known = torch.ones(64, 200), torch.ones(64, 200, dtype=torch.bool)
    known[:, 120:] = False
    disturbed, still, _ = Augmentation()(values, known, torch.zeros(64), torch.Generator().manual_seed(0))
    assert torch.isfinite(disturbed).all()
    assert (disturbed[~still] == 0).all()
    assert still.any(1).all()
    assert not still[:, 135:].any()


def test_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    line = torch.nn.Linear(3, 1)
    x = torch.randn(200, 3)
    y = x @ torch.tensor([[1.0], [2.0], [3.0]])
    losses: list[float] = []
    train(
        line,
        200,
        lambda m, rows, g: ((m(x[rows]) - y[rows]) ** 2).mean(),
        Schedule(epochs=20, batch=20, rate=0.1),
        report=lambda e, loss, m: losses.append(loss),
    )
    assert losses[-1] < 0.1 * losses[0]
