"""Formulas of crystals and of users, all brought to one form."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import distinct_positions
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import CrystalError, QueryError

ROUND_TO = 3
"""Decimals kept of an amount that is not a whole number; refined occupancies are seldom better."""

WHOLE_WITHIN = 2e-3
"""How far an amount may lie from a whole number and count as one: three sites of occupancy 0.333 are one atom."""

MOST_TIMES = 4
"""Times the amounts of a formula at most that give its whole numbers: LiNi0.5Mn0.5O2 is Li2NiMnO4, but Fe0.95O not
Fe19O20."""

_HYDRATE = re.compile(r"[·•*]|(?<=[1-9A-Za-z)\]])\.(?=\d*\(?[HD]2O)")  # "CaSO4.2H2O", but not "Fe0.95O"
_TOKEN = re.compile(r"([A-Z][a-z]?)|([(\[{])|([)\]}])|([0-9]*\.?[0-9]+)|(\s+)")


def reduced_formula(amounts: Mapping[str, float]) -> str:
    """The reduced formula of a composition, in pymatgen's order and grouping, such as `LiFePO4` or `Ca(HO)2`."""
    return str(_composition()(dict(amounts)).reduced_formula)


def formula_of(crystal: Crystal, decimals: int = 2) -> str:
    """The reduced formula of a crystal, with fractions where sites are shared or partly empty: `Mg0.62Fe0.38O`."""
    unit = formula_unit(crystal)
    if all(amount == int(amount) for amount in unit.values()):
        return reduced_formula(unit)
    shown = {element: round(amount, decimals) for element, amount in unit.items()}
    text = str(_composition()({element: amount for element, amount in shown.items() if amount > 0}).formula)
    return "".join(re.sub(r"(?<=[A-Za-z])1$", "", part) for part in text.split())


def anonymous_formula(amounts: Mapping[str, float] | Iterable[float]) -> str:
    """The formula without its elements, rarest first, such as `AB2C4` for spinel."""
    values = sorted(amounts.values() if isinstance(amounts, Mapping) else amounts)
    return "".join(
        letter_of(rank) + ("" if amount == 1 else f"{amount:g}") for rank, amount in enumerate(_reduce(values))
    )


@cache
def _composition() -> Any:
    """pymatgen's Composition, with its warnings about the electronegativity of noble gases behind it."""
    import warnings

    from pymatgen.core import Composition, Element

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for symbol in SYMBOLS:
            Element(symbol).X  # noqa: B018  (pymatgen keeps it once it is read)
    return Composition


def letter_of(rank: int) -> str:
    """A, B, ... Z, AA, AB, ... for 0, 1, ..."""
    return chr(65 + rank) if rank < 26 else letter_of(rank // 26 - 1) + chr(65 + rank % 26)


def formula_unit(crystal: Crystal, hydrogen_without_position: float = 0.0) -> dict[str, float]:
    """Atoms of each element in one formula unit of a crystal.

    Of an ordered crystal, that is the smallest whole numbers. Of one with mixed or partly empty sites, the cell is
    divided by the number of times that all its kinds of site repeat, so that (Mg0.9Fe0.1)2SiO4 comes out as
    Mg1.8 Fe0.2 Si1 O4 and not as one atom of oxygen.

    Args:
        crystal: the crystal.
        hydrogen_without_position: hydrogen atoms in the cell that are known to be there and have no site.
    """
    hydrogen = round(hydrogen_without_position)
    if crystal.is_ordered and abs(hydrogen - hydrogen_without_position) < WHOLE_WITHIN:
        counts = Counter(crystal.elements)
        if hydrogen:
            counts["H"] += hydrogen
        units = math.gcd(*counts.values())
        return {element: count / units for element, count in counts.items()}
    _, mixes = distinct_positions(crystal)
    amounts: dict[str, float] = {"H": hydrogen_without_position} if hydrogen_without_position else {}
    kinds = Counter(mixes)
    for mix, count in kinds.items():
        for element, occupancy in mix:
            amounts[element] = amounts.get(element, 0.0) + occupancy * count
    whole = {element: round(amount) for element, amount in amounts.items()}
    if all(whole[element] > 0 and abs(amount - whole[element]) < WHOLE_WITHIN for element, amount in amounts.items()):
        units = math.gcd(*whole.values())
        return {element: amount / units for element, amount in whole.items()}
    return tidy({element: amount / math.gcd(*kinds.values()) for element, amount in amounts.items()})


def tidy(amounts: Mapping[str, float]) -> dict[str, float]:
    """Amounts rounded to what refinements can tell; whole numbers become exactly whole."""
    near = {element: round(amount, ROUND_TO) for element, amount in amounts.items()}
    near = {e: float(round(a)) if abs(a - round(a)) < WHOLE_WITHIN and round(a) else a for e, a in near.items()}
    return {element: amount for element, amount in near.items() if amount > 0}


def parse_formula(text: str) -> dict[str, float]:
    """Read a formula as people write it: `Fe2O3`, `Ca(OH)2`, `(Mg.9 Fe.1)2 Si O4`, `CaSO4·2H2O`; D counts as H.

    Args:
        text: the formula.

    Returns:
        Amounts by element symbol.

    Raises:
        CrystalError: where the text is no formula, or names an unknown element.
    """
    total: dict[str, float] = {}
    for part in _HYDRATE.split(text.strip()):
        factor_text = re.match(r"\s*(\d+(?:\.\d+)?)\s*(?=[A-Z(\[{])", part)
        factor = float(factor_text[1]) if factor_text else 1.0
        for element, amount in _parse_part(part[factor_text.end() :] if factor_text else part, text).items():
            total[element] = total.get(element, 0.0) + amount * factor
    if not total:
        raise CrystalError(f"{text!r} is not a formula; write it like Fe2O3 or Ca(OH)2.")
    return total


def stated_formula(text: str) -> dict[str, float]:
    """Amounts of each element in a formula that a user states, such as `Ca2MnAlO5` or `Li0.5CoO2`.

    Whole amounts are those of the reduced formula.

    Raises:
        QueryError: where it is no formula.
    """
    try:
        amounts = parse_formula(text)
    except CrystalError as error:
        raise QueryError(str(error)) from error
    whole = whole_amounts(amounts, most_times=1)
    return amounts if whole is None else {element: float(count) for element, count in whole.items()}


def whole_formula(text: str) -> dict[str, int]:
    """Atoms of each element in the reduced formula of a text such as `Ca2MnAlO5`.

    Raises:
        QueryError: where it is no formula of whole numbers.
    """
    whole = whole_amounts(stated_formula(text))
    if whole is None:
        raise QueryError(f"{text!r} has amounts that are not whole; give the formula of an ordered crystal.")
    return whole


def whole_amounts(amounts: Mapping[str, float], most_times: int = MOST_TIMES) -> dict[str, int] | None:
    """The smallest whole numbers in the ratio of some amounts; None where they are more than some times the amounts."""
    for times in range(1, most_times + 1):
        whole = {element: round(times * amount) for element, amount in amounts.items()}
        if all(count and abs(times * amounts[element] - count) < WHOLE_WITHIN for element, count in whole.items()):
            divisor = math.gcd(*whole.values())
            return {element: count // divisor for element, count in whole.items()}
    return None


def _parse_part(part: str, text: str) -> dict[str, float]:
    stack: list[dict[str, float]] = [{}]
    last: dict[str, float] = {}  # what a following number multiplies
    place = 0
    while place < len(part):
        found = _TOKEN.match(part, place)
        if not found:
            raise CrystalError(f"{text!r} is not a formula: {part[place]!r} cannot stand there.")
        place = found.end()
        element, opening, closing, number, _ = found.groups()
        if element:
            element = "H" if element in ("D", "T") else element
            if element not in ATOMIC_NUMBERS:
                raise CrystalError(f"{text!r} is not a formula: {element} is no element.")
            last = {element: 1.0}
            _add(stack[-1], last)
        elif opening:
            stack.append({})
            last = {}
        elif closing:
            if len(stack) == 1:
                raise CrystalError(f"{text!r} is not a formula: a bracket is closed that was not opened.")
            last = stack.pop()
            _add(stack[-1], last)
        elif number:
            if not last:
                raise CrystalError(f"{text!r} is not a formula: the number {number} follows no element.")
            _add(stack[-1], {symbol: amount * (float(number) - 1) for symbol, amount in last.items()})
            last = {}
    if len(stack) > 1:
        raise CrystalError(f"{text!r} is not a formula: a bracket is not closed.")
    return {element: amount for element, amount in stack[0].items() if amount > 0}


def _add(into: dict[str, float], more: Mapping[str, float]) -> None:
    for element, amount in more.items():
        into[element] = into.get(element, 0.0) + amount


def _reduce(values: list[float]) -> list[float]:
    if all(abs(value - round(value)) < WHOLE_WITHIN and round(value) for value in values):
        whole = [round(value) for value in values]
        return [value / math.gcd(*whole) for value in whole]
    return [round(value, ROUND_TO) for value in values]
