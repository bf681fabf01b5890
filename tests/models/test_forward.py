"""Predicted XANES from the weights that come with the package."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.crystals import FCC
from xsearch.chemistry.crystal import Crystal
from xsearch.data.forward_sites import ForwardExamples
from xsearch.errors import QueryError
from xsearch.models.forward import (
    CARD,
    FORWARD_FILE,
    KERNELS,
    ForwardEnsemble,
    errors,
    forward_ensemble,
    score_spectra,
)
from xsearch.models.site_kernel import GRID_eV, SiteKernel, edge_number
from xsearch.models.xastruct_forward import POINTS, ForwardConfig, XAStructForward, edge_context
from xsearch.training.forward import contexts, mean_spectra, train_member, write_card, write_weights
from xsearch.training.loop import Schedule
from xsearch.training.site_kernel import MetricSchedule, alignment, by_length, fit_kernel, learn_metric, physics_of


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def cuprous_oxide() -> Crystal:
    coords = [[0.25] * 3, [0.25, 0.75, 0.75], [0.75, 0.25, 0.75], [0.75, 0.75, 0.25], [0, 0, 0], [0.5] * 3]
    return Crystal.ordered(np.eye(3) * 4.27, np.array(coords), ["Cu"] * 4 + ["O"] * 2)


def copper() -> Crystal:
    return Crystal.ordered(FCC * 3.615, np.zeros((1, 3)), ["Cu"])


def test_a_predicted_edge_rises_from_nothing_to_one_and_says_how_sure_it_is():
    spectrum = forward_ensemble().predict(cuprous_oxide(), "Cu")
    assert len(spectrum.energy_eV) == len(spectrum.mu) == POINTS
    assert spectrum.mu[0] < 0.3
    assert spectrum.mu[-20:].mean() == pytest.approx(1.0, abs=0.02)
    assert spectrum.mu.max() > 1.0
    assert (spectrum.sigma >= 0).all()
    assert spectrum.sigma.max() > 0
    assert spectrum.sites == 4
    assert any("Predicted" in note for note in spectrum.notes)


def test_different_surroundings_give_different_spectra():
    oxide = forward_ensemble().predict(cuprous_oxide(), "Cu").mu
    stretched = cuprous_oxide()
    longer = Crystal.ordered(stretched.lattice_A * 1.05, stretched.frac_coords, stretched.elements)
    assert np.abs(oxide - forward_ensemble().predict(longer, "Cu").mu).mean() > 0.005


def test_another_description_of_the_same_crystal_gives_the_same_spectrum():
    one = cuprous_oxide()
    two = Crystal.ordered(one.lattice_A, one.frac_coords[::-1] + 0.21, one.elements[::-1])
    ensemble = forward_ensemble()
    assert np.allclose(ensemble.predict(one, "Cu").mu, ensemble.predict(two, "Cu").mu, atol=1e-3)


def test_an_unknown_or_absent_absorber_is_refused():
    with pytest.raises(QueryError, match="holds no Ni"):
        forward_ensemble().predict(cuprous_oxide(), "Ni")
    with pytest.raises(QueryError, match="has not learned O; K edges of Mg"):
        forward_ensemble().predict(cuprous_oxide(), "O")
    with pytest.raises(QueryError, match="has not learned the Cu L3 edge; its K edge is known"):
        forward_ensemble().predict(cuprous_oxide(), "Cu", "L3")
    with pytest.raises(QueryError, match="element symbol"):
        forward_ensemble().predict(cuprous_oxide(), "copper")


def test_edges_from_magnesium_to_uranium_are_predicted_on_the_energies_of_their_code() -> None:
    ensemble = forward_ensemble()
    assert len(ensemble.edges) >= 60
    for metal, edge, energy_eV in (("Mg", "K", 1303.0), ("Sr", "K", 16105.0), ("W", "L3", 10207.0)):
        oxide = Crystal.ordered(FCC * 4.9, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), [metal, "O"])
        spectrum = ensemble.predict(oxide, metal)
        assert spectrum.edge == edge
        rise = spectrum.energy_eV[np.argmax(spectrum.mu > 0.5)]
        assert rise == pytest.approx(energy_eV, abs=60)
        assert spectrum.mu[-20:].mean() == pytest.approx(1.0, abs=0.02)


def test_mean_spectra_are_those_of_each_edge_and_of_everything_where_there_is_none() -> None:
    examples = examples_of_moving_edges(16)
    found = mean_spectra(examples, ["Cu K FEFF9", "Fe K FEFF10"])
    copper = examples.mu[examples.z == 29]
    np.testing.assert_allclose(found["Cu K FEFF9"], copper.mean(axis=0), atol=1e-5)
    assert found["Fe K FEFF10"].min() >= 0
    context, base = contexts(examples, mean_spectra(examples, sorted(set(examples.of_code))))
    np.testing.assert_allclose(base[examples.z == 29], np.tile(found["Cu K FEFF9"], (len(copper), 1)), atol=1e-6)
    assert len(np.unique(context, axis=0)) == 2


def test_edges_of_alike_physics_lie_near_one_another() -> None:
    numbers = np.array([edge_number(z, edge) for z, edge in ((38, "K"), (39, "K"), (74, "L3"))])
    strontium, yttrium, tungsten = physics_of(numbers)
    assert np.linalg.norm(strontium - yttrium) < np.linalg.norm(strontium - tungsten) / 2


def test_the_weights_are_those_of_the_card_and_small():
    card = forward_ensemble().card
    assert hashlib.sha256(FORWARD_FILE.read_bytes()).hexdigest() == card["sha256"]
    assert Path(FORWARD_FILE).stat().st_size < 9e6
    assert card["held_out"]["n"] > 500
    assert card["held_out"]["mae_cu"] < card["held_out"]["mae_mean_spectrum"]["Cu K"] / 2
    few = card["cross_validation"]
    assert len(few["by_edge"]) >= 60
    assert few["median_others"] <= 0.05
    better = [few["by_edge"][name] < few["mae_mean_spectrum"][name] for name in few["by_edge"]]
    assert np.mean(better) > 0.9


def examples_of_moving_edges(n: int = 256) -> ForwardExamples:
    """Steps whose energies and heights follow two of the features; half of them end early."""
    chance = np.random.default_rng(0)
    features = chance.normal(size=(n, 12)).astype(np.float32)
    grid = np.linspace(0, 1, POINTS)
    mu = 1 / (1 + np.exp(-40 * (grid - 0.3 - 0.03 * features[:, :1])))
    mu += 0.2 * np.tanh(features[:, 1:2]) * np.exp(-(((grid - 0.45) / 0.05) ** 2))
    mu /= mu[:, -20:].mean(axis=1, keepdims=True)
    known = np.ones((n, POINTS), bool)
    known[n // 2 :, 120:] = False
    z = np.where(np.arange(n) < n // 2, 29, 28)
    return ForwardExamples(
        features, z, np.full(n, "K", object), np.full(n, "FEFF9", object), np.where(known, mu, 0).astype(np.float32),
        known, np.array([f"X{i // 2}" for i in range(n)], object), np.array([f"mp-{i}" for i in range(n)], object),
        {"Cu K FEFF9": 8980.0, "Ni K FEFF9": 8330.0},
    )  # fmt: skip


def test_a_network_learns():
    examples = examples_of_moving_edges()
    bases = mean_spectra(examples, sorted(set(examples.of_code)))
    trained = train_member(examples, bases, Schedule(epochs=20, batch=32, rate=3e-3, average=0.9))
    context, base = (torch.from_numpy(one) for one in contexts(examples, bases))
    with torch.inference_mode():
        found = trained(torch.from_numpy(examples.features), context, base).numpy().astype(float)
    figures = score_spectra(found, examples)
    assert figures["mae_cu"] < figures["mae_mean_spectrum"]["Cu K"] / 2


def test_a_kernel_in_a_learned_metric_predicts_what_it_has_not_seen():
    examples = examples_of_moving_edges(400)
    held_out = np.arange(400) % 8 < 2
    training, tested = by_length(examples.take(~held_out))[1], examples.take(held_out)
    before = learn_metric(training, MetricSchedule(steps=0))
    after = learn_metric(training, MetricSchedule(steps=40, batch=150))
    errors = []
    for metric, ridge in (before, after):
        found = fit_kernel(training, metric, ridge, (8.0,)).spectra(tested.features, tested.edge_numbers).mean(axis=0)
        figures = score_spectra(found, tested)
        errors.append(figures["mae_cu"])
        assert figures["mae_cu"] < figures["mae_mean_spectrum"]["Cu K"]
    assert errors[1] < 0.6 * errors[0]
    weights = after[0].weights
    assert weights[0] > 2 * np.median(weights)


def test_without_gates_a_network_has_as_many_parameters_and_learns():
    examples = examples_of_moving_edges()
    bases = mean_spectra(examples, sorted(set(examples.of_code)))
    sizes = [
        sum(one.numel() for one in XAStructForward(ForwardConfig(12, gated=gated)).parameters())
        for gated in (True, False)
    ]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.002)
    trained = train_member(examples, bases, Schedule(epochs=20, batch=32, rate=3e-3, average=0.9), gated=False)
    context, base = (torch.from_numpy(one) for one in contexts(examples, bases))
    with torch.inference_mode():
        found = trained(torch.from_numpy(examples.features), context, base).numpy().astype(float)
    figures = score_spectra(found, examples)
    assert figures["mae_cu"] < figures["mae_mean_spectrum"]["Cu K"] / 2


def test_an_ensemble_is_read_from_the_folder_it_was_written_to(tmp_path: Path):
    examples = examples_of_moving_edges(64)
    kernel = fit_kernel(examples, *learn_metric(examples, MetricSchedule(steps=0)))
    bases = mean_spectra(examples, list(examples.start_eV))
    network = XAStructForward(ForwardConfig(12, width=16, hidden=24, depth=2)).eval()
    write_weights(dict.fromkeys(KERNELS, kernel), [network], bases, tmp_path / FORWARD_FILE.name)
    card = {
        "members": 1, "start_eV": examples.start_eV, "code": dict.fromkeys(("Cu K", "Ni K"), "FEFF9"),
        "kernel": dict.fromkeys(("Cu K", "Ni K"), "long"), "formulas_crc32": [1, 2], "features": "chgnet",
    }  # fmt: skip
    write_card(card, tmp_path / CARD.name)
    ensemble = ForwardEnsemble.load(tmp_path)
    assert ensemble.features == "chgnet"
    assert ensemble.edges == {("Ni", "K"): "FEFF9", ("Cu", "K"): "FEFF9"}
    found = ensemble.by_member(examples.features[:4], "Cu", "K")
    plain = kernel.spectra(examples.features[:4], examples.edge_numbers[:4])
    plain = plain / plain[..., -20:].mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(found[: len(plain)], plain, atol=1e-6)
    with pytest.raises(QueryError, match=r"training\.forward --out"):
        ForwardEnsemble.load(tmp_path / "elsewhere")


def test_a_kernel_survives_its_file():
    examples = examples_of_moving_edges(64)
    kernel = fit_kernel(examples, *learn_metric(examples, MetricSchedule(steps=0)))
    again = SiteKernel.from_arrays(kernel.to_arrays())
    where = examples.features, examples.edge_numbers
    np.testing.assert_array_equal(again.spectra(*where), kernel.spectra(*where))


def test_alignment_finds_how_far_edges_were_moved():
    chance = np.random.default_rng(1)
    shifts = chance.uniform(-3, 3, 40)
    whole = 1 / (1 + np.exp(-(GRID_eV[None] - 15 - shifts[:, None])))
    found = alignment(whole, np.zeros(40, np.int64), 8.0)
    np.testing.assert_allclose(found - found.mean(), shifts - shifts.mean(), atol=0.25)


def test_errors_are_those_of_the_plain_definition():
    examples = examples_of_moving_edges(32)
    found = np.random.default_rng(2).uniform(0.5, 1.5, (32, POINTS))
    plain = []
    for one, mu, known in zip(found, examples.mu, examples.known, strict=True):
        last = int(known.sum())
        plain.append(np.abs(one[:last] / one[last - 20 : last].mean() - mu[:last]).mean())
    np.testing.assert_allclose(errors(found, examples), plain)
    assert score_spectra(found, examples)["mae_others"] == pytest.approx(np.mean(plain[16:]), abs=1e-4)


def test_the_network_takes_the_shape_of_its_configuration():
    network = XAStructForward(ForwardConfig(features=5, width=16, hidden=24, depth=2))
    context = torch.from_numpy(np.array([edge_context(z, "K", "FEFF9") for z in (29, 28, 22)]))
    assert network(torch.zeros(3, 5), context, torch.ones(POINTS)).shape == (3, POINTS)
