"""What spectra say shifts the odds of formulas and crystals, rules nothing out, and is shown."""

from dataclasses import replace

import numpy as np
import pytest

from tests.crystals import caesium_chloride, perovskite, rock_salt, rutile, template_library
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.chemistry.valence import reported_states
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer import infer
from xsearch.infer.predictions import EXTINCTION, SYSTEM, Links, Predictions
from xsearch.infer.proposals import propose
from xsearch.infer.settings import INFERENCE_SETTINGS, LinkSettings
from xsearch.infer.template_library import TemplateLibrary


@pytest.fixture(scope="module")
def oxides() -> TemplateLibrary:
    """Rock salt, caesium chloride and rutile, of other elements than those that are inferred."""
    return template_library(
        [
            rock_salt("Mg", "O", 4.21),
            rock_salt("Ca", "O", 4.81),
            caesium_chloride("Cs", "Cl", 4.12),
            rutile("Sn", "O", 4.74, 3.19),
            rutile("Ti", "O"),
            perovskite("Sr", "Ti", 3.905),
        ]
    )


def states(**said: dict[int, float]) -> Predictions:
    return Predictions(oxidation=said)


@pytest.mark.parametrize(("said", "formula"), [({2: 0.95, 4: 0.05}, "MnO"), ({2: 0.05, 4: 0.95}, "MnO2")])
def test_predicted_oxidation_states_choose_the_formula(
    oxides: TemplateLibrary, said: dict[int, float], formula: str
) -> None:
    answer = infer(oxides, ["Mn", "O"], predicted=states(Mn=said))
    assert answer.best().formula == formula
    (link,) = answer.chain
    assert link.name == "oxidation states of Mn"
    assert link.predicted[0] == (f"+{max(said, key=said.__getitem__)}", 0.95)


def test_the_chain_says_what_the_first_would_be_without_a_prediction(oxides: TemplateLibrary) -> None:
    plain = infer(oxides, ["Mn", "O"]).best().formula
    other = {"MnO": {4: 1.0}, "MnO2": {2: 1.0}}[plain]
    answer = infer(oxides, ["Mn", "O"], predicted=states(Mn=other))
    (link,) = answer.chain
    assert answer.best().formula != plain
    assert link.changes_first
    assert link.first_without.split()[0] == plain
    assert 1 <= link.disfavoured < link.compared
    assert "without it the first would be" in str(link)


def test_a_prediction_rules_nothing_out(oxides: TemplateLibrary) -> None:
    sure = states(Mn={7: 1.0})
    assert infer(oxides, ["Mn", "O"], predicted=sure).n_proposed == infer(oxides, ["Mn", "O"]).n_proposed
    formulas = {one.formula for one in infer(oxides, ["Mn", "O"], predicted=sure).candidates}
    assert {"MnO", "MnO2"} <= formulas


def test_what_is_stated_goes_before_what_is_predicted(oxides: TemplateLibrary) -> None:
    answer = infer(oxides, ["Mn", "O"], oxidation={"Mn": 2}, predicted=states(Mn={4: 1.0}))
    assert answer.best().formula == "MnO"
    assert answer.chain == ()


def test_predicted_states_are_mixed_with_reported_ones() -> None:
    settings = LinkSettings(reported_share=0.2)
    links = Links(("O", "Mn"), states(Mn={0: 0.5, 3: 0.5}), settings=settings)
    hints = links.hints["Mn"]
    assert isinstance(hints, dict)
    reported = {state: np.exp(log) for state, log in reported_states()["Mn"].items()}
    assert hints[3] == pytest.approx(0.8 + 0.2 * reported[3])
    assert hints[2] == pytest.approx(0.2 * reported[2])
    assert 0 not in hints


def test_charges_say_nothing_of_an_alloy(oxides: TemplateLibrary) -> None:
    assert infer(oxides, ["Ni", "Al"], predicted=states(Ni={2: 1.0})).chain == ()


@pytest.mark.parametrize(("number", "group"), [(6, 225), (8, 221)])
def test_predicted_coordination_chooses_the_crystal(oxides: TemplateLibrary, number: int, group: int) -> None:
    said = Predictions(coordination={"Mn": {number: 0.97, 4: 0.03}})
    settings = LinkSettings(coordination_weight=2.0)
    links = Links(("O", "Mn"), said, settings=settings)
    rock, caesium = rock_salt("Mn", "O", 4.44), caesium_chloride("Mn", "O", 2.7)
    (gained,) = links.of_crystals([rock, caesium]).values()
    assert np.argmax(gained) == (0 if group == 225 else 1)
    assert gained.min() == pytest.approx(2.0 * np.log(settings.least_probability))
    first = infer(oxides, ["Mn", "O"], oxidation={"Mn": 2}, predicted=said).best()
    assert first.formula == "MnO"


def test_a_predicted_system_changes_the_order_of_proposals(oxides: TemplateLibrary) -> None:
    systems = dict.fromkeys(CRYSTAL_SYSTEMS, 0.01) | {"tetragonal": 0.94}
    links = Links(("O", "Mn"), Predictions(systems=systems), settings=LinkSettings(system_weight=3.0))
    plain = propose(oxides, ["Mn", "O"])
    shifted = propose(oxides, ["Mn", "O"], log_systems=links.log_systems())
    assert len(plain) == len(shifted)
    assert shifted.space_group[0] == 136
    gained = links.of_groups(np.array([136, 225, 0]))[SYSTEM]
    assert gained == pytest.approx([3 * np.log(0.94), 3 * np.log(0.01), links.log_systems()[-1]])


def test_without_predictions_there_is_no_chain(oxides: TemplateLibrary) -> None:
    assert infer(oxides, ["Mn", "O"]).chain == ()
    assert Links(("O", "Mn"), Predictions()).log_systems() is None


def test_candidates_of_a_pattern_are_weighed_by_all_that_is_predicted() -> None:
    rock, caesium = rock_salt("Mn", "O", 4.44), caesium_chloride("Mn", "O", 2.7)
    said = Predictions(
        coordination={"Mn": {6: 0.8, 8: 0.2}},
        systems={"cubic": 1.0},
        extinction={196: 0.9, 195: 0.1},  # F23 and P23: those of groups 225 and 221
        distances={"Mn": (2.22, 0.05)},
    )
    settings = LinkSettings(pattern_coordination=0.5, pattern_distance=0.25, pattern_system=1.0, pattern_extinction=2.0)
    links = Links(("O", "Mn"), said, settings=settings)
    found = links.of_candidates([rock, caesium], np.array([225, 221]))
    assert found["coordination of Mn"] == pytest.approx(0.5 * np.log([0.8, 0.2]))
    assert found[SYSTEM] == pytest.approx([0, 0])
    assert found[EXTINCTION] == pytest.approx(2 * np.log([0.9, 0.1]))
    off = [0.0, (np.sqrt(3) / 2 * 2.7 - 2.22) / 0.05]
    assert found["distances of Mn"] == pytest.approx(0.25 * np.log(np.maximum(np.exp(-np.array(off)), 0.01)))
    assert links.weight_with_pattern("distances of Mn") == 0.25
    assert [*Links(("O", "Mn"), said).of_candidates([rock], np.array([225]))] == [SYSTEM]


def test_a_prediction_reorders_the_candidates_of_a_pattern_and_says_so(oxides: TemplateLibrary) -> None:
    pattern = augmented_pattern(rock_salt("Mn", "O", 4.44), 3)
    plain = infer(oxides, ["Mn", "O"], pattern)
    assert plain.best().space_group == 225
    wrong = Predictions(extinction={195: 1.0})
    heavy = replace(INFERENCE_SETTINGS, links=LinkSettings(pattern_extinction=50.0))
    answer = infer(oxides, ["Mn", "O"], pattern, predicted=wrong, settings=heavy)
    link = next(link for link in answer.chain if link.name == EXTINCTION)
    assert answer.candidates[0].space_group != 225
    assert link.changes_first
    assert link.first_without == "MnO 225"
    assert link.weight == 50.0
    assert str(link).startswith("extinction group: that of group 195 100%")
