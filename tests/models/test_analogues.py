"""What compounds of the same proportions say of a site."""

import numpy as np
import pytest

from xsearch.elements import ATOMIC_NUMBERS
from xsearch.models.analogues import ANALOGUE_FEATURES, KnownSites
from xsearch.models.conditioning import CONDITIONING_MASKS, STATES, composition_features
from xsearch.options import Conditioning

SITES = (
    ("MgO", "Mg", 6), ("MgO", "O", 6), ("CaO", "Ca", 6), ("CaO", "O", 6), ("NiO", "Ni", 6), ("NiO", "O", 6),
    ("ZnS", "Zn", 4), ("ZnS", "S", 4), ("CdSe", "Cd", 4), ("CdSe", "Se", 4),
    ("KClO4", "Cl", 4), ("KClO4", "K", 12), ("KClO4", "O", 1), ("CsCl", "Cs", 8), ("CsCl", "Cl", 8),
)  # fmt: skip


@pytest.fixture(scope="module")
def known() -> KnownSites:
    formulas = np.array([formula for formula, _, _ in SITES], object)
    z = np.array([ATOMIC_NUMBERS[element] for _, element, _ in SITES])
    cn = np.array([number - 1 for _, _, number in SITES])
    return KnownSites.of(formulas, z, cn, np.ones(len(SITES)))


@pytest.mark.parametrize(
    ("absorber", "amounts", "cn"),
    [
        ("Co", {"Co": 1, "O": 1}, 6),
        ("Cd", {"Cd": 1, "S": 1}, 4),
        ("Mn", {"K": 1, "Mn": 1, "O": 4}, 4),
        ("S", {"Cd": 1, "S": 1}, 4),
        ("Rb", {"Rb": 1, "Cl": 1}, 8),
    ],
)
def test_the_coordination_of_analogues_is_found(
    known: KnownSites, absorber: str, amounts: dict[str, float], cn: int
) -> None:
    assert int(known.support(absorber, amounts).argmax()) + 1 == cn


def test_a_formula_is_no_analogue_of_itself(known: KnownSites) -> None:
    only = KnownSites.of(["KClO4"], np.array([17]), np.array([3]), np.ones(1))
    assert not only.support("Cl", {"K": 1, "Cl": 1, "O": 4}).any()
    assert only.support("Mn", {"K": 1, "Mn": 1, "O": 4}).any()


def test_without_analogues_nothing_is_said(known: KnownSites) -> None:
    features = known.features("Fe", {"Fe": 7, "O": 11})
    assert np.allclose(features, features[0])
    assert known.features("Co", {"Co": 1, "O": 1}).std() > 0.05


def test_analogues_are_read_only_where_a_formula_is_given(known: KnownSites) -> None:
    features = composition_features("Co", (), {"Co": 1, "O": 1}, known)
    place = slice(-len(STATES) - ANALOGUE_FEATURES, -len(STATES))
    assert features[place].any()
    assert not (features * CONDITIONING_MASKS[Conditioning.ELEMENTS])[place].any()


def test_known_sites_survive_their_file(known: KnownSites) -> None:
    back = KnownSites.from_arrays(known.to_arrays())
    assert back.formulas == known.formulas
    assert np.allclose(back.cn, known.cn, atol=0.003)
    assert np.allclose(back.support("Co", {"Co": 1, "O": 1}), known.support("Co", {"Co": 1, "O": 1}), rtol=0.01)
