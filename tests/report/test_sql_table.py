"""Answers to SQL questions as text."""

import io

import pyarrow as pa
from rich.console import Console

from xsearch.report.sql_table import WIDEST, sql_table


def text_of(columns: int, rows: int = 2) -> str:
    found = pa.table({f"column_{place}": [place + 0.5] * rows for place in range(columns)})
    out = io.StringIO()
    Console(file=out, width=100).print(sql_table(lambda most: found.slice(0, most), None))
    return out.getvalue()


def test_few_columns_make_a_table_with_a_row_a_line() -> None:
    lines = text_of(3).splitlines()
    assert lines[0].split() == ["column_0", "column_1", "column_2"]
    assert lines[1].split() == ["0.5", "1.5", "2.5"]


def test_many_columns_make_a_list_with_a_value_a_line() -> None:
    lines = text_of(WIDEST + 1).splitlines()
    assert lines[0].strip() == "row 1"
    assert [line.split() for line in lines].count(["column_12", "12.5"]) == 2


def test_no_row_is_said() -> None:
    assert text_of(3, rows=0).strip() == text_of(WIDEST + 1, rows=0).strip() == "No row."
