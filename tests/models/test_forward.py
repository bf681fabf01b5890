"""Predicted XANES from the weights that come with the package."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from xsearch.chemistry.crystal import Crystal
from xsearch.errors import QueryError
from xsearch.models.forward import WEIGHTS, forward_ensemble, score_spectra
from xsearch.models.xastruct_forward import POINTS, ForwardConfig, XAStructForward


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
    fcc = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]) * 3.615
    return Crystal.ordered(fcc, np.zeros((1, 3)), ["Cu"])


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
    with pytest.raises(QueryError, match="has not learned O"):
        forward_ensemble().predict(cuprous_oxide(), "O")
    with pytest.raises(QueryError, match="element symbol"):
        forward_ensemble().predict(cuprous_oxide(), "copper")


def test_the_weights_are_those_of_the_card_and_small():
    card = forward_ensemble().card
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == card["sha256"]
    assert Path(WEIGHTS).stat().st_size < 12e6
    assert card["held_out"]["n"] > 500
    assert card["held_out"]["mae_cu"] < card["held_out"]["mae_mean_spectrum"]["Cu"] / 2


def test_training_learns_and_its_score_is_that_of_the_plain_definition():
    from xsearch.training.forward import train_member
    from xsearch.training.forward_data import ForwardExamples
    from xsearch.training.loop import Schedule

    chance = np.random.default_rng(0)
    features = chance.normal(size=(256, 12)).astype(np.float32)
    grid = np.linspace(0, 1, POINTS)
    mu = 1 / (1 + np.exp(-40 * (grid - 0.3 - 0.05 * features[:, :1])))
    mu /= mu[:, -20:].mean(axis=1, keepdims=True)
    known = np.ones((256, POINTS), bool)
    known[128:, 120:] = False
    examples = ForwardExamples(
        features, np.full(256, 29), np.where(known, mu, 0).astype(np.float32), known,
        np.array([f"X{i}" for i in range(256)], object), known.all(axis=1), {"Cu": 8980.0}, 0,
    )  # fmt: skip
    trained = train_member(examples, Schedule(epochs=12, batch=32, rate=2e-3, average=0.9))

    class One:
        def spectra(self, inputs, z):
            with torch.inference_mode():
                return trained(torch.from_numpy(inputs), torch.from_numpy(z)).numpy()[None].astype(float)

    figures = score_spectra(One(), examples)
    assert figures["mae_cu"] < figures["mae_mean_spectrum"]["Cu"] / 2
    long = examples.long
    found = One().spectra(features[long], examples.z[long])[0]
    plain = np.abs(found / found[:, -20:].mean(axis=1, keepdims=True) - mu[long]).mean()
    assert figures["mae_cu"] == pytest.approx(plain, abs=1e-3)


def test_the_network_takes_the_shape_it_was_told():
    network = XAStructForward(ForwardConfig(features=5, width=16, hidden=24, depth=2))
    assert network(torch.zeros(3, 5), torch.tensor([29, 28, 22])).shape == (3, POINTS)
