"""Which elements a hit may, must or must not hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import QueryError

_SEPARATORS = re.compile(r"[\s,;+\-]+")
_SYMBOLS_RUN_TOGETHER = re.compile(r"(?:[A-Z][a-z]?\d*){2,}")


@dataclass(frozen=True, slots=True)
class ElementQuery:
    """The element logic of a query; the default asks for nothing.

    Attributes:
        only: no element outside this set; None leaves it open.
        must: every one of these.
        may: with `must`, nothing outside `must` and `may`; alone it means the same as `only`. None leaves it open.
        exclude: none of these.
        exactly: this very set; None leaves it open. It says everything, so nothing else can stand beside it.

    Raises:
        QueryError: where an element does not exist or the demands contradict each other.
    """

    only: frozenset[str] | None = None
    must: frozenset[str] = frozenset()
    may: frozenset[str] | None = None
    exclude: frozenset[str] = frozenset()
    exactly: frozenset[str] | None = None

    def __post_init__(self) -> None:
        named = set().union(self.only or (), self.must, self.may or (), self.exclude, self.exactly or ())
        if unknown := sorted(named - ATOMIC_NUMBERS.keys()):
            raise QueryError(f"Unknown element {unknown[0]!r}; symbols from H to Cf are expected, such as Fe.")
        for word, allowed in (("only", self.only), ("may", self.may), ("exactly", self.exactly)):
            if allowed is not None and not allowed:
                raise QueryError(f"`{word}` names no element; leave it out, or give symbols such as Fe,O.")
        if self.exactly is not None and (self.only is not None or self.must or self.may is not None or self.exclude):
            raise QueryError("`exactly` names the whole set of elements; leave out only, must, may and not.")
        if self.only is not None and self.may is not None:
            raise QueryError("`only` and `may` both say what is allowed; give one of them.")
        if self.only is not None and (outside := self.must - self.only):
            raise QueryError(f"{_listed(outside)} must be there but is not among the only elements allowed.")
        for word, group in (("must", self.must), ("only", self.only), ("may", self.may)):
            if both := self.exclude & (group or frozenset()):
                raise QueryError(f"{_listed(both)} stands under both {word} and not; leave it out of one of them.")

    @classmethod
    def parse(
        cls,
        only: str | Iterable[str] | None = None,
        must: str | Iterable[str] | None = None,
        may: str | Iterable[str] | None = None,
        exclude: str | Iterable[str] | None = None,
        exactly: str | Iterable[str] | None = None,
    ) -> ElementQuery:
        """From text such as `Fe,O Ti`, or from lists of symbols; case is mended (`fe` is Fe).

        Raises:
            QueryError: where an element does not exist or the demands contradict each other.
        """
        return cls(
            only=None if only is None else parse_elements(only),
            must=parse_elements(must or ()),
            may=None if may is None else parse_elements(may),
            exclude=parse_elements(exclude or ()),
            exactly=None if exactly is None else parse_elements(exactly),
        )

    @property
    def asks_nothing(self) -> bool:
        """Whether every set of elements passes."""
        return self == ElementQuery()

    @property
    def required(self) -> frozenset[str]:
        """The elements that every hit holds."""
        return self.must if self.exactly is None else self.exactly

    @property
    def allowed(self) -> frozenset[str] | None:
        """The elements outside which no hit has any, or None where nothing is said about others."""
        if self.exactly is not None:
            return self.exactly
        if self.only is not None:
            return self.only
        return None if self.may is None else self.must | self.may

    def matches(self, elements: Collection[str]) -> bool:
        """Whether a crystal of these elements passes: the plain definition that the SQL is tested against."""
        held = set(elements)
        if self.allowed is not None and not held <= self.allowed:
            return False
        return self.required <= held and not (held & self.exclude)

    def __str__(self) -> str:
        parts = (
            ("exactly", self.exactly),
            ("only", self.only),
            ("must", self.must),
            ("may", self.may),
            ("not", self.exclude),
        )
        return "; ".join(f"{word} {_listed(group)}" for word, group in parts if group) or "any elements"


def parse_elements(given: str | Iterable[str]) -> frozenset[str]:
    """Element symbols out of text or a list of symbols.

    Raises:
        QueryError: naming the first word that is not an element.
    """
    words = _SEPARATORS.split(given) if isinstance(given, str) else [str(word).strip() for word in given]
    return frozenset(_symbol(word) for word in words if word)


def element_masks(elements: Iterable[str]) -> tuple[int, int]:
    """A set of elements as two 64-bit masks: hydrogen to gadolinium, terbium and beyond; bit 0 is the first."""
    bits = 0
    for element in elements:
        bits |= 1 << (ATOMIC_NUMBERS[element] - 1)
    return bits & 0xFFFF_FFFF_FFFF_FFFF, bits >> 64


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
