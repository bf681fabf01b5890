"""Indexes as tables."""

import os
from datetime import UTC, datetime

import pytest
from rich.console import Console

from xsearch.indexes.library import IndexSummary
from xsearch.report.index_listing import index_records, index_table, size_text, value_text

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def test_a_broken_index_is_listed_with_its_trouble() -> None:
    rows = [IndexSummary("a", True, "0001-x", 1234, 5_000_000, MADE), IndexSummary("b", False, problem="b is altered")]
    console = Console(width=100, record=True, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(index_table(rows))
    _, first, second = console.export_text().splitlines()
    assert first.split() == ["*", "a", "1,234", "5.0", "MB", "2026-01-02", "03:04", "0001-x"]
    assert second.split() == ["b", "b", "is", "altered"]


def test_records_are_plain() -> None:
    (record,) = index_records([IndexSummary("a", True, "0001-x", 1, 2, MADE)])
    assert record["made"] == "2026-01-02T03:04:00+00:00"


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (36_100_000, "36.1 MB"), (2_500_000_000, "2.50 GB")],
)
def test_sizes(n_bytes: int, text: str) -> None:
    assert size_text(n_bytes) == text


def test_values_in_words() -> None:
    assert value_text({"a": 1000, "b": True, "c": [1, 2.5]}) == "a 1,000, b True, c 1, 2.5"
