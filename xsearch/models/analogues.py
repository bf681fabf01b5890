"""What known compounds say of a site by analogy: same proportions, other elements in the places.

Compounds whose elements take each other's places in crystals mostly share a structure (Hautier et al., Inorg. Chem.
50 (2011) 656). So the coordination of an absorber is looked up in the compounds of the same proportions, each counting
by how readily its elements replace those of the formula.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.chemistry.substitution import substitution_table
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.models.tasks import CLASSES
from xsearch.settings import setting

BY_HAND = "set by hand"
ANALOGUE_FEATURES = len(CLASSES["cn"])
"""Numbers that the composition network reads of the analogues."""


@dataclass(frozen=True, slots=True)
class AnalogueSettings:
    """How compounds are compared."""

    same: float = setting(2.5, "ln lift", f"{BY_HAND}: of an element that stays; also the most that another counts")
    least: float = setting(-4.0, "ln lift", f"{BY_HAND}: the least that a replacement counts")
    sharpness: float = setting(3.0, "1", f"{BY_HAND}: by which the mean lift is multiplied")
    nearest: int = setting(12, "compounds", f"{BY_HAND}: that count")
    flat: float = setting(100.0, "compounds", f"{BY_HAND}: weight of all coordination numbers alike; lift 0 is 1")
    arrangements: int = setting(720, "orders", f"{BY_HAND}: of elements of one amount that are tried at most")


ANALOGUES = AnalogueSettings()


@dataclass(frozen=True, slots=True, eq=False)
class KnownSites:
    """Coordination numbers in known compounds, a row for each element of each formula.

    Attributes:
        formulas: m reduced formulas, sorted.
        formula, z: (r,) int64 of each row: which formula, and the element's atomic number.
        cn: (r, 16) float32 shares of the element's atoms by coordination number.
    """

    formulas: tuple[str, ...]
    formula: NDArray[np.int64]
    z: NDArray[np.int64]
    cn: NDArray[np.float32]
    _groups: dict[tuple[float, ...], tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = field(init=False)
    _places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_groups", self._grouped())
        object.__setattr__(self, "_places", {name: place for place, name in enumerate(self.formulas)})

    @classmethod
    def of(
        cls,
        formulas: Sequence[str],
        z: NDArray[np.int64],
        cn: NDArray[np.int64],
        weight: NDArray[np.floating],
    ) -> Self:
        """From sites: reduced formulas, atomic numbers, classes of `cn` (-1 if unknown), shares of elements' atoms."""
        kept = np.flatnonzero(cn >= 0)
        names, place = np.unique(np.asarray(formulas, object)[kept].astype(str), return_inverse=True)
        rows, row = np.unique(np.stack([place, z[kept]], 1), axis=0, return_inverse=True)
        shares = np.zeros((len(rows), ANALOGUE_FEATURES), np.float64)
        np.add.at(shares, (row.ravel(), cn[kept]), weight[kept])
        shares /= np.maximum(shares.sum(1, keepdims=True), 1e-9)
        return cls(tuple(names.tolist()), rows[:, 0], rows[:, 1], shares.astype(np.float32))

    def features(self, absorber: str, amounts: Mapping[str, float]) -> NDArray[np.float32]:
        """(16,) logarithms of the shares by coordination number in the analogues, scaled as networks read them.

        The formula itself is no analogue of its own: so a network learns from formulas that are here what to make of
        others.
        """
        shares = ANALOGUES.flat / ANALOGUE_FEATURES + self.support(absorber, amounts)
        return np.asarray(1 + np.log(shares / shares.sum()) / 4, np.float32)

    def support(self, absorber: str, amounts: Mapping[str, float]) -> NDArray[np.float64]:
        """(16,) by coordination number, the weights of the nearest analogues; all zero where there is none."""
        found = np.zeros(ANALOGUE_FEATURES)
        order = _order(amounts)
        if absorber not in order:
            return found
        known = self.of_proportions([amounts[e] for e in order])
        if known is None:
            return found
        numbers, rows, formula = known
        lift, places = best_arrangements(order, [amounts[e] for e in order], numbers)
        slot = places[:, order.index(absorber)]
        lift[formula == self.place(reduced_formula(amounts))] = -np.inf
        for compound in np.lexsort((formula, -lift))[: ANALOGUES.nearest]:
            row = rows[compound, slot[compound]]
            if row >= 0 and np.isfinite(lift[compound]):
                found += np.exp(ANALOGUES.sharpness * lift[compound]) * self.cn[row]
        return found

    def of_proportions(
        self, amount: Sequence[float] | NDArray[np.floating]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None:
        """The compounds whose elements have these rising amounts, up to a factor.

        Returns:
            (g, k) atomic numbers, (g, k) rows (-1 where unknown), and (g,) places of the formulas; None if there are
            none.
        """
        return self._groups.get(_proportions(amount))

    def place(self, formula: str) -> int:
        """Where a reduced formula stands in `formulas`; -1 if it does not."""
        return self._places.get(formula, -1)

    def _grouped(self) -> dict[tuple[float, ...], tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
        """By proportions: (g, k) atomic numbers, (g, k) rows (-1 where unknown) and (g,) places of the formulas."""
        row_of = {(f, z): row for row, (f, z) in enumerate(zip(self.formula.tolist(), self.z.tolist(), strict=True))}
        members: dict[tuple[float, ...], list[tuple[list[int], list[int], int]]] = defaultdict(list)
        for place, name in enumerate(self.formulas):
            amounts = parse_formula(name)
            order = _order(amounts)
            numbers = [ATOMIC_NUMBERS[e] for e in order]
            members[_proportions([amounts[e] for e in order])].append(
                (numbers, [row_of.get((place, z), -1) for z in numbers], place)
            )
        return {
            key: tuple(np.array([m[i] for m in found], np.int64) for i in range(3))  # type: ignore[misc]
            for key, found in members.items()
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays by name: shares as bytes, where they are not zero."""
        row, cn = np.nonzero(self.cn > 0.002)
        return {
            "known_formulas": np.frombuffer("\n".join(self.formulas).encode(), np.uint8),
            "known_formula": self.formula.astype(np.uint16),
            "known_z": self.z.astype(np.uint8),
            "known_row": row.astype(np.int32),
            "known_cn": cn.astype(np.uint8),
            "known_share": np.round(self.cn[row, cn] * 255).astype(np.uint8),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Back from `to_arrays`."""
        shares = np.zeros((len(arrays["known_z"]), ANALOGUE_FEATURES), np.float32)
        shares[arrays["known_row"], arrays["known_cn"]] = arrays["known_share"] / np.float32(255)
        names = arrays["known_formulas"].tobytes().decode()
        return cls(
            tuple(names.split("\n")) if names else (),
            arrays["known_formula"].astype(np.int64),
            arrays["known_z"].astype(np.int64),
            shares,
        )


def _order(amounts: Mapping[str, float]) -> list[str]:
    """Elements by rising amount."""
    return sorted(amounts, key=lambda e: (round(amounts[e], 3), e))


def _proportions(amount: Sequence[float] | NDArray[np.floating]) -> tuple[float, ...]:
    total = sum(amount)
    return tuple(round(float(a) / total, 3) for a in amount)


def best_arrangements(
    symbols: Sequence[str], amount: Sequence[float] | NDArray[np.floating], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How compounds' elements are best assigned to those of a formula, by how readily they replace them.

    Args:
        symbols, amount: (k,) of the formula, by rising amount.
        numbers: (g, k) atomic numbers of compounds of these proportions.

    Returns:
        (g,) mean lift, and (g, k) which of a compound's slots is each element's.
    """
    lifts = np.stack([replacement_lift(e)[numbers] for e in symbols])  # (k, g, k): element, compound, slot
    best = np.full(len(numbers), -np.inf)
    slots = np.zeros(numbers.shape, np.int64)
    for arrangement in _arrangements(amount):
        lift = sum(lifts[i, :, j] for i, j in enumerate(arrangement)) / len(symbols)
        better = lift > best
        best[better], slots[better] = np.asarray(lift)[better], arrangement
    return best, slots


def _arrangements(amount: Sequence[float] | NDArray[np.floating]) -> Iterator[tuple[int, ...]]:
    """Orders of the slots in which only elements of one amount change places."""
    groups = [list(g) for _, g in itertools.groupby(range(len(amount)), key=lambda i: round(float(amount[i]), 3))]
    choices = itertools.product(*(itertools.permutations(group) for group in groups))
    for choice in itertools.islice(choices, ANALOGUES.arrangements):
        yield tuple(slot for group in choice for slot in group)


@lru_cache(maxsize=len(SYMBOLS))
def replacement_lift(element: str) -> NDArray[np.float64]:
    """By atomic number, how readily each takes an element's place."""
    lift = np.clip(substitution_table()[ATOMIC_NUMBERS[element]], ANALOGUES.least, ANALOGUES.same)
    lift[ATOMIC_NUMBERS[element]] = ANALOGUES.same
    return np.asarray(lift, np.float64)
