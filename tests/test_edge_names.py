"""Absorbers and edges as people write them, and files of which they are stated."""

from pathlib import Path

import pytest

from xsearch.edge_names import parse_edge_file, parse_edges
from xsearch.errors import SpectrumError


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
