"""Parts that become one answer, and what is given, which is obeyed."""

import numpy as np
import pytest

from xsearch.chemistry.formula import parse_formula
from xsearch.models.composition import PRIOR_FEATURES, CompositionNet, composition_answers, prior_features
from xsearch.models.conditioning import charge_balances, composition_features
from xsearch.models.site_blend import CHARGES, COMPOSITION, Blend, blend, obey
from xsearch.models.tasks import CLASSES

CN = len(CLASSES["cn"])
MANY = np.ones(1, np.float32)
"""Full coverage."""


def sharp(task: str, value: int, share: float = 0.9) -> np.ndarray:
    """One row of probabilities, most of it at one value."""
    found = np.full((1, len(CLASSES[task])), (1 - share) / (len(CLASSES[task]) - 1), np.float32)
    found[0, CLASSES[task].index(value)] = share
    return found


def test_trust_falls_back_on_the_composition() -> None:
    found = Blend(
        {"spt": {"cn": sharp("cn", 4)}, COMPOSITION: {"cn": sharp("cn", 6)}}, np.zeros((1, 0), np.float32), MANY
    )
    settings = {"weights": {"cn": {"spt": (1.0, 1.0), COMPOSITION: (0.6, 0.6)}}, "scale": {}}
    seen, _ = blend(found, settings, np.ones(1, np.float32))
    unlike, _ = blend(found, settings, np.full(1, 0.05, np.float32))
    assert CLASSES["cn"][int(seen["cn"][0].argmax())] == 4
    assert CLASSES["cn"][int(unlike["cn"][0].argmax())] == 6
    assert unlike["cn"].max() < 0.9, "less is known, and the answer is flatter"


def test_without_trust_the_composition_answers_alone() -> None:
    distances = {"spt": np.array([[2.4, 0.1]], np.float32), COMPOSITION: np.array([[1.9, 0.2]], np.float32)}
    cn = {"spt": sharp("cn", 4), COMPOSITION: sharp("cn", 6)}
    parts = {part: {"cn": cn[part], "mnnd_A": distances[part]} for part in cn}
    found = Blend(parts, np.zeros((1, 0), np.float32), MANY)
    for counted in ((0.0, 0.0), (0.6, 0.6)):
        weights = {"cn": {"spt": (1.0, 1.0), COMPOSITION: counted}, "mnnd_A": {"spt": 1.0}}
        settings = {"weights": weights, "scale": {}}
        classes, numbers = blend(found, settings, np.zeros(1, np.float32))
        assert CLASSES["cn"][int(classes["cn"][0].argmax())] == 6
        np.testing.assert_allclose(numbers["mnnd_A"], distances[COMPOSITION])
        assert blend(found, settings, np.ones(1, np.float32))[1]["mnnd_A"][0, 0] == pytest.approx(2.4)


def obeyed(absorber: str, formula: str, **classes: np.ndarray) -> dict[str, np.ndarray]:
    amounts = parse_formula(formula)
    parts = {
        COMPOSITION: {"cn": np.full((1, CN), 1 / CN, np.float32)},
        CHARGES: {"oxidation_state": charge_balances(composition_features(absorber, amounts=amounts)[None])},
    }
    own = {task: found[0].copy() for task, found in classes.items()}
    obey(own, Blend(parts, np.zeros((1, 0), np.float32), MANY), 0, absorber, (), amounts)
    return own


def test_oxygen_is_no_neighbour_in_a_metal() -> None:
    found = obeyed("Pt", "Pt", neighbor_z=sharp("neighbor_z", 8, 0.99), oxidation_state=sharp("oxidation_state", 4))
    assert found["neighbor_z"].nonzero()[0].tolist() == [77]
    assert CLASSES["oxidation_state"][int(found["oxidation_state"].argmax())] == 0
    assert found["oxidation_state"].max() == pytest.approx(1)


@pytest.mark.parametrize(("absorber", "formula", "state"), [("K", "K3BiO4", 1), ("Se", "KEr2Cu3Se5", -2)])
def test_no_mean_is_taken_with_a_state_that_cannot_be(absorber: str, formula: str, state: int) -> None:
    balance = charge_balances(composition_features(absorber, amounts=parse_formula(formula))[None])[0]
    assert np.sum(balance > 0.15) == 2  # the usual charges of the others leave it between two
    states = obeyed(absorber, formula, oxidation_state=sharp("oxidation_state", state))["oxidation_state"]
    assert states[CLASSES["oxidation_state"].index(state)] > 0.8


def test_a_formula_between_two_states_gets_its_mean() -> None:
    found = obeyed("Co", "Co3O4", oxidation_state=sharp("oxidation_state", 3, 0.95))["oxidation_state"]
    values = np.array(CLASSES["oxidation_state"])
    assert float(found @ values) == pytest.approx(8 / 3, abs=0.05)
    assert found[values == 3][0] == pytest.approx(2 / 3, abs=0.1)


def test_a_formula_of_one_state_is_left_as_it_is() -> None:
    found = obeyed("Fe", "Fe2O3", oxidation_state=sharp("oxidation_state", 3, 0.8))["oxidation_state"]
    assert CLASSES["oxidation_state"][int(found.argmax())] == 3


def test_compositions_are_read_with_and_without_a_formula() -> None:
    network = CompositionNet().eval()
    composition = np.stack([composition_features("Fe", amounts={"Fe": 2, "O": 3}), composition_features("Fe")])
    answers = composition_answers(network, np.array([26, 26]), composition)
    assert answers["neighbor_z"][0, [7, 25]].sum() == pytest.approx(1, abs=1e-3)
    assert answers["neighbor_z"][1].max() < 0.9
    assert prior_features(answers, composition).shape == (2, PRIOR_FEATURES)
    assert np.isfinite(prior_features(answers, composition)).all()
