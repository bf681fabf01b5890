"""Whole arrangements of an absorber's sites, as known compounds of the same proportions have them.

Shares of coordination numbers that are averaged over many compounds are blurred: of compounds with one absorber in
three on tetrahedral sites, and of others with all on octahedral ones, the mean is neither. So each known compound is
kept as one candidate, with the shares that its own sites have. How likely it is comes from how alike its elements are
to those of the formula, and from how well its shares agree with what was read off the spectrum (`arranged`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.element_physics import element_physics
from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.models.analogues import KnownSites, best_arrangements, replacement_lift
from xsearch.models.conditioning import STATES, balancing_states, shared_states
from xsearch.models.tasks import CLASSES
from xsearch.settings import setting

LIKENESS = (
    "absorber's lift", "others' lift", "mean lift by amount", "same elements", "absorber's charge",
    "absorber's electronegativity", "absorber's radius", "others' electronegativity", "others' radius",
)  # fmt: skip
"""What says how alike two compounds are, see `likeness`."""

_ELECTRONEGATIVITY, _RADIUS = 7, 8
"""Columns of `element_physics`."""

BY_KNOWN = "makes shares in 4,704 rows of `KnownSites` likeliest (`xsearch.training.arrangements`)"


@dataclass(frozen=True, slots=True)
class ArrangementSettings:
    """How arrangements are weighed."""

    nearest: int = setting(32, "compounds", "set by hand: of the most lift that are weighed")
    likeness: tuple[float, ...] = setting(
        (0.679, 0.661, 0.929, 2.772, -0.653, -2.093, -2.511, -1.428, -3.447), "1", f"{BY_KNOWN}: of each of `LIKENESS`"
    )
    unknown_charge: float = setting(0.6, "charges", "set by hand: difference where no charges balance")
    most_charge: float = setting(2.0, "charges", "set by hand: the most that a difference counts")


ARRANGEMENTS = ArrangementSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Arrangements:
    """Known compounds whose sites an absorber may have.

    Attributes:
        formulas: (n,) of the compounds.
        cn: (n, 16) shares of the atoms in the absorber's place by coordination number.
        likeness: (n, len(LIKENESS)) how alike each is, see `likeness`.
    """

    formulas: tuple[str, ...]
    cn: NDArray[np.float64]
    likeness: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.formulas)


def arrangements(known: KnownSites, absorber: str, amounts: Mapping[str, float]) -> Arrangements:
    """The candidates for a formula, without itself; none where no known compound has its proportions.

    An absorber whose charges balance only between two states counts as two elements too, each with its amount: Co3O4 is
    also compared with compounds such as MgAl2O4.
    """
    found = [_of_slots(known, [(e, amounts[e], _state(e, amounts)) for e in amounts], absorber, amounts)]
    if between := _between(absorber, amounts):
        others = [(e, amounts[e], _state(e, amounts)) for e in amounts if e != absorber]
        # shares come from charges that balance in several ways, so that atoms of one state are not quite whole
        mine = [(absorber, round(amounts[absorber] * share, 1), float(state)) for state, share in between]
        found.append(_of_slots(known, [*others, *mine], absorber, amounts))
    return Arrangements(
        tuple(name for one in found for name in one.formulas),
        np.concatenate([one.cn for one in found]),
        np.concatenate([one.likeness for one in found]),
    )


def _of_slots(
    known: KnownSites, slots: Sequence[tuple[str, float, float]], absorber: str, amounts: Mapping[str, float]
) -> Arrangements:
    """Candidates for elements with amounts and states; an absorber may stand on several slots."""
    slots = sorted(slots, key=lambda one: (round(one[1], 3), one[0]))
    symbols, amount = [s for s, _, _ in slots], np.array([a for _, a, _ in slots])
    nothing = Arrangements((), np.zeros((0, len(CLASSES["cn"]))), np.zeros((0, len(LIKENESS))))
    group = known.of_proportions(amount)
    if group is None:
        return nothing
    numbers, rows, formula = group
    lift, order = best_arrangements(symbols, amount, numbers)
    lift[formula == known.place(reduced_formula(amounts))] = -np.inf
    mine = np.array([s == absorber for s in symbols])
    there = np.take_along_axis(rows, order, 1)[:, mine]  # (g, slots of the absorber)
    lift[(there < 0).any(1)] = -np.inf
    chosen = np.lexsort((formula, -lift))[: ARRANGEMENTS.nearest]
    chosen = chosen[np.isfinite(lift[chosen])]
    if not len(chosen):
        return nothing
    share = amount[mine] / amount[mine].sum()
    shares = np.einsum("s,nsc->nc", share, known.cn[there[chosen]].astype(np.float64))
    names = tuple(known.formulas[f] for f in formula[chosen])
    numbers = np.take_along_axis(numbers[chosen], order[chosen], 1)
    pairs = zip(map(parse_formula, names), numbers[:, mine].tolist(), strict=True)
    charge = np.array([[_state(SYMBOLS[z - 1], theirs) for z in row] for theirs, row in pairs])
    off = np.abs(charge - np.array([q for _, _, q in slots])[mine]) @ share
    off = np.minimum(np.where(np.isfinite(off), off, ARRANGEMENTS.unknown_charge), ARRANGEMENTS.most_charge)
    return Arrangements(names, shares, likeness(symbols, amount, numbers, mine, off))


def likeness(
    symbols: Sequence[str],
    amount: NDArray[np.float64],
    numbers: NDArray[np.int64],
    mine: NDArray[np.bool_],
    charge: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(n, len(LIKENESS)) how alike compounds are to a formula.

    Args:
        symbols, amount: (k,) of the formula.
        numbers: (n, k) atomic numbers in their places.
        mine: (k,) places of the absorber.
        charge: (n,) by how much the absorber's charges differ.
    """
    z = np.array([ATOMIC_NUMBERS[s] for s in symbols])
    lift = np.stack([replacement_lift(s)[numbers[:, i]] for i, s in enumerate(symbols)], 1)
    physics = element_physics().astype(np.float64)[:, [_ELECTRONEGATIVITY, _RADIUS]]
    apart = np.abs(physics[z - 1] - physics[numbers - 1])  # (n, k, 2)
    weight = amount / amount.sum()
    own = weight * mine / weight[mine].sum()
    rest = ~mine / max((~mine).sum(), 1)
    same = (numbers == z).mean(1)
    columns = [lift @ own, lift @ rest, lift @ weight, same, charge, *(own @ apart).T, *(rest @ apart).T]
    return np.stack(columns, 1)


def _state(element: str, amounts: Mapping[str, float]) -> float:
    """Mean of the states that balance a formula; NaN where none does."""
    balance = balancing_states(element, tuple(sorted(amounts.items())))
    return float(balance @ np.array(STATES) / balance.sum()) if balance.sum() > 0.5 else np.nan


def _between(absorber: str, amounts: Mapping[str, float]) -> list[tuple[int, float]]:
    """(state, share) of the two neighbouring states between which a formula leaves its absorber; else none."""
    balance = balancing_states(absorber, tuple(sorted(amounts.items())))
    shares = shared_states(balance)
    return [(STATES[i], float(shares[i])) for i in np.flatnonzero(shares)]
