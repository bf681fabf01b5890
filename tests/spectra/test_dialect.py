"""Separators, decimal marks and thousands."""

from pathlib import Path

import pytest

from xsearch.spectra.readers.table import parse_table, parse_tables

COUNTS = (84.0, 977.0, 1000.0, 12345.0, 1234567.0, 90.0)


def table(angle: str, separator: str, counts: list[str]) -> str:
    rows = [angle.format(10 + place // 10, place % 10) + separator + counts[place % len(counts)] for place in range(60)]
    return "2Theta" + separator + "Counts\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("angle", "separator", "counts"),
    [
        ("{}.{}", ",", ['"84"', '"977"', '"1,000"', '"12,345"', '"1,234,567"', '"90"']),
        ("{}.{}", ",", ["84", "977", "1,000", "12,345", "1,234,567", "90"]),
        ("{}.{}", ";", ["84", "977", "1,000", "12,345", "1,234,567", "90"]),
        ("{}.{}", "\t", ["84", "977", "1,000", "12,345", "1,234,567", "90"]),
        ("{}.{}", "   ", ["84", "977", "1,000", "12,345", "1,234,567", "90"]),
        ("{},{}", ";", ["84,0", "977,0", "1.000,0", "12.345,0", "1.234.567,0", "90,0"]),
        ("{},{}", ";", ["84", "977", "1.000", "12.345", "1.234.567", "90"]),
        ("{},{}", "\t", ["84", "977", "1.000", "12.345", "1.234.567", "90"]),
        ("{}.{}", ";", ["84", "977", "1'000", "12'345", "1'234'567", "90"]),
        ("{}.{}", " ", ["84", "977", "1’000", "12’345", "1’234’567", "90"]),
        ("{},{}", ";", ["84", "977", "1\u202f000", "12\u202f345", "1\u202f234\u202f567", "90"]),
        ("{},{}", "\t", ["84", "977", "1\u00a0000", "12\u00a0345", "1\u00a0234\u00a0567", "90"]),
        ("{},{}", ";", ["84", "977", "1 000", "12 345", "1 234 567", "90"]),
    ],
)
def test_thousands_are_read_whatever_parts_them(angle: str, separator: str, counts: list[str]) -> None:
    found = parse_table(table(angle, separator, counts), "scan.csv")
    assert found.values[:, 1].tolist() == [COUNTS[place % 6] for place in range(60)]
    assert found.values[11, 0] == pytest.approx(11.1)
    assert found.labels == ("2Theta", "Counts")
    assert found.notes == ()


def test_a_decimal_comma_before_three_digits_is_no_thousand() -> None:
    rows = "\n".join(f"{place};{1 + place / 1000:.3f}".replace(".", ",") for place in range(10, 60))
    assert parse_table(rows, "scan.csv").values[:, 1].max() < 2


def test_commas_that_part_fields_and_thousands_are_told_apart_by_the_names(tmp_path: Path) -> None:
    rows = "\n".join(f"{10 + place / 10:.1f},{1000 + place:,}" for place in range(60))
    assert parse_table("2Theta,Counts\n" + rows, "scan.csv").values[:, 1].tolist() == list(range(1000, 1060))
    assert parse_table("2Theta,Counts,Fit\n" + rows, "scan.csv").values.shape == (60, 3)


def test_lines_that_are_no_rows_are_counted() -> None:
    lines = [f"{place} {place * 2}" for place in range(60)]
    lines[30:32] = ["30.2 in mid scan", "31 10 20 30"]
    notes = " ".join(note for table in parse_tables("\n".join(lines), "scan.xy") for note in table.notes)
    assert "begin with a number are no rows of the table and were left out, such as" in notes


def test_a_shorter_scan_beside_the_first_does_not_cut_it() -> None:
    rows = [f"{10 + place / 10:.1f},{place},{20 + place / 10:.1f},{place * 2}" for place in range(30)]
    rows += [f"{10 + place / 10:.1f},{place}" + (",," if place % 2 else "") for place in range(30, 80)]
    values = parse_table("\n".join(rows), "scans.csv").values
    assert values.shape == (80, 4)
    assert values[:, 1].tolist() == list(range(80))


def test_every_full_table_of_a_text_is_found_with_its_own_words() -> None:
    body = "\n".join(f"{place} {place}" for place in range(10, 40))
    first, second = parse_tables(f"# wavelength 0.7 A\n# scan 1\n{body}\n# scan 2\n{body}\n", "scans.dat")
    assert first.header == ("wavelength 0.7 A", "scan 1")
    assert second.header == ("wavelength 0.7 A", "scan 1", "scan 2")
