"""The compound of a reference spectrum: from a table beside the files, the file's own fields, or its name."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import CrystalError

MOST_BYTES = 200_000
"""Of a file that are looked through for its fields, and of a table of names."""
_FIELD = re.compile(
    rb"^[#;!%*\s]*sample[._ ](?P<name>[\w ]+?)\s*[:=]\s*(?P<value>\S.*?)\s*$", re.MULTILINE | re.IGNORECASE
)
_FORMULA_FIELDS = ("formula", "chemical_formula", "stoichiometry", "composition")
_NAME_FIELDS = ("name", "id")
_PURE = re.compile(r"\b(?P<symbol>[A-Z][a-z]?)0?[\s_-]*(foil|metal|elemental|element)", re.IGNORECASE)
_STATES = re.compile(r"\((?:[IV]{1,4}|0|[+-]?\d[+-]?)\)")
"""Oxidation states, as in `Fe(II)`, which are no iodine."""
_NOT_ONE_COMPOUND = re.compile(
    r"\b(mix(ture|ed)?|doped|(ad|ab)?sorbed|sorption|solution|aqueous|aq|supported|coprecip\w*|blend|glass|substituted)\b",
    re.IGNORECASE,
)
"""Words beside which a formula is not that of the sample."""
_WET = re.compile(r"hydrate|gypsum", re.IGNORECASE)
"""Words beside which a formula without hydrogen lacks its water."""
_SALT = re.compile(r"SO4|NO3|ClO4")
_CRYSTALLISE_WITH_WATER = frozenset("Mg Al Mn Fe Co Ni Cu Zn".split())
"""Metals whose sulfates, nitrates and perchlorates hold water as a rule, which names leave out."""
_BETWEEN_WORDS = re.compile(r"[\s_,;]+|\.(?=\d{3,})|(?<!\d)\.(?=\D)")
"""A point before three figures parts the number of a scan from its name."""
_ANIONS = frozenset("O S Se Te F Cl Br I N P As C".split())
_LOWER_CASE = re.compile(r"([a-z]{1,4}\d+)+[a-z]{1,4}\d*")
"""Formulas in lower case, such as `as2o5`; words without a number in their middle are none."""
_OH_WITHOUT_BRACKETS = re.compile(r"OH\d")
_FILE_COLUMNS = ("file", "filename", "file name", "name", "sample", "label", "id", "spectrum")


@dataclass(frozen=True, slots=True)
class Compound:
    """What a spectrum's compound is, as far as it can be said.

    Attributes:
        formula: reduced; empty where none is certain.
        source: where it was found, or why there is none.
    """

    formula: str
    source: str


def compound_of(
    fields: Mapping[str, str], name: str, absorber: str, table: Mapping[str, str] | None = None
) -> Compound:
    """The compound of a spectrum: by a table of names and formulas, by fields of the file, then by its name.

    A formula must hold the absorber. Where one is stated and does not, or where several could be meant, there is none:
    a reference under a wrong formula would mislead every search.

    Args:
        fields: the file's `Sample.` fields by their names in lower case.
        name: of the file, or of the spectrum within it.
        absorber: its element.
        table: formulas by names of files.
    """
    if stated := _in_table(name, table or {}):
        return _checked(stated, absorber, "the table of formulas")
    for field in _FORMULA_FIELDS:
        if fields.get(field):
            return _checked(fields[field], absorber, f"Sample.{field}")
    for field in _NAME_FIELDS:
        if found := _in_words(fields.get(field, ""), absorber):
            return Compound(found, f"Sample.{field}")
    if found := _in_words(Path(name).stem if Path(name).suffix.lower() in _SUFFIXES else name, absorber):
        return Compound(found, "the name")
    return Compound("", f"no formula with {absorber} is stated")


_SUFFIXES = frozenset(
    {".xdi", ".dat", ".txt", ".csv", ".nor", ".xmu", ".prj", ".xy", ".larix", ".h5", ".nxs", ".fio", ".gz"}
)


def sample_fields(data: bytes) -> dict[str, str]:
    """The fields of a file's sample, such as XDI's `Sample.formula`, by their names in lower case."""
    found: dict[str, str] = {}
    for match in _FIELD.finditer(data[:MOST_BYTES]):
        field = match["name"].decode("utf-8", errors="replace").strip().lower().replace(" ", "_")
        found.setdefault(field, match["value"].decode("utf-8", errors="replace"))
    return found


def read_formulas(folder: Path) -> dict[str, str]:
    """Formulas by names of files, out of the tables of a folder: CSV files with a column `formula` and one of names."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*")):
        if path.suffix.lower() in (".csv", ".tsv") and path.is_file():
            found |= {_key(name): formula for name, formula in _rows(path)}
    return found


def is_table_of_formulas(path: Path) -> bool:
    """Whether a file is such a table, and no spectrum."""
    return path.suffix.lower() in (".csv", ".tsv") and any(True for _ in _rows(path))


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open("rb") as stream:
            text = stream.read(MOST_BYTES).decode("utf-8-sig", errors="replace")
    except OSError:
        return
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        head = [word.strip().lower() for word in next(reader, [])]
        names = next((head.index(word) for word in _FILE_COLUMNS if word in head), None)
        if names is None or "formula" not in head:
            return
        formulas = head.index("formula")
        for row in reader:
            if len(row) > max(names, formulas) and row[names].strip() and row[formulas].strip():
                yield row[names].strip(), row[formulas].strip()
    except csv.Error:
        return


def _key(name: str) -> str:
    return Path(name.replace("\\", "/")).name.lower()


def _in_table(name: str, table: Mapping[str, str]) -> str | None:
    key = _key(name)
    return table.get(key) or table.get(Path(key).stem) or next(
        (formula for other, formula in table.items() if Path(other).stem == key), None
    )  # fmt: skip


def _checked(text: str, absorber: str, source: str) -> Compound:
    """A formula that is stated; none where it is none, or lacks the absorber."""
    amounts = _amounts(text)
    if amounts is None:
        amounts = _amounts(_STATES.sub("", text.split(",")[0].strip()))
    if amounts is None:
        return Compound("", f"{source} {text!r} is no formula")
    if absorber not in amounts:
        return Compound("", f"{source} {text!r} lacks the absorber {absorber}")
    return Compound(reduced_formula(amounts), source)


def _in_words(text: str, absorber: str) -> str:
    """The one compound with the absorber in it among the words of a text; empty where there is none, or several."""
    text = _STATES.sub("", text.strip())
    spaced = text.replace("_", " ")
    if not text or _NOT_ONE_COMPOUND.search(spaced) or "+" in text:
        return ""
    pure = _PURE.search(spaced)
    if pure and pure["symbol"].capitalize() == absorber:
        return absorber
    words = [word.strip(".,;:[]'\"") for word in _BETWEEN_WORDS.split(text)]
    found: dict[str, dict[str, float]] = {}
    for word in _with_water([word for word in words if word]):
        for amounts in _readings(word, absorber):
            if len(amounts) > 1:
                found[reduced_formula(amounts)] = amounts
    if len(found) != 1:
        return ""
    formula, amounts = next(iter(found.items()))
    dry = "H" not in amounts and (_WET.search(text) or (_SALT.search(text) and set(amounts) & _CRYSTALLISE_WITH_WATER))
    return "" if dry or absorber not in amounts else formula


def _with_water(words: list[str]) -> list[str]:
    """Words, in which the water of a hydrate belongs to the formula before it."""
    joined: list[str] = []
    for word in words:
        if joined and re.fullmatch(r"[·*.]?\d*\.?\d*H2O", word):
            joined[-1] += "·" + word.lstrip("·*.")
        else:
            joined.append(word)
    return joined


def _readings(word: str, absorber: str) -> list[dict[str, float]]:
    """The formulas that a word can mean; in lower case only one with the absorber that ends with what ends formulas."""
    if _LOWER_CASE.fullmatch(word):
        spelled = [amounts for amounts in _spellings(word) if absorber in amounts and list(amounts)[-1] in _ANIONS]
        return spelled if len(spelled) == 1 else []
    parts = [part for part in word.split("-") if part]
    readable = [amounts for part in parts if (amounts := _amounts(part)) is not None]
    if len(readable) != 1 and len(parts) > 1:
        return []  # FeO-OH is one compound, Fe2O3-SiO2 are two
    if _OH_WITHOUT_BRACKETS.search(word) and "(OH)" not in word:
        return []
    return readable


def _spellings(word: str) -> list[dict[str, float]]:
    """The formulas that a word in lower case can be, without repeats."""
    spelled: list[str] = [""]
    for letters, number in re.findall(r"([a-z]+)(\d*)", word):
        spelled = [start + symbols + number for start in spelled for symbols in _symbols(letters)]
    found = {reduced_formula(amounts): amounts for text in spelled[:64] if (amounts := _amounts(text)) is not None}
    return list(found.values())


def _symbols(letters: str) -> list[str]:
    """The ways to read letters as symbols of elements."""
    if not letters:
        return [""]
    ways = []
    for length in (1, 2):
        symbol = letters[:length].capitalize()
        if len(letters) >= length and symbol in ATOMIC_NUMBERS:
            ways += [symbol + rest for rest in _symbols(letters[length:])]
    return ways


def _amounts(text: str) -> dict[str, float] | None:
    """The amounts of a formula; None where a text is none."""
    if not re.match(r"[A-Z(\[]", text) or len(text) > 100:
        return None
    try:
        amounts = parse_formula(text)
    except CrystalError:
        return None
    return amounts if all(amount > 0 for amount in amounts.values()) else None
