"""Options and their parsers, one definition each for the command line and the library."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Any, TypeVar

from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import QueryError

Elements = str | Iterable[str] | None
"""Elements as a caller gives them: text such as `Fe,O`, a list of symbols, or None."""

MOST_PHASES = 6
"""Phases that a mixture may have at most; a pattern does not distinguish more."""

AUTO_PHASES = 4
"""Phases that a mixture may have where their number is left to the search."""

SPACE_GROUPS = 230
"""How many there are."""

_SEPARATORS = re.compile(r"[\s,;+\-]+")
_SYMBOLS_RUN_TOGETHER = re.compile(r"(?:[A-Z][a-z]?\d*){2,}")
_NUMBERS = re.compile(r"\s*([A-Za-z]{1,2})\s*=\s*([+-]?\d+(?:\s*,\s*[+-]?\d+)*)\s*")

Choice = TypeVar("Choice", bound=StrEnum)


class Prior(StrEnum):
    """What counts beside the measurement: known and stable compounds are favoured, or nothing is."""

    KNOWN = "known"
    NONE = "none"


class Ranking(StrEnum):
    """What finds and ranks the entries that a powder pattern is compared with.

    PHYSICS: profiles recall, the fit ranks. LEARNED: the network's vectors recall and rank. FUSED: both recall, the
    fit ranks.
    """

    PHYSICS = "physics"
    LEARNED = "learned"
    FUSED = "fused"


class CrystalSystem(StrEnum):
    """The seven crystal systems."""

    TRICLINIC = "triclinic"
    MONOCLINIC = "monoclinic"
    ORTHORHOMBIC = "orthorhombic"
    TETRAGONAL = "tetragonal"
    TRIGONAL = "trigonal"
    HEXAGONAL = "hexagonal"
    CUBIC = "cubic"


class Backend(StrEnum):
    """How nearest neighbours are found: all vectors are compared, or a graph or lists lead to some of them."""

    EXACT = "exact"
    HNSW = "hnsw"
    IVF = "ivf"


class Engine(StrEnum):
    """What calculates a near-edge spectrum: the learned forward model in milliseconds, or FEFF in minutes."""

    MODEL = "model"
    FEFF = "feff"


class Potential(StrEnum):
    """Which interatomic potential relaxes crystals; each comes with its weights in a package of its own."""

    CHGNET = "chgnet"
    CHGNET_R2SCAN = "chgnet-r2scan"
    SEVENNET = "sevennet"
    SEVENNET_R2SCAN = "sevennet-r2scan"
    DIEP = "diep"


POTENTIAL = Potential.CHGNET_R2SCAN
"""The one that relaxes crystals unless another is named."""


class Given(StrEnum):
    """What a search is given of the sample's elements: nothing, those that it may hold, or all that it holds."""

    NONE = "none"
    SUBSET = "subset"
    EXACT = "exact"


class Conditioning(StrEnum):
    """What a model of spectra is given of the compound: nothing, its elements, or its formula."""

    NONE = "none"
    ELEMENTS = "elements"
    FORMULA = "formula"


class Task(StrEnum):
    """What a search for a simulated entry has to find, and how that entry is measured.

    PUBLISHED: the symmetry of entries held out at random, under the conditions of the literature. FORMULA: the same
    with every entry of the compound left out of the index. STRONG: the entry itself, under all that measurement does
    and with the strain between computed and measured cells.
    """

    PUBLISHED = "published"
    FORMULA = "formula"
    STRONG = "strong"


class Range(StrEnum):
    """Which part of an absorption spectrum is compared.

    XANES: the near edge. EXAFS: the extended fine structure, k²χ(k). AUTO: the near edge, and EXAFS as further evidence
    where the spectrum reaches far enough and the index holds EXAFS of that edge.
    """

    XANES = "xanes"
    EXAFS = "exafs"
    AUTO = "auto"


class Compared(StrEnum):
    """Which spectra of the index a measured edge is compared with."""

    ALL = "all"
    MEASURED = "measured"
    SIMULATED = "simulated"


def parse_choice(kind: type[Choice], word: str, name: str) -> Choice:
    """The member of a closed set that a word names.

    Args:
        kind: the set.
        word: what was given.
        name: of the option, for the message.

    Raises:
        QueryError: where it names none; the message lists them.
    """
    try:
        return kind(word)
    except ValueError:
        raise QueryError(f"Unknown {name} {word!r}; one of {', '.join(kind)} is expected.") from None


@dataclass(frozen=True, slots=True)
class Constraints:
    """What an answer must satisfy: its elements, its symmetry, its metadata; the default leaves everything open.

    Attributes:
        only: no element outside this set; None leaves it open.
        must: every one of these.
        may: with `must`, nothing outside `must` and `may`; alone it means the same as `only`. None leaves it open.
        exclude: none of these.
        exactly: all of these and no others; None leaves it open. No other elements can stand beside it.
        any_of: at least one of these, and perhaps several; with `may`, these are allowed too. Empty leaves it open.
        system: its crystal system; None leaves it open.
        space_group: number of its space group; None leaves it open.
        where: an SQL condition on the metadata of an entry, such as `band_gap > 1`; None leaves it open. Of an
            inferred crystal it is that of the entry that gives the template.

    Raises:
        QueryError: where an element, a system or a space group does not exist, or the elements contradict each other.
    """

    only: frozenset[str] | None = None
    must: frozenset[str] = frozenset()
    may: frozenset[str] | None = None
    exclude: frozenset[str] = frozenset()
    exactly: frozenset[str] | None = None
    any_of: frozenset[str] = frozenset()
    system: CrystalSystem | None = None
    space_group: int | None = None
    where: str | None = None

    def __post_init__(self) -> None:
        if self.system is not None:
            object.__setattr__(self, "system", parse_choice(CrystalSystem, self.system, "crystal system"))
        if self.space_group is not None and not 1 <= self.space_group <= SPACE_GROUPS:
            raise QueryError(f"Space group {self.space_group} does not exist; 1 to {SPACE_GROUPS} are expected.")
        if self.where is not None and not self.where.strip():
            raise QueryError("`where` gives no condition; leave it out, or give one such as 'band_gap > 1'.")
        named = set().union(self.only or (), self.must, self.may or (), self.exclude, self.exactly or (), self.any_of)
        if unknown := sorted(named - ATOMIC_NUMBERS.keys()):
            raise QueryError(f"Unknown element {unknown[0]!r}; symbols from H to Cf are expected, such as Fe.")
        for word, allowed in (("only", self.only), ("may", self.may), ("exactly", self.exactly)):
            if allowed is not None and not allowed:
                raise QueryError(f"`{word}` names no element; leave it out, or give symbols such as Fe,O.")
        others = (self.only is not None, self.must, self.may is not None, self.exclude, self.any_of)
        if self.exactly is not None and any(others):
            raise QueryError("`exactly` names the whole set of elements; leave out only, must, may, any and not.")
        if self.only is not None and self.may is not None:
            raise QueryError("`only` and `may` both say what is allowed; give one of them.")
        if self.only is not None and (outside := self.must - self.only):
            raise QueryError(f"{_listed(outside)} must be there but is not among the only elements allowed.")
        if self.only is not None and (outside := self.any_of - self.only):
            raise QueryError(f"{_listed(outside)} may be there by `any` but is not among the only elements allowed.")
        for word, group in (("must", self.must), ("only", self.only), ("may", self.may), ("any", self.any_of)):
            if both := self.exclude & (group or frozenset()):
                raise QueryError(f"{_listed(both)} stands under both {word} and not; leave it out of one of them.")

    @classmethod
    def parse(
        cls,
        only: Elements = None,
        must: Elements = None,
        may: Elements = None,
        exclude: Elements = None,
        exactly: Elements = None,
        any_of: Elements = None,
        **conditions: Any,
    ) -> Constraints:
        """From text or lists of symbols, each as `parse_elements` takes it, and further fields as they are.

        Raises:
            QueryError: where an element does not exist or the conditions contradict each other.
        """
        return cls(
            only=None if only is None else parse_elements(only),
            must=parse_elements(must or ()),
            may=None if may is None else parse_elements(may),
            exclude=parse_elements(exclude or ()),
            exactly=None if exactly is None else parse_elements(exactly),
            any_of=parse_elements(any_of or ()),
            **conditions,
        )

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return self == Constraints()

    @property
    def of_entries(self) -> Constraints:
        """The conditions on symmetry and metadata alone."""
        return Constraints(system=self.system, space_group=self.space_group, where=self.where)

    @property
    def required(self) -> frozenset[str]:
        """The elements that every answer holds."""
        return self.must if self.exactly is None else self.exactly

    @property
    def allowed(self) -> frozenset[str] | None:
        """The elements outside which no answer has any, or None where nothing is said about others."""
        if self.exactly is not None:
            return self.exactly
        if self.only is not None:
            return self.only
        return None if self.may is None else self.must | self.may | self.any_of

    @property
    def alternatives(self) -> tuple[frozenset[str], ...]:
        """The sets of elements that a compound may hold all of, small ones first.

        One set where all elements are named; where some of them may be there, and where at least one of several is, one
        for each choice of these. Empty where nothing is said about other elements.
        """
        if self.allowed is None:
            return ()
        uncertain = ((self.may or frozenset()) | self.any_of) - self.must
        choices = sorted(uncertain, key=ATOMIC_NUMBERS.__getitem__)
        certain = self.allowed - uncertain
        sets = (certain | set(chosen) for count in range(len(choices) + 1) for chosen in combinations(choices, count))
        return tuple(one for one in sets if one and (not self.any_of or one & self.any_of))

    def matches(self, elements: Collection[str]) -> bool:
        """Whether these elements pass: the plain definition that the SQL is tested against."""
        held = set(elements)
        if self.allowed is not None and not held <= self.allowed:
            return False
        return not self.missing(held) and not (held & self.exclude)

    def missing(self, elements: Collection[str]) -> int:
        """How many of the demands on what must be there these elements leave open; `any_of` is one demand."""
        held = set(elements)
        return len(self.required - held) + bool(self.any_of and not self.any_of & held)

    def of_each_phase(self) -> Constraints:
        """What each phase of a mixture obeys: the phases hold the required elements together, none need hold them."""
        return replace(self.of_entries, may=self.allowed, exclude=self.exclude)

    def __str__(self) -> str:
        parts = (
            ("exactly", self.exactly),
            ("only", self.only),
            ("must", self.must),
            ("any of", self.any_of),
            ("may", self.may),
            ("not", self.exclude),
        )
        words = [f"{word} {_listed(group)}" for word, group in parts if group]
        words += [str(self.system)] if self.system else []
        words += [f"space group {self.space_group}"] if self.space_group else []
        words += [f"where {self.where}"] if self.where else []
        return "; ".join(words) or "any elements"


ANY = Constraints()
"""Constraints that let everything pass."""


def parse_elements(given: str | Iterable[str]) -> frozenset[str]:
    """Element symbols out of text such as `fe,o` or `Fe O Ti`, or out of a list of symbols; in any case.

    Raises:
        QueryError: naming the first word that is not an element.
    """
    words = _SEPARATORS.split(given) if isinstance(given, str) else [str(word).strip() for word in given]
    return frozenset(_symbol(word) for word in words if word)


def parse_numbers(texts: Iterable[str], what: str) -> dict[str, tuple[int, ...]]:
    """Numbers of elements: `["Mn=4,6", "o=-2"]` as `{"Mn": (4, 6), "O": (-2,)}`.

    Args:
        texts: one an element.
        what: what the numbers are, for the message.

    Raises:
        QueryError: where a text is not an element, `=` and whole numbers.
    """
    found: dict[str, tuple[int, ...]] = {}
    for text in texts:
        match = _NUMBERS.fullmatch(text)
        if match is None:
            raise QueryError(f"{text!r} gives no {what}; ELEMENT=NUMBERS is expected, such as Mn=3 or Mn=3,4.")
        found[_symbol(match[1])] = tuple(int(number) for number in match[2].split(","))
    return found


SECONDS_IN = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
"""By the letters that a time ends in."""


def parse_seconds(text: str) -> float:
    """Seconds from a time such as `90`, `90s`, `10m` or `1h`.

    Raises:
        QueryError: where it is none, or none above zero.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", text.lower())
    seconds = float(found[1]) * SECONDS_IN[found[2]] if found else 0.0
    if not seconds:
        raise QueryError(f"{text!r} is no time; write it as 90s, 10m or 1h.")
    return seconds


def parse_phases(text: str) -> int:
    """A largest number of phases from text: `3`, or `auto`.

    Raises:
        QueryError: where it is neither.
    """
    if text.strip().lower() == "auto":
        return AUTO_PHASES
    if text.isdecimal() and 1 <= int(text) <= MOST_PHASES:
        return int(text)
    raise QueryError(f"{text!r} is neither a number of phases from 1 to {MOST_PHASES} nor 'auto'.")


def _symbol(word: str) -> str:
    if (symbol := word[:1].upper() + word[1:].lower()) in ATOMIC_NUMBERS:
        return symbol
    hint = "symbols from H to Cf are expected, such as Fe"
    if _SYMBOLS_RUN_TOGETHER.fullmatch(word):
        hint = f"set the elements apart, such as {','.join(re.findall('[A-Z][a-z]?', word))}"
    elif word in ("D", "T"):
        hint = "hydrogen of any mass is H"
    raise QueryError(f"Unknown element {word!r}; {hint}.")


def _listed(elements: Iterable[str]) -> str:
    return ", ".join(sorted(elements, key=ATOMIC_NUMBERS.__getitem__))
