"""Element logic: what is understood, what is refused, and what passes."""

import itertools

import pytest

from xsearch.chemistry.element_query import ElementQuery, element_masks, parse_elements
from xsearch.elements import SYMBOLS
from xsearch.errors import QueryError


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
        ElementQuery.parse(must=text)
    with pytest.raises(QueryError):
        ElementQuery(must=frozenset({text}))


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
    ],
)
def test_contradictions_are_refused(demands: dict[str, str]) -> None:
    with pytest.raises(QueryError):
        ElementQuery.parse(**demands)


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
        ({}, ["Fe", "Pb O"], []),
    ],
)
def test_each_word_means_what_it_says(demands: dict[str, str], passing: list[str], failing: list[str]) -> None:
    query = ElementQuery.parse(**demands)
    assert all(query.matches(elements.split()) for elements in passing)
    assert not any(query.matches(elements.split()) for elements in failing)


def test_an_empty_query_asks_nothing() -> None:
    assert ElementQuery.parse().asks_nothing
    assert ElementQuery.parse(must="", exclude=[]).asks_nothing
    assert not ElementQuery.parse(only="Fe").asks_nothing


def test_an_empty_list_of_allowed_elements_is_refused() -> None:
    for word in ("only", "may", "exactly"):
        with pytest.raises(QueryError, match=word):
            ElementQuery.parse(**{word: " , "})


def test_a_query_reads_as_a_sentence_in_order_of_atomic_number() -> None:
    assert str(ElementQuery.parse(must="Ti Fe", exclude="Pb")) == "must Ti, Fe; not Pb"
    assert str(ElementQuery.parse()) == "any elements"


def test_every_element_has_a_bit_of_its_own() -> None:
    masks = [element_masks([symbol]) for symbol in SYMBOLS]
    assert all((a[0] & b[0]) == (a[1] & b[1]) == 0 for a, b in itertools.combinations(masks, 2))
    assert all(low < 2**64 and high < 2**64 and (low or high) for low, high in masks)
