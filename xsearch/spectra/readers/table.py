"""Numbers in columns, with words above them: what nearly every text file of a spectrum comes down to."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import LARGEST, MIN_POINTS
from xsearch.spectra.readers.dialect import Dialect, guess_dialect, is_comment, strip_comment

MAX_LINES = 600_000
"""Of a text file; no spectrum has more, and reading ends within seconds."""
MAX_LINE = 1_000_000
"""Characters of a line."""
_ENOUGH_LINES = 200
"""Rows that show how rows are written."""
_MOST_WORDS = 500
"""Lines of words that are kept of the head of a table, and as many of its end."""
_MOST_STEPS_ACROSS = 20
"""Steps of the axis by which a shorter row may go on with a table, for it to be one whose last columns have ended."""
_FIELD = re.compile(r"=|^[^,;\t]*:\s+\S")
"""A line of a key and its value, which names no columns."""
_NUMBER_FIRST = re.compile(r"\s*\"?[-+]?\.?\d")


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of numbers that stand together.

    Attributes:
        rows: (n, k) float64; NaN where a field is missing or no number.
        start, end: the numbers of its first line in the file and of the line after its last, from 0.
    """

    rows: NDArray[np.float64]
    start: int
    end: int


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
    first, *others = parse_tables(text, name)
    if not others:
        return first
    said = f"The file holds {len(others) + 1} tables; the first, of {len(first.values)} rows, was read."
    return replace(first, notes=(*first.notes, said))


def parse_tables(text: str, name: str) -> tuple[TextTable, ...]:
    """All full tables of numbers in a text, each with what stands above it; one alone where none is full.

    A table goes on after words in its middle where its first column does.

    Raises:
        SpectrumError: where there is no table of two columns.
    """
    lines = split_lines(text, name)
    dialect = guess_dialect(lines)
    blocks = list(iterate_blocks(lines, dialect, _width_of_grouped(lines, dialect))) if dialect else []
    found = _joined([block for block in blocks if block.rows.shape[1] >= 2])
    if dialect is None or not found:
        raise SpectrumError(_no_table(lines, name))
    full = [parts for parts in found if _length(parts) >= MIN_POINTS] or [max(found, key=_length)]
    tables: list[TextTable] = []
    above = 0
    for place, parts in enumerate(full):
        end = full[place + 1][0].start if place + 1 < len(full) else len(lines)
        own = [line for line in lines[above : parts[0].start] if line.strip()]
        values, labels = _without_empty(np.concatenate([part.rows for part in parts]), own, dialect)
        wordy = [line for line in own if _is_wordy(line)]
        words = tuple(strip_comment(line) for line in (*wordy[:_MOST_WORDS], *wordy[_MOST_WORDS:][-_MOST_WORDS:]))
        if tables and not labels and len(tables[0].labels) == values.shape[1]:
            labels = tables[0].labels
        header = (*tables[0].header, *words) if tables else words
        tables.append(TextTable(values, labels, header, _lost(lines, parts, end)))
        above = parts[-1].end
    return tuple(tables)


def _without_empty(
    values: NDArray[np.float64], header_lines: list[str], dialect: Dialect
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """A table and the names of its columns, without columns that hold nothing where tabs are doubled."""
    values[~(np.abs(values) < LARGEST)] = np.nan  # infinite, or damaged
    labels = find_labels(header_lines, values.shape[1], dialect)
    filled = ~np.isnan(values).all(axis=0)
    if labels or filled.all() or filled.sum() < 2:
        return values, labels
    return values[:, filled], find_labels(header_lines, int(filled.sum()), dialect)


def split_lines(text: str, name: str) -> list[str]:
    """The lines of a text, whatever ends them.

    Raises:
        SpectrumError: where they are more than any spectrum has.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    count = text.count("\n")
    if count > MAX_LINES:
        raise SpectrumError(f"{name}: {count:,} lines; spectra of up to {MAX_LINES:,} are read.")
    lines = text.split("\n")
    longest = max(map(len, lines))
    if longest > MAX_LINE:
        raise SpectrumError(f"{name}: a line of {longest:,} characters; lines of up to {MAX_LINE:,} are read.")
    return lines


def iterate_blocks(lines: list[str], dialect: Dialect, grouped_width: int = 0) -> Iterator[Block]:
    """The blocks of rows of one length; blank lines do not part them, words and comments do.

    Where the last columns end before the first, as of scans side by side, the rows go on with missing values. Rows of
    more than `grouped_width` fields, where it is given, have thousands that their separator parts.
    """
    rows: list[list[float]] = []
    start = width = end = 0
    for number, line in enumerate(lines):
        if not line or line.isspace():
            continue
        row = None if is_comment(line) else _parse_row(line, dialect, width, grouped_width)
        if row is not None and len(row) < width and _goes_on(rows, row):
            row = row + [math.nan] * (width - len(row))
        if rows and (row is None or len(row) != width):
            yield Block(np.array(rows), start, end)
            rows, width = [], 0
        if row is not None:
            if not rows:
                start, width = number, len(row)
            rows.append(row)
            end = number + 1
    if rows:
        yield Block(np.array(rows), start, end)


def find_labels(header_lines: list[str], count: int, dialect: Dialect) -> tuple[str, ...]:
    """The names of `count` columns, from the lowest header line that has as many words; empty where none has.

    A unit in brackets belongs to the word before it. SPEC writes `#L` before the names; SSRL each name on its own line.
    """
    for line in reversed(header_lines[-8:]):
        bare = strip_comment(line.removeprefix("#L ")).replace('"', "")
        if _FIELD.search(bare):
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
            numbers = [dialect.number(word) is not None for word in words]
            # the scans of a series may be named by numbers, such as their temperatures
            if len(words) == count and (not any(numbers) or (count > 2 and not numbers[0] and all(numbers[1:]))):
                return tuple(words)
    if len(header_lines) > count and header_lines[-count - 1].strip() == "Data:":
        return tuple(line.strip() for line in header_lines[-count:])
    return ()


def _is_wordy(line: str) -> bool:
    return any(character.isalpha() for character in line)


def _width_of_grouped(lines: list[str], dialect: Dialect) -> int:
    """The fields of a row where the commas of a file part both fields and thousands; zero where they do not."""
    if dialect.separator != "," or dialect.decimal != ".":
        return 0
    plain = [line for line in lines if "," in line and '"' not in line and not is_comment(line)]
    if len({line.count(",") for line in plain}) == 1:
        plain = plain[:_ENOUGH_LINES]  # all rows are alike
    rows = [dialect.split(line) for line in plain if dialect.is_row(line, False)]
    widths = {len(row) for row in rows}
    if not rows:
        return 0
    least = min(widths)
    if len(widths) == 1:  # of all rows or of none; the names of the columns decide
        first = next(number for number, line in enumerate(lines) if dialect.is_row(line, False))
        above = [line for line in lines[:first] if line.strip()]
        least = (
            least - 1 if find_labels(above, least - 1, dialect) and not find_labels(above, least, dialect) else least
        )
    longer = [row for row in rows if len(row) > least >= 2]
    return least if longer and all(len(dialect.regrouped(row, least)) == least for row in longer) else 0


def _parse_row(line: str, dialect: Dialect, expected: int, grouped_width: int) -> list[float] | None:
    """A row's numbers, or None where the line is no row. A field that is no number is NaN where most others are."""
    fields = dialect.split(line)
    if grouped_width:
        fields = dialect.regrouped(fields, grouped_width)
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


def _goes_on(rows: list[list[float]], row: list[float]) -> bool:
    """Whether a shorter row stands where the next of a table is expected."""
    if len(rows) < 2:
        return False
    last, step = rows[-1][0], rows[-1][0] - rows[-2][0]
    return 0 < (row[0] - last) * math.copysign(1, step) <= _MOST_STEPS_ACROSS * abs(step)


def _joined(blocks: list[Block]) -> list[list[Block]]:
    """Blocks in groups, each of them one table: a block goes on with the one before where its first column does."""
    groups: list[list[Block]] = []
    for block in blocks:
        last = groups[-1][-1].rows if groups else block.rows[:0]
        goes_on = (
            len(last) > 1
            and block.rows.shape[1] == last.shape[1]
            and (block.rows[0, 0] > last[-1, 0]) == (last[-1, 0] > last[-2, 0])
        )
        if goes_on:
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _length(parts: list[Block]) -> int:
    return sum(len(part.rows) for part in parts)


def _lost(lines: list[str], parts: list[Block], end: int) -> tuple[str, ...]:
    """A note on lines in a table, or after it, that begin with a number and are in no row."""
    gaps = [(a.end, b.start) for a, b in pairwise(parts)] + [(parts[-1].end, end)]
    lost = [line.strip() for low, high in gaps for line in lines[low:high] if _NUMBER_FIRST.match(line)]
    if not lost:
        return ()
    what = "line that begins with a number is no row of the table and was"
    if len(lost) > 1:
        what = "lines that begin with a number are no rows of the table and were"
    return (f"{len(lost)} {what} left out, such as {lost[0][:40]!r}.",)


def _no_table(lines: list[str], name: str) -> str:
    body = [line.strip() for line in lines if line.strip() and not is_comment(line)]
    single = sum(Dialect(None, ".").number(line, grouped=False) is not None for line in body)
    if body and single > len(body) / 2:
        return f"{name}: one column of numbers; two are expected, such as 2θ and intensity, or energy and absorption."
    first = f", got {body[0][:40]!r} and so on" if body else ""
    return f"{name}: no table of numbers in it{first}; two columns are expected, such as 2θ and intensity."
