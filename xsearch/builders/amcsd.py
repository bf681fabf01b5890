"""Measured crystals of the American Mineralogist Crystal Structure Database, as the larixite package carries them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.builders.material import draft
from xsearch.builders.source import Item, Process
from xsearch.builders.title_conditions import conditions_in_title
from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.expand import fill_cell, parse_operations
from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.chemistry.labels import Atom, read_label
from xsearch.chemistry.material import Material
from xsearch.errors import CrystalError, MissingExtra

SCALE = 4e6
"""Coordinates and occupancies are stored as 4-byte whole numbers, in units of 1/SCALE."""

UNKNOWN = 2.0
"""What `?` of the original file became; `.` is 3."""

CELL = ("a", "b", "c", "alpha", "beta", "gamma")
NAME = "American Mineralogist Crystal Structure Database"
LICENCE = "free for use with citation"
CITATION = "R. T. Downs and M. Hall-Wallace, American Mineralogist 88, 247-250 (2003)"

ROWS = """
SELECT cif.id, minerals.name AS mineral, spacegroups.hm_notation AS space_group, spacegroups.symmetry_xyz AS operations,
       publications.journalname AS journal, publications.volume, publications.year, publications.page_first AS page,
       cif.publication_id, cif.formula, cif.pub_title AS title,
       cif.a, cif.b, cif.c, cif.alpha, cif.beta, cif.gamma,
       cif.atoms_sites AS labels, cif.atoms_x AS x, cif.atoms_y AS y, cif.atoms_z AS z, cif.atoms_occupancy AS occupancy
FROM cif
LEFT JOIN minerals ON minerals.id = cif.mineral_id
LEFT JOIN spacegroups ON spacegroups.id = cif.spacegroup_id
LEFT JOIN publications ON publications.id = cif.publication_id
ORDER BY cif.id
"""
AUTHORS = """
SELECT publication_authors.publication_id, authors.name
FROM publication_authors JOIN authors ON authors.id = publication_authors.author_id
ORDER BY publication_authors.rowid
"""


def amcsd_file() -> Path:
    """The SQLite file.

    Raises:
        MissingExtra: where larixite, or its file, is not installed.
    """
    spec = find_spec("larixite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / "amcsd_cif1.db").exists():
            return path
    raise MissingExtra(
        "The mineral database comes with the package larixite, which is not there: pip install larixite."
    )


@dataclass(frozen=True)
class AmcsdSource:
    """The mineral database, or the part of it whose reduced formulas are wanted.

    Attributes:
        only: reduced formulas to keep; None keeps all. A formula that cannot be read is kept.
    """

    only: frozenset[str] | None = None
    name: str = NAME
    licence: str = LICENCE
    citation: str = CITATION
    process: Process = field(default_factory=lambda: process_amcsd, repr=False)

    @cached_property
    def version(self) -> str:
        """As the database states it."""
        with _connect() as connection:
            (tag, date) = connection.execute("SELECT tag, date FROM version ORDER BY id").fetchone()
        return f"larixite {tag}, {date[:8]}"

    def fingerprint(self) -> str:
        """A hash of what is read, and of the formulas that are wanted.

        Not of the file, since larixite's own functions write to it as soon as they open it.
        """
        digest = hashlib.sha256(json.dumps(sorted(self.only) if self.only is not None else None).encode())
        file = amcsd_file()
        digest.update(_content(file, file.stat().st_mtime_ns))
        return digest.hexdigest()

    def count(self) -> int | None:
        """All rows; fewer come where only some formulas are wanted."""
        if self.only is not None:
            return None
        with _connect() as connection:
            return int(connection.execute("SELECT count(*) FROM cif").fetchone()[0])

    def formulas(self) -> frozenset[str] | None:
        """Not known before reading."""
        return None

    def items(self) -> Iterator[Item]:
        """One item a crystal, by number."""
        with _connect() as connection:
            connection.row_factory = sqlite3.Row
            authors: dict[int, list[str]] = {}
            for publication, name in connection.execute(AUTHORS):
                authors.setdefault(publication, []).append(name)
            for row in connection.execute(ROWS):
                if self.only is not None and not _may_be_one_of(row["formula"], self.only):
                    continue
                payload = dict(row)
                payload["authors"] = tuple(authors.get(payload.pop("publication_id"), ()))
                yield Item(f"amcsd-{row['id']:07d}", payload)


def process_amcsd(item: Item) -> Material:
    """A mineral from its row.

    Raises:
        CrystalError: where labels, coordinates and occupancies make no crystal.
    """
    row = item.payload
    stated = _stated(row["formula"])
    atoms = [read_label(label, stated) for label in json.loads(row["labels"])]
    coords = np.stack([_decode(row[axis]) for axis in "xyz"], axis=1)
    if len(coords) != len(atoms):
        raise CrystalError(f"{len(atoms)} labels and {len(coords)} positions do not agree.")
    if (coords >= UNKNOWN - 1e-6).any():
        raise CrystalError("Positions of some atoms are not known.")
    occupancies = _occupancies(row["occupancy"], len(atoms))
    crystal, origin = fill_cell(
        lattice_from_parameters(*(_cell_number(row[name]) for name in CELL)),
        coords,
        [atom.element for atom in atoms],
        occupancies,
        *_operations(row["operations"]),
    )
    temperature_K, pressure_GPa = conditions_in_title(row["title"] or "")
    return draft(
        item.item_id,
        crystal,
        source=NAME,
        licence=LICENCE,
        formula=(row["formula"] or "").replace(" ", "") or None,
        hydrogen_without_position=_hydrogen_without_position(row, atoms, crystal, origin),
        name=_known(row["mineral"]),
        reference=_reference(row),
        is_measured=True,
        is_theoretical=False,
        temperature_K=temperature_K,
        pressure_GPa=pressure_GPa,
        properties={"space_group_symbol": row["space_group"].split("%")[0].strip()},
    )


@lru_cache(maxsize=1024)
def _operations(text: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return parse_operations(json.loads(text))


def _hydrogen_without_position(
    row: dict[str, Any], atoms: Sequence[Atom], crystal: Crystal, origin: NDArray[np.intp]
) -> float:
    """Hydrogen atoms of the cell that labels such as `O-H` and `Wat` name.

    Some entries place those atoms as well. Then the stated formula decides whether the labels count: of the three
    readings (all labels, those with a capital H, none) the one that comes nearest to it is right.
    """
    every = np.array([atom.hydrogens for atom in atoms], dtype=float)
    capital = np.where(["-h" in label for label in json.loads(row["labels"])], 0.0, every)
    readings = [float((counts[origin] * crystal.occupancies).sum()) for counts in (every, capital, 0 * every)]
    placed = crystal.composition.get("H", 0.0)
    if not readings[0] or not placed:
        return readings[0]
    try:
        stated = parse_formula(row["formula"] or "")
    except CrystalError:
        return readings[0]
    others = sum(amount for element, amount in stated.items() if element != "H")
    ratio = stated.get("H", 0.0) / (others or 1.0)
    heavy = sum(amount for element, amount in crystal.composition.items() if element != "H")
    return min(readings, key=lambda reading: abs((placed + reading) / heavy - ratio))


@lru_cache(maxsize=1)
def _content(file: Path, changed_ns: int) -> bytes:
    """A hash of what is read from the file as it was last changed; it takes a second, and each build asks."""
    digest = hashlib.sha256()
    with _connect() as connection:
        for query in (ROWS, AUTHORS):
            for row in connection.execute(query):
                digest.update(repr(row).encode())
    return digest.digest()


@contextmanager
def _connect() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{amcsd_file().resolve().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def _cell_number(text: str) -> float:
    try:
        return float(text.strip(" ,").replace(",", "."))
    except ValueError:
        raise CrystalError(f"The cell parameter {text!r} is not a number.") from None


def _decode(text: str) -> NDArray[np.float64]:
    return np.frombuffer(b64decode(text), dtype="<i4") / SCALE


def _occupancies(text: str, n: int) -> NDArray[np.float64]:
    """Missing occupancies are full ones."""
    if text in ("0", ""):
        return np.ones(n)
    values = _decode(text).copy()
    if len(values) != n:
        raise CrystalError(f"{n} atoms and {len(values)} occupancies do not agree.")
    values[values >= UNKNOWN - 1e-6] = 1.0
    if (values > 1.1).any() or (values < 0).any():
        raise CrystalError(f"An occupancy of {values.max():g} is not possible.")
    return np.minimum(values, 1.0)


def _stated(formula: str | None) -> frozenset[str]:
    try:
        return frozenset(parse_formula(formula or ""))
    except CrystalError:
        return frozenset()


def _may_be_one_of(formula: str | None, wanted: frozenset[str]) -> bool:
    reduced = _reduced(formula or "")
    return reduced is None or reduced in wanted


@cache
def _reduced(formula: str) -> str | None:
    """The reduced formula; None of what cannot be read."""
    try:
        return reduced_formula(parse_formula(formula))
    except CrystalError:
        return None


def _known(text: str | None) -> str | None:
    return None if text is None or text == "<missing>" else " ".join(text.split())


def _reference(row: dict[str, Any]) -> str:
    names = row["authors"]
    who = ", ".join(names[:3]) + (" et al." if len(names) > 3 else "")
    where = " ".join(str(row[key]) for key in ("journal", "volume") if row[key])
    page = f", {row['page']}" if row["page"] else ""
    return f"{who} ({row['year']}) {where}{page}; {CITATION}"
