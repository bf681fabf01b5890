"""Columns as users name them."""

import pytest

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.columns import list_columns, named_columns

LABELS = ("Energy (eV)", "I0", "FF1", "FF2", "FF3", "A+B", "mcs:1")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("I0", (1,)),
        ("i0", (1,)),
        ("energy", (0,)),
        ("2", (1,)),
        ("FF1:FF3", (2, 3, 4)),
        ("3:5", (2, 3, 4)),
        ("FF1+FF3", (2, 4)),
        ("FF1:FF2+5", (2, 3, 4)),
        ("A+B", (5,)),
        ("mcs:1", (6,)),
        ("FF1+FF1", (2,)),
    ],
)
def test_a_column_is_named_by_its_name_its_number_a_range_or_a_sum(text: str, columns: tuple[int, ...]) -> None:
    assert named_columns(text, LABELS, len(LABELS), "scan.dat") == columns


def test_columns_without_names_go_by_number() -> None:
    assert named_columns("4", (), 5, "scan.dat") == (3,)


@pytest.mark.parametrize("text", ["I9", "8", "0", "FF1:FF9", "FF1+x", ""])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(SpectrumError, match=r"scan\.dat: no column .* its columns are 1 'Energy \(eV\)', 2 'I0'"):
        named_columns(text, LABELS, len(LABELS), "scan.dat")


def test_a_long_list_of_columns_is_cut() -> None:
    assert list_columns((), 45).endswith("39, 40 and 5 more")
