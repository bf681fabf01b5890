"""SpecFusionNet's parts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from xsearch.chemistry.element_descriptors import KINDS, TRANSITION_METALS, element_descriptors, element_kinds
from xsearch.chemistry.formula import parse_formula
from xsearch.elements import ATOMIC_NUMBERS, EDGES
from xsearch.models.property_composition import PropertyHeads, composition_features
from xsearch.models.property_model import shipped_property_model
from xsearch.models.specfusion import PUBLISHED, SpecFusion, SpecFusionConfig, SpectrumReader, Tokens

HEADS = PropertyHeads({"density_g_cm3": (4.0, 2.0)}, ("is_metal",))


def sample(symbols: list[str], measured: int, pad: int = 0) -> Tokens:
    """One sample whose first elements were measured."""
    torch.manual_seed(len(symbols))
    t = len(symbols) + pad
    z = torch.tensor([[ATOMIC_NUMBERS[s] for s in symbols] + [0] * pad])
    edge = torch.tensor([[EDGES.index("K")] * measured + [-1] * (t - measured)])
    values = torch.rand(1, t, 200)
    composition = torch.from_numpy(composition_features(symbols))[None]
    known = torch.ones(1, t, 200, dtype=torch.bool)
    return Tokens(
        z, edge, values, known, torch.zeros(1, t), composition, torch.zeros(1, 1), torch.zeros(1, dtype=torch.bool)
    )


@pytest.mark.parametrize("config", [PUBLISHED, SpecFusionConfig(composition=False)])
def test_padding_changes_nothing(config: SpecFusionConfig) -> None:
    torch.manual_seed(0)
    net = SpecFusion(HEADS, config).eval()
    plain, padded = sample(["Fe", "Ti", "O"], 2), sample(["Fe", "Ti", "O"], 2, pad=3)
    padded.values[:, :3] = plain.values
    with torch.inference_mode():
        for here, there in zip(net(plain), net(padded), strict=True):
            for name in here:
                assert here[name].numpy() == pytest.approx(there[name].numpy(), abs=1e-5)


def test_what_was_not_measured_of_a_spectrum_is_not_read() -> None:
    torch.manual_seed(0)
    reader = SpectrumReader(8, 12).eval()
    values, known = torch.rand(1, 200), torch.ones(1, 200, dtype=torch.bool)
    known[:, 120:] = False
    other = values.clone()
    other[:, 120:] = 7
    with torch.inference_mode():
        found, again = (reader(torch.where(known, one, 0.0), known) for one in (values, other))
    assert torch.equal(found, again)


def test_it_begins_as_the_composition_says() -> None:
    torch.manual_seed(0)
    net = SpecFusion(HEADS).eval()
    tokens = sample(["Fe", "O"], 1)
    with torch.inference_mode():
        numbers, classes = net(tokens)
        assert net.composition is not None
        alone = HEADS.split(net.composition(tokens.composition)[1])
    assert torch.allclose(numbers["density_g_cm3"], alone[0]["density_g_cm3"])
    assert torch.allclose(classes["is_metal"], alone[1]["is_metal"])


def test_transition_metals_are_those_of_the_paper() -> None:
    kinds = element_kinds()
    assert {s for s, z in ATOMIC_NUMBERS.items() if kinds[z - 1] == 0} == TRANSITION_METALS
    assert KINDS[kinds[ATOMIC_NUMBERS["O"] - 1]] == "nonmetal"
    assert KINDS[kinds[ATOMIC_NUMBERS["Si"] - 1]] == "metalloid"
    assert KINDS[kinds[ATOMIC_NUMBERS["Ba"] - 1]] == "other metal"


def test_descriptors_are_of_one_scale_and_know_fluorine() -> None:
    table = element_descriptors()
    assert np.isfinite(table).all()
    fluorine, oxygen, iron = (table[ATOMIC_NUMBERS[one] - 1, 0] for one in ("F", "O", "Fe"))
    assert fluorine > oxygen > iron
    assert table[:, 1].argmax() == ATOMIC_NUMBERS["Cs"] - 1
    # without an electronegativity, a noble gas is an average element and takes no part in the scale
    assert table[ATOMIC_NUMBERS["Ne"] - 1, 0] == 0
    assert fluorine > 3


def test_the_shipped_composition_part_knows_formation_energies(data_folder: Path) -> None:
    """A wrong scale of one descriptor of the elements shifts all by a tenth of an eV."""
    columns = ["reduced_formula", "formation_energy_per_atom"]
    rows = pd.read_parquet(data_folder / "mp_structures.parquet", columns=columns).dropna().sample(1000, random_state=1)
    network = shipped_property_model().network
    assert network.composition is not None
    features = np.stack([composition_features([], parse_formula(formula)) for formula in rows.reduced_formula])
    with torch.inference_mode():
        answers, _ = network.heads.split(network.composition(torch.from_numpy(features))[1])
    usual, spread = network.heads.numbers["formation_energy_eV_atom"]
    off = answers["formation_energy_eV_atom"].numpy()[:, 0] * spread + usual - rows.formation_energy_per_atom
    assert np.abs(off).mean() < 0.15
    assert abs(off.mean()) < 0.05
