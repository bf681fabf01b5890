"""Predicted volumes."""

import numpy as np
import pytest

from xsearch.chemistry.volume import FAMILIES, families, fit_volume_table, log_volume
from xsearch.elements import ATOMIC_NUMBERS as Z


def volume(*parts: tuple[str, int]) -> float:
    numbers = np.array([[Z[e] for e, _ in parts]])
    return float(log_volume(numbers, np.array([[c for _, c in parts]]))[0])


@pytest.mark.parametrize(
    ("small", "large", "measured"),
    [  # lattice parameters of the rock-salt and perovskite ends, Å
        ((("Na", 1), ("Cl", 1)), (("K", 1), ("Cl", 1)), 3 * np.log(6.29 / 5.64)),
        ((("Na", 1), ("Cl", 1)), (("Na", 1), ("Br", 1)), 3 * np.log(5.97 / 5.64)),
        ((("Ca", 1), ("O", 1)), (("Ba", 1), ("O", 1)), 3 * np.log(5.52 / 4.81)),
        ((("Sr", 1), ("Ti", 1), ("O", 3)), (("Ba", 1), ("Ti", 1), ("O", 3)), 3 * np.log(4.00 / 3.905)),
    ],
)
def test_textbook_pairs_change_volume_as_measured(small, large, measured):
    assert volume(*large) - volume(*small) == pytest.approx(measured, abs=0.09)


def test_the_most_electronegative_element_names_the_family():
    numbers = np.array([[Z["Na"], Z["Cl"], 0], [Z["Sr"], Z["Ti"], Z["O"]], [Z["Ni"], Z["Ti"], 0]])
    assert [FAMILIES[i] for i in families(numbers)] == ["Cl", "O", "metal"]


def test_the_fit_recovers_contributions_from_which_volumes_were_made():
    chance = np.random.default_rng(0)
    cations = np.array([Z[e] for e in ("Na", "K", "Rb", "Cs")])
    anions = np.array([Z[e] for e in ("Cl", "Br")])
    pairs = np.array([(c, a) for c in cations for a in anions])
    numbers = np.tile(pairs, (6, 1))
    templates = np.repeat(np.arange(6), len(pairs))
    size = {Z["Na"]: 0.0, Z["K"]: 0.4, Z["Rb"]: 0.5, Z["Cs"]: 0.7, Z["Cl"]: 0.0, Z["Br"]: 0.2}
    truth = np.array([(size[a] + size[b]) / 2 for a, b in numbers])
    volumes = np.exp(truth + 0.3 * chance.normal(size=6)[templates])
    table = fit_volume_table(numbers, np.ones_like(numbers), volumes, templates, damping=1e-3)
    found = log_volume(numbers, np.ones_like(numbers), table)
    for template in range(6):
        rows = templates == template
        assert np.allclose(found[rows] - found[rows].mean(), truth[rows] - truth[rows].mean(), atol=0.01)
