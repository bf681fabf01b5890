"""Predicted properties as evidence for candidates."""

import numpy as np
import pytest

from tests.crystals import rock_salt
from xsearch.chemistry.density import density_g_cm3
from xsearch.infer.predictions import KINDS, Links, Predictions
from xsearch.infer.property_links import log_agreement, properties_of_formulas
from xsearch.infer.settings import LinkSettings


def test_a_crystal_of_the_predicted_density_is_likeliest() -> None:
    crystals = [rock_salt("Mn", "O", a) for a in (4.2, 4.44, 4.7)]
    said = density_g_cm3(crystals[1])
    logs = log_agreement("density", crystals, (said, 0.2))
    assert logs[1] == pytest.approx(0)
    assert logs[[0, 2]] == pytest.approx([-abs(density_g_cm3(crystals[k]) - said) / 0.2 for k in (0, 2)])


def test_formulas_have_properties_whatever_stands_beside_them() -> None:
    salt, alloy = {"Na": 4.0, "Cl": 4.0}, {"Cu": 3.0, "Au": 1.0}
    numbers, metal = properties_of_formulas([salt, alloy, salt])
    alone, own = properties_of_formulas([{"Na": 1.0, "Cl": 1.0}])
    assert metal[0] == metal[2] == pytest.approx(own[0], abs=1e-5)
    assert metal[0] < 0.2 < 0.8 < metal[1]
    assert numbers["band_gap_eV"][0][0] == pytest.approx(alone["band_gap_eV"][0][0], abs=1e-4)
    assert numbers["band_gap_eV"][0][0] > 3 > numbers["band_gap_eV"][0][1]


def test_gap_and_metal_favour_the_formula_that_has_them() -> None:
    crystals = [rock_salt("Na", "Cl", 5.64), rock_salt("Na", "Au", 6.0)]
    gap = log_agreement("gap", crystals, (5.0, 0.3))
    assert gap[0] > gap[1]
    for said in ((0.9, 0.1), (0.1, 0.9)):
        metal = log_agreement("metal", crystals, said)
        assert (metal[0] > metal[1]) == (said[0] > said[1])


def test_properties_and_neighbours_count_by_their_weights_and_are_named() -> None:
    rock = rock_salt("Mn", "O", 4.44)
    said = Predictions(
        neighbours={"Mn": {"O": 0.7, "S": 0.3}},
        properties={"density": (density_g_cm3(rock), 0.2), "metal": (0.8, 0.2)},
    )
    settings = LinkSettings(pattern_neighbour=0.5, pattern_density=2.0, pattern_metal=1.0, pattern_gap=1.0)
    links = Links(("O", "Mn"), said, settings=settings)
    found = links.of_candidates([rock, rock_salt("Mn", "O", 6.0)], np.array([225, 225]))
    assert {*found} >= {"neighbours of Mn", "density", "metal"}
    assert found["neighbours of Mn"] == pytest.approx(0.5 * np.log([0.7, 0.7]))
    assert found["density"] == pytest.approx([0, 2 * np.log(0.01)])
    chain = links.chain(found["density"], found, dict.fromkeys(found, 1.0), ["MnO 225", "MnO 225 wide"])
    assert {link.name: link.predicted[0][0] for link in chain}["density"].endswith("g/cm³")
    assert {link.name: link.predicted[0] for link in chain}["metal"] == ("no", 0.8)
    assert {link.name: link.predicted[0] for link in chain}["neighbours of Mn"] == ("O", 0.7)
    assert links.weight_with_pattern("density") == 2.0


def test_every_weight_of_the_settings_belongs_to_a_link_that_has_a_name() -> None:
    assert {*KINDS.values()} == {*LinkSettings().with_pattern}
