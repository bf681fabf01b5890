"""Options: what is understood, what is refused, and which elements pass."""

import itertools
from pathlib import Path

import pytest

from xsearch.elements import SYMBOLS, element_masks
from xsearch.errors import QueryError, SpectrumError
from xsearch.options import (
    Constraints,
    Prior,
    parse_choice,
    parse_edge_file,
    parse_edges,
    parse_elements,
    parse_numbers,
    parse_phases,
)


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
        ({}, ["Fe", "Pb O"], []),
    ],
)
def test_each_word_means_what_it_says(demands: dict[str, str], passing: list[str], failing: list[str]) -> None:
    query = Constraints.parse(**demands)
    assert all(query.matches(elements.split()) for elements in passing)
    assert not any(query.matches(elements.split()) for elements in failing)


def test_an_empty_query_is_open() -> None:
    assert Constraints.parse().is_open
    assert Constraints.parse(must="", exclude=[]).is_open
    assert not Constraints.parse(only="Fe").is_open


def test_an_empty_list_of_allowed_elements_is_refused() -> None:
    for word in ("only", "may", "exactly"):
        with pytest.raises(QueryError, match=word):
            Constraints.parse(**{word: " , "})


def test_a_query_reads_as_a_sentence_in_order_of_atomic_number() -> None:
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fe_K.dat", ("Fe_K.dat", None, None)),
        ("Fe_K.dat:Fe", ("Fe_K.dat", "Fe", None)),
        ("Fe_K.dat:fe:k", ("Fe_K.dat", "Fe", "K")),
        ("a/b.prj#2:Ti:LIII", ("a/b.prj#2", "Ti", "L3")),
        ("C:/data/mn.dat", ("C:/data/mn.dat", None, None)),
        ("C:/data/mn.dat:Mn:K", ("C:/data/mn.dat", "Mn", "K")),
    ],
)
def test_a_file_may_name_its_absorber_and_edge(text: str, expected: tuple[str, str | None, str | None]) -> None:
    assert parse_edge_file(text) == (Path(expected[0]), *expected[1:])


@pytest.mark.parametrize(("text", "hint"), [("f.dat:Xx:K", "absorber"), ("f.dat:Fe:N7", "edge"), ("f.dat:Q9", ":Fe:K")])
def test_what_is_no_absorber_or_edge_is_refused(text: str, hint: str) -> None:
    with pytest.raises(SpectrumError, match=hint):
        parse_edge_file(text)


def test_a_file_with_colons_in_its_name_goes_before(tmp_path: Path) -> None:
    (tmp_path / "scan:Fe:K").touch()
    assert parse_edge_file(tmp_path / "scan:Fe:K") == (tmp_path / "scan:Fe:K", None, None)


def test_edges_are_named_in_a_list() -> None:
    assert parse_edges("k, L3 L2,3") == ("K", "L3", "L2,3")
    assert parse_edges("") == ()
