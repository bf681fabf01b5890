"""How a text file writes its rows: what parts the fields, the decimal mark, and thousands apart."""

import csv
import math
import re
from dataclasses import dataclass

_COMMENTS = ("#", ";", "!", "//", "'", "%", "*", "$", "@", "/*")
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "--", "---", "*", "inf", "-inf", "+inf", "#n/a"})
_MARKS_BEHIND = ("%", "°")
"""What may follow a number in its field."""
_HEAD_OF_THOUSANDS, _TAIL_OF_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:\d{3})*"), re.compile(r"\d{3}(?:\.\d*)?")
_SAMPLE_LINES = 400
"""Lines by which separators and columns are recognised."""
_BLANKS_IN_NUMBERS = re.compile("[\u00a0\u202f\u2009\u2007]")
_GROUP_MARKS = "'’ \u00a0\u202f\u2009\u2007"
"""What parts thousands beside comma and point, as in Swiss and French numbers."""
_GROUPED = {
    decimal: re.compile(
        rf"[-+]?[1-9]\d{{0,2}}(?:[{re.escape(other + _GROUP_MARKS)}]\d{{3}})+(?:{re.escape(decimal)}\d*)?"
    )
    for decimal, other in ((".", ","), (",", "."))
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file writes a row: what parts its fields (None: any blank), and its decimal mark."""

    separator: str | None
    decimal: str

    def split(self, line: str) -> list[str]:
        """The fields of a line, without quotes and without a closing separator."""
        if '"' in line:
            if self.separator is not None and any(self.separator in part for part in line.split('"')[1::2]):
                line = line.strip(" \r\n")
                return _without_last_blanks(next(csv.reader([line], delimiter=self.separator, skipinitialspace=True)))
            line = line.replace('"', "")
        if self.separator is None:
            return re.split(r"[ \t]+", line.strip()) if _BLANKS_IN_NUMBERS.search(line) else line.split()
        return _without_last_blanks(line.strip(" \r\n").split(self.separator))

    def number(self, field: str, grouped: bool = True) -> float | None:
        """A field's value; NaN where it says that a value is missing; None where it is no number.

        Args:
            field: such as `1.5`, `1,5` or `1.5D+03`.
            grouped: whether thousands may be parted, as in `12,345.6`.
        """
        plain = field
        if self.decimal == ",":
            plain = "?" if "." in field else field.replace(",", ".")
        try:
            return float(plain)
        except ValueError:
            pass
        if field.lower() in _MISSING:
            return math.nan
        if field[-1:] in _MARKS_BEHIND:
            return self.number(field[:-1].rstrip(), grouped)
        if grouped and _GROUPED[self.decimal].fullmatch(field):
            return float(re.sub(rf"[^\d{re.escape(self.decimal)}+-]", "", field).replace(",", "."))
        try:
            return float(plain.lower().replace("d", "e"))  # Fortran double precision, 1.5D+03
        except ValueError:
            return None

    def regrouped(self, fields: list[str], width: int) -> list[str]:
        """The fields of a row with thousands put together that its separator had parted, as in `10.0,1,234`."""
        while len(fields) > width:
            pairs = [
                place
                for place in range(len(fields) - 1)
                if _HEAD_OF_THOUSANDS.fullmatch(fields[place]) and _TAIL_OF_THOUSANDS.fullmatch(fields[place + 1])
            ]
            if not pairs:
                return fields
            place = pairs[0]
            fields = [*fields[:place], fields[place] + fields[place + 1], *fields[place + 2 :]]
        return fields

    def is_row(self, line: str, grouped: bool) -> bool:
        """Whether a line is a row of two or more numbers."""
        fields = self.split(line)
        return len(fields) >= 2 and all(self.number(field, grouped) is not None for field in fields)

    def is_mostly_row(self, line: str) -> bool:
        """Whether a line begins with two numbers or more and holds no more words than numbers."""
        numbers = [self.number(field) is not None for field in self.split(line)]
        return numbers[:2] == [True, True] and 2 * sum(numbers) >= len(numbers)


DIALECTS = (
    Dialect("\t", "."), Dialect(None, "."), Dialect(";", "."), Dialect(";", ","), Dialect(",", "."), Dialect("\t", ","),
    Dialect(None, ","),
)  # fmt: skip


def guess_dialect(lines: list[str]) -> Dialect | None:
    """The dialect in which most lines of a sample are rows of two or more numbers; None where no line is one.

    `1,234` is a thousand where other rows have numbers without any mark, and else a little more than one.
    """
    body = [line for line in lines if line.strip() and not is_comment(line)]
    middle = max(0, (len(body) - _SAMPLE_LINES) // 2)
    spread = body[:: max(1, len(body) // _SAMPLE_LINES)][:_SAMPLE_LINES]
    sample = [*body[middle : middle + _SAMPLE_LINES], *spread]
    plain = [sum(dialect.is_row(line, grouped=False) for line in sample) for dialect in DIALECTS]
    grouped = [sum(dialect.is_row(line, grouped=True) for line in sample) for dialect in DIALECTS]
    counts = [with_groups if without else 0 for without, with_groups in zip(plain, grouped, strict=True)]
    counts = counts if any(counts) else grouped
    if not any(counts):  # rows that hold words too, such as the indices of a reflection
        counts = [sum(dialect.is_mostly_row(line) for line in sample) for dialect in DIALECTS]
    best = max(counts)
    return DIALECTS[counts.index(best)] if best else None


def is_comment(line: str) -> bool:
    """Whether a line begins with a comment mark."""
    return line.lstrip().startswith(_COMMENTS)


def strip_comment(line: str) -> str:
    """A line without its comment mark."""
    return line.strip().lstrip("#;!%*$@'/").strip()


def _without_last_blanks(fields: list[str]) -> list[str]:
    fields = [field.strip() for field in fields]
    while fields and not fields[-1]:
        fields.pop()
    return fields
