"""Labels of atoms."""

import pytest

from xsearch.chemistry.labels import Atom, read_label
from xsearch.errors import CrystalError


@pytest.mark.parametrize(
    ("label", "atom"),
    [
        ("Fe3+", Atom("Fe")),
        ("O2-", Atom("O")),
        ("CA1", Atom("Ca")),
        ("SiT1", Atom("Si")),
        ("OAl", Atom("O")),
        ("CaM2", Atom("Ca")),
        ("D4", Atom("H")),
        ("Wat", Atom("O", 2)),
        ("O-H3", Atom("O", 1)),
        ("OH", Atom("O", 1)),
        ("NH4", Atom("N", 4)),
        ("H3OA2", Atom("O", 3)),
        ("Os*", Atom("Os")),
        ("'Na1'", Atom("Na")),
    ],
)
def test_labels_name_their_element_and_its_hydrogen(label: str, atom: Atom) -> None:
    assert read_label(label) == atom


@pytest.mark.parametrize(
    ("label", "expected", "element"), [("Od", {"Ca", "O"}, "O"), ("Cd", {"C", "O"}, "C"), ("Cd", {"Cd", "S"}, "Cd")]
)
def test_the_stated_formula_decides_where_two_elements_fit(label: str, expected: set[str], element: str) -> None:
    assert read_label(label, expected).element == element


@pytest.mark.parametrize("label", ["M1", "", "??", "Xq3"])
def test_a_label_without_an_element_is_refused(label: str) -> None:
    with pytest.raises(CrystalError, match="no known element"):
        read_label(label, {"Fe"})
