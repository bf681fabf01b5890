"""Numbers in columns, with words above them: what nearly every text file of a spectrum comes down to."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS

_COMMENTS = ("#", ";", "!", "//", "'", "%", "*", "$", "@", "/*")
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "--", "---", "*", "inf", "-inf", "+inf", "#n/a"})
_FIELD = re.compile(r"[\w.]+\s*:\s")
"""How a line begins that gives the value of something, as in `Element.edge: K`, and names no columns."""
_SAMPLE_LINES = 400
"""Lines by which separators and columns are recognised."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file writes a row: what parts its fields (None: any blank), and its decimal mark."""

    separator: str | None
    decimal: str

    def split(self, line: str) -> list[str]:
        """The fields of a line, without quotes and without a closing separator."""
        if '"' in line:
            line = line.replace('"', "")
        if self.separator is None:
            return line.split()
        line = line.strip(" \r\n")
        fields = [field.strip() for field in line.split(self.separator)]
        while fields and not fields[-1]:
            fields.pop()
        return fields

    def number(self, field: str) -> float | None:
        """A field's value; NaN where it says that a value is missing; None where it is no number."""
        if self.decimal == ",":
            if "." in field:
                return None
            field = field.replace(",", ".")
        try:
            return float(field)
        except ValueError:
            pass
        if field.lower() in _MISSING:
            return math.nan
        try:
            return float(field.lower().replace("d", "e"))  # Fortran double precision, 1.5D+03
        except ValueError:
            return None


DIALECTS = (
    Dialect("\t", "."), Dialect(None, "."), Dialect(";", "."), Dialect(";", ","), Dialect(",", "."), Dialect("\t", ","),
    Dialect(None, ","),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of numbers that stand together.

    Attributes:
        rows: (n, k) float64; NaN where a field is missing or no number.
        start: the number of its first line in the file, from 0.
    """

    rows: NDArray[np.float64]
    start: int


@dataclass(frozen=True, slots=True)
class TextTable:
    """A text file taken apart.

    Attributes:
        values: (n, k) float64, the first full table of the file; NaN where a field is missing.
        labels: the names of its k columns as the file writes them, or empty.
        header: the lines above the table, comment marks removed.
        notes: what was passed over.
    """

    values: NDArray[np.float64]
    labels: tuple[str, ...]
    header: tuple[str, ...]
    notes: tuple[str, ...]


def parse_table(text: str, name: str) -> TextTable:
    """The first full table of numbers in a text, with what stands above it.

    Raises:
        SpectrumError: where there is no table of two columns.
    """
    lines = text.splitlines()
    dialect = guess_dialect(lines)
    blocks = list(iterate_blocks(lines, dialect)) if dialect else []
    tables = [block for block in blocks if block.rows.shape[1] >= 2]
    if dialect is None or not tables:
        raise SpectrumError(_no_table(lines, name))
    full = [block for block in tables if len(block.rows) >= MIN_POINTS]
    chosen = full[0] if full else max(tables, key=lambda block: len(block.rows))
    values, others = _join_continued(chosen, tables)
    header_lines = [line for line in lines[: chosen.start] if line.strip()]
    labels = find_labels(header_lines, values.shape[1], dialect)
    filled = ~np.isnan(values).all(axis=0)
    if not labels and filled.sum() > 1:  # tabs are doubled
        values = values[:, filled]
        labels = find_labels(header_lines, values.shape[1], dialect)
    notes = []
    if others:
        notes.append(f"The file holds {others + 1} tables; the first, of {len(values)} rows, was read.")
    header = tuple(strip_comment(line) for line in header_lines if _is_wordy(line))
    return TextTable(values, labels, header, tuple(notes))


def strip_comment(line: str) -> str:
    """A line without its comment mark."""
    return line.strip().lstrip("#;!%*$@'/").strip()


def guess_dialect(lines: list[str]) -> Dialect | None:
    """The dialect in which most lines of a sample are rows of two or more numbers; None where no line is one."""
    body = [line for line in lines if line.strip() and not is_comment(line)]
    middle = max(0, (len(body) - _SAMPLE_LINES) // 2)
    sample = body[middle : middle + _SAMPLE_LINES]
    counts = [sum(_is_row(line, dialect) for line in sample) for dialect in DIALECTS]
    best = max(counts)
    return DIALECTS[counts.index(best)] if best else None


def is_comment(line: str) -> bool:
    """Whether a line begins with a comment mark."""
    return line.lstrip().startswith(_COMMENTS)


def iterate_blocks(lines: list[str], dialect: Dialect) -> Iterator[Block]:
    """The blocks of rows of one length; blank lines do not part them, words and comments do."""
    rows: list[list[float]] = []
    start = width = 0
    for number, line in enumerate(lines):
        if not line or line.isspace():
            continue
        row = None if is_comment(line) else _parse_row(line, dialect, width)
        if rows and (row is None or len(row) != width):
            yield Block(np.array(rows), start)
            rows, width = [], 0
        if row is not None:
            if not rows:
                start, width = number, len(row)
            rows.append(row)
    if rows:
        yield Block(np.array(rows), start)


def find_labels(header_lines: list[str], count: int, dialect: Dialect) -> tuple[str, ...]:
    """The names of `count` columns, from the lowest header line that has as many words; empty where none has.

    A unit in brackets belongs to the word before it. SPEC writes `#L` before the names; SSRL each name on its own line.
    """
    for line in reversed(header_lines[-8:]):
        bare = strip_comment(line.removeprefix("#L ")).replace('"', "")
        if _FIELD.match(bare):
            continue
        joined = re.sub(r"\s+(?=[(\[])", "", bare)
        joined = re.sub(r"[(\[][^)\]]*[)\]]", lambda match: match[0].replace(" ", "").replace(",", ""), joined)
        joined = re.sub(r"\b2\s*[-_ ]?\s*(theta|th|θ)", r"2\1", joined, flags=re.IGNORECASE)
        for fields in (
            dialect.split(joined),
            re.split(r"\s{2,}|\t", joined),
            joined.split(),
            re.split(r"[,;]", joined),
        ):
            words = [field.strip() for field in fields if field.strip()]
            if len(words) == count and all(dialect.number(word) is None for word in words):
                return tuple(words)
    if len(header_lines) > count and header_lines[-count - 1].strip() == "Data:":
        return tuple(line.strip() for line in header_lines[-count:])
    return ()


def _is_wordy(line: str) -> bool:
    return any(character.isalpha() for character in line)


def _is_row(line: str, dialect: Dialect) -> bool:
    fields = dialect.split(line)
    return len(fields) >= 2 and all(dialect.number(field) is not None for field in fields)


def _parse_row(line: str, dialect: Dialect, expected: int) -> list[float] | None:
    """A row's numbers, or None where the line is no row. A field that is no number is NaN where most others are."""
    fields = dialect.split(line)
    if dialect.decimal == ".":
        try:
            return [float(field) for field in fields] or None  # nearly every line of a long file ends here
        except ValueError:
            pass
    values = [dialect.number(field) for field in fields]
    numbers = sum(value is not None for value in values)
    if not values or numbers == 0:
        return None
    if numbers < len(values) and (values[0] is None or numbers < 2 or 2 * numbers < len(values)):
        defective = len(values) == expected and values[0] is not None
        return [math.nan if value is None else value for value in values] if defective else None
    return [math.nan if value is None else value for value in values]


def _join_continued(chosen: Block, tables: list[Block]) -> tuple[NDArray[np.float64], int]:
    """The chosen block with those that go on where it ends (a comment in mid-table), and how many others there are."""
    parts, others = [chosen.rows], 0
    for block in tables:
        if block is chosen:
            continue
        last = parts[-1]
        goes_on = (
            block.start > chosen.start
            and others == 0
            and block.rows.shape[1] == last.shape[1]
            and len(last) > 1
            and (block.rows[0, 0] > last[-1, 0]) == (last[-1, 0] > last[-2, 0])
        )
        if goes_on:
            parts.append(block.rows)
        elif len(block.rows) >= MIN_POINTS:
            others += 1
    return np.concatenate(parts), others


def _no_table(lines: list[str], name: str) -> str:
    body = [line.strip() for line in lines if line.strip() and not is_comment(line)]
    single = sum(Dialect(None, ".").number(line) is not None for line in body)
    if body and single > len(body) / 2:
        return f"{name}: one column of numbers; two are expected, such as 2θ and intensity, or energy and absorption."
    first = f", got {body[0][:40]!r} and so on" if body else ""
    return f"{name}: no table of numbers in it{first}; two columns are expected, such as 2θ and intensity."
