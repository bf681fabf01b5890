"""What models are given of a compound: nothing, its elements, its formula."""

import numpy as np
import pytest

from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import QueryError
from xsearch.models.conditioning import (
    COMPOSITION_FEATURES,
    CONDITIONING_MASKS,
    STATES,
    balancing_states,
    composition_features,
    conditioning_of,
    possible_neighbours,
    possible_states,
)
from xsearch.options import Conditioning


def likeliest(absorber: str, **amounts: float) -> int:
    return STATES[int(balancing_states(absorber, tuple(sorted(amounts.items()))).argmax())]


@pytest.mark.parametrize(
    ("absorber", "amounts", "state"),
    [
        ("Co", {"Li": 1, "Co": 1, "O": 2}, 3),
        ("Ti", {"Fe": 1, "Ti": 1, "O": 3}, 4),
        ("Cu", {"Cu": 1, "O": 1}, 2),
        ("Cu", {"Cu": 2, "O": 1}, 1),
        ("V", {"Li": 2, "V": 1, "P": 1, "O": 5}, 3),
        ("V", {"V": 2, "O": 5}, 5),
        ("Cu", {"Cu": 1}, 0),
    ],
)
def test_charges_of_a_formula_cancel(absorber: str, amounts: dict[str, float], state: int) -> None:
    assert likeliest(absorber, **amounts) == state


def test_a_mean_between_two_states_is_shared() -> None:
    shares = balancing_states("Co", (("Co", 3), ("O", 4)))
    assert shares[STATES.index(2)] > 0.2
    assert shares[STATES.index(3)] > 0.2
    assert shares.sum() == pytest.approx(1)


def test_the_shares_of_a_mixed_valence_follow_from_its_formula() -> None:
    shares = balancing_states("Co", (("Co", 3), ("O", 4)))
    assert shares[STATES.index(3)] / shares[STATES.index(2)] == pytest.approx(2, rel=0.05)


def test_metals_and_elements_are_neutral() -> None:
    assert possible_states("Pt", amounts={"Pt": 1}).tolist() == [state == 0 for state in STATES]
    assert possible_states("Fe", amounts={"Fe": 3, "Al": 1}).tolist() == [state == 0 for state in STATES]
    assert likeliest("Fe", Fe=3, Al=1) == 0


@pytest.mark.parametrize(
    ("absorber", "amounts", "can", "cannot"),
    [
        ("Cu", {"Cu": 2, "S": 1}, [1], [0, 2, 3]),
        ("Fe", {"Fe": 2, "O": 3}, [3], [0, 4]),
        ("Mn", {"K": 1, "Mn": 1, "O": 4}, [7], [0]),
        ("S", {"Fe": 1, "S": 2}, [-1], [4, 6]),
    ],
)
def test_a_formula_forbids_states(absorber: str, amounts: dict[str, float], can: list[int], cannot: list[int]) -> None:
    possible = dict(zip(STATES, possible_states(absorber, amounts=amounts).tolist(), strict=True))
    assert all(possible[state] for state in can)
    assert not any(possible[state] for state in cannot)


def test_neighbours_come_from_what_is_given() -> None:
    found = [s for s, can in zip(SYMBOLS, possible_neighbours("V", amounts={"V": 1, "N": 1}), strict=True) if can]
    assert found == ["N", "V"]
    assert possible_neighbours("V").all()


def test_elements_are_a_part_of_the_features_of_a_formula() -> None:
    formula = composition_features("Ti", amounts={"Fe": 1, "Ti": 1, "O": 3})
    assert formula.shape == (COMPOSITION_FEATURES,)
    assert np.array_equal(formula * CONDITIONING_MASKS[Conditioning.ELEMENTS], composition_features("Ti", ["O", "Fe"]))
    assert np.array_equal(formula * CONDITIONING_MASKS[Conditioning.NONE], composition_features("Ti"))
    assert not composition_features("Ti").any()
    shares = formula[2 + len(SYMBOLS) : -len(STATES)]
    assert shares[ATOMIC_NUMBERS["O"] - 1] == pytest.approx(0.6)
    assert shares.sum() == pytest.approx(1)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(QueryError, match="Unknown element Xx"):
        composition_features("Ti", ["Xx"])
    with pytest.raises(QueryError, match="holds no Ti"):
        composition_features("Ti", amounts={"Fe": 2, "O": 3})


def test_what_is_given_decides_which_blend_is_used() -> None:
    assert conditioning_of() is Conditioning.NONE
    assert conditioning_of(["O"]) is Conditioning.ELEMENTS
    assert conditioning_of(["O"], {"O": 1}) is Conditioning.FORMULA
