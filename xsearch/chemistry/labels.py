"""What the labels of atoms in crystal files stand for."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import CrystalError


@dataclass(frozen=True, slots=True)
class Atom:
    """An atom as a file names it.

    Attributes:
        element: its symbol.
        hydrogens: hydrogen atoms that belong to it and have no position of their own, as in `OH` or `Wat`.
    """

    element: str
    hydrogens: int = 0


_GROUPS = (
    (re.compile(r"^(WAT|Wat|H2O|OH2|D2O)"), Atom("O", 2)),
    (re.compile(r"^(H3O|OH3)"), Atom("O", 3)),
    (re.compile(r"^(O-[Hh](?!yd)|OH|OD(?![a-z]))"), Atom("O", 1)),
    (re.compile(r"^O-hyd"), Atom("O", 1)),
    (re.compile(r"^NH4"), Atom("N", 4)),
    (re.compile(r"^NH3"), Atom("N", 3)),
    (re.compile(r"^NH2"), Atom("N", 2)),
    (re.compile(r"^CH3"), Atom("C", 3)),
    (re.compile(r"^CH2"), Atom("C", 2)),
    (re.compile(r"^CH(?![a-z])"), Atom("C", 1)),
)


def read_label(label: str, expected: Collection[str] = ()) -> Atom:
    """The atom that a label or type symbol names: `Fe3+`, `O2-`, `CA1`, `Wat`, `SiT1`, `D4`.

    Args:
        label: as it stands in the file.
        expected: elements of the stated formula, where there is one; it decides between `Cd` and a carbon named D.

    Raises:
        CrystalError: where no element can be read from it.
    """
    text = label.strip().strip("'\"")
    for pattern, atom in _GROUPS:
        if pattern.match(text) and (not expected or "H" in expected):
            return atom
    letters = re.match(r"[A-Za-z]+", text)
    if letters:
        word = letters[0]
        two, one = word[:2].capitalize(), word[0].upper()
        candidates = [symbol for symbol in (two, one) if len(word) >= len(symbol) and _is_element(symbol)]
        if len(word) > 1 and word[1].isupper() and not word.isupper():
            candidates.reverse()  # "OAl" is an oxygen, "CaM" a calcium
        likely = [symbol for symbol in candidates if _plain(symbol) in expected]
        if likely or candidates:
            return Atom(_plain((likely or candidates)[0]))
    raise CrystalError(f"The atom {label!r} names no known element.")


def _is_element(symbol: str) -> bool:
    return symbol in ATOMIC_NUMBERS or symbol in ("D", "T")


def _plain(symbol: str) -> str:
    return "H" if symbol in ("D", "T") else symbol
