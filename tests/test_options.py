"""Options: what is understood, what is refused, and which elements pass."""

import itertools

import pytest

from xsearch.elements import SYMBOLS, element_masks
from xsearch.errors import QueryError
from xsearch.options import (
    Constraints,
    Prior,
    parse_choice,
    parse_elements,
    parse_numbers,
    parse_phases,
    parse_seconds,
)


def test_a_time_is_read_with_its_unit() -> None:
    assert [parse_seconds(text) for text in ("90", "90s", "1.5m", " 2H ")] == [90, 90, 90, 7200]
    for text in ("", "0", "m", "-3s", "5 days"):
        with pytest.raises(QueryError, match="10m"):
            parse_seconds(text)


@pytest.mark.parametrize(
    "text", ["Fe,O Ti", "Ti;O;Fe", "Fe-O-Ti", " fe, o  TI ", ["Fe", "O", "ti"], ("O", "Ti", "Fe", "Fe")]
)
def test_elements_are_read_from_text_and_lists_in_any_case(text: str | list[str]) -> None:
    assert parse_elements(text) == {"Fe", "O", "Ti"}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Xx", "H to Cf"),
        ("FeO", "Fe,O"),
        ("Fe2O3", "Fe,O"),
        ("D", "is H"),
        ("Fe,Qq", "'Qq'"),
        ("3", "'3'"),
        ("iron", "'iron'"),
    ],
)
def test_an_unknown_element_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(QueryError, match=hint):
        Constraints.parse(must=text)
    with pytest.raises(QueryError):
        Constraints(must=frozenset({text}))


@pytest.mark.parametrize(
    "demands",
    [
        {"must": "Fe", "exclude": "Fe,O"},
        {"must": "Fe Pb", "only": "Fe O"},
        {"only": "Fe", "may": "O"},
        {"only": "Fe O", "exclude": "O"},
        {"may": "Fe O", "exclude": "O"},
        {"exactly": "Fe O", "must": "Fe"},
        {"exactly": "Fe O", "only": "Fe O"},
        {"exactly": "Fe O", "exclude": "Pb"},
        {"exactly": "Fe O", "any_of": "Fe"},
        {"any_of": "Fe Mg", "exclude": "Mg"},
        {"any_of": "Fe Mg", "only": "Fe O"},
    ],
)
def test_contradictions_are_refused(demands: dict[str, str]) -> None:
    with pytest.raises(QueryError):
        Constraints.parse(**demands)


@pytest.mark.parametrize(
    ("demands", "passing", "failing"),
    [
        ({"only": "Fe O Ti"}, ["Fe O", "Ti", "Fe O Ti"], ["Fe O Si", "Si"]),
        ({"must": "Fe"}, ["Fe", "Fe O Pb"], ["O", "Ti O"]),
        ({"must": "Fe", "may": "O Ti"}, ["Fe", "Fe O", "Fe O Ti"], ["O", "Fe Si", "Fe O Si"]),
        ({"may": "O Ti"}, ["O", "Ti", "O Ti"], ["O Si"]),
        ({"exclude": "Pb"}, ["Fe", "O"], ["Pb", "Pb O"]),
        ({"must": "Fe", "only": "Fe O"}, ["Fe", "Fe O"], ["O", "Fe O Ti"]),
        ({"exactly": "Fe O"}, ["Fe O"], ["Fe", "O", "Fe O Ti"]),
        ({"any_of": "Mg Fe"}, ["Fe", "Mg O", "Fe Mg Pb"], ["O", "Si O"]),
        ({"any_of": "Mg Fe", "only": "Mg Fe O"}, ["Fe O", "Mg"], ["O", "Fe Si"]),
        ({"any_of": "Mg Fe", "must": "O", "may": "Si"}, ["Fe O", "Fe Mg Si O"], ["O", "Si O", "Fe O Ca", "Fe"]),
        ({}, ["Fe", "Pb O"], []),
    ],
)
def test_each_word_means_what_it_says(demands: dict[str, str], passing: list[str], failing: list[str]) -> None:
    query = Constraints.parse(**demands)
    assert all(query.matches(elements.split()) for elements in passing)
    assert not any(query.matches(elements.split()) for elements in failing)


def test_each_choice_of_what_is_not_certain_is_a_set_of_elements() -> None:
    query = Constraints.parse(must="O", may="Si", any_of="Mg Fe")
    assert [sorted(one) for one in query.alternatives] == [
        ["Mg", "O"],
        ["Fe", "O"],
        ["Mg", "O", "Si"],
        ["Fe", "Mg", "O"],
        ["Fe", "O", "Si"],
        ["Fe", "Mg", "O", "Si"],
    ]
    assert [sorted(one) for one in Constraints.parse(may="Fe O").alternatives] == [["O"], ["Fe"], ["Fe", "O"]]
    assert Constraints.parse(only="Fe O Mg", any_of="Fe Mg").alternatives == (
        frozenset({"O", "Mg"}), frozenset({"O", "Fe"}), frozenset({"O", "Mg", "Fe"})
    )  # fmt: skip
    assert Constraints.parse(only="Fe O").alternatives == (frozenset({"Fe", "O"}),)
    assert Constraints.parse(must="O", any_of="Fe").alternatives == ()


def test_an_empty_query_is_open() -> None:
    assert Constraints.parse().is_open
    assert Constraints.parse(must="", exclude=[]).is_open
    assert not Constraints.parse(only="Fe").is_open


def test_an_empty_list_of_allowed_elements_is_refused() -> None:
    for word in ("only", "may", "exactly"):
        with pytest.raises(QueryError, match=word):
            Constraints.parse(**{word: " , "})


def test_a_query_reads_as_a_sentence_in_order_of_atomic_number() -> None:
    assert str(Constraints.parse(any_of="Ti Fe", must="O")) == "must O; any of Ti, Fe"
    assert str(Constraints.parse(must="Ti Fe", exclude="Pb")) == "must Ti, Fe; not Pb"
    assert str(Constraints.parse()) == "any elements"


def test_every_element_has_a_bit_of_its_own() -> None:
    masks = [element_masks([symbol]) for symbol in SYMBOLS]
    assert all((a[0] & b[0]) == (a[1] & b[1]) == 0 for a, b in itertools.combinations(masks, 2))
    assert all(low < 2**64 and high < 2**64 and (low or high) for low, high in masks)


def test_states_and_coordination_numbers_are_read_in_any_case() -> None:
    assert parse_numbers(["Mn=3,4", "o = -2"], "oxidation states") == {"Mn": (3, 4), "O": (-2,)}
    for wrong in ("Mn", "Mn=", "Mn=three", "=3", "Qq=3"):
        with pytest.raises(QueryError, match="such as"):
            parse_numbers([wrong], "oxidation states")


def test_a_number_of_phases_is_a_number_or_auto() -> None:
    assert [parse_phases(text) for text in ("1", "6", "auto", "AUTO")] == [1, 6, 4, 4]
    for wrong in ("0", "-2", "7", "many", "1.5", ""):
        with pytest.raises(QueryError, match="1 to 6 nor 'auto'"):
            parse_phases(wrong)


def test_an_unknown_word_of_a_closed_set_is_refused_with_the_known_ones() -> None:
    assert parse_choice(Prior, "none", "prior") is Prior.NONE
    with pytest.raises(QueryError, match="Unknown prior 'some'; one of known, none is expected"):
        parse_choice(Prior, "some", "prior")
