"""Composition conditioning: nothing, the elements or the formula of a compound, given to a model beside its spectrum.

Element symbols of a sample are usually known, its formula often. Either is one vector, which is zero where nothing is
given, so that one network serves all three.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.valence import RAREST_SHARE, is_alloy, states_of
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import QueryError
from xsearch.models.analogues import ANALOGUE_FEATURES, KnownSites
from xsearch.models.tasks import CLASSES
from xsearch.options import Conditioning

STATES = CLASSES["oxidation_state"]
COMPOSITION_FEATURES = 2 + 2 * len(SYMBOLS) + ANALOGUE_FEATURES + len(STATES)
STRONG_ANIONS = frozenset("O F Cl Br I S Se N".split())
"""Beside one of these in a formula, the absorber is not neutral. Carbonyls, the exception, are rare."""

LEAST_SHARE, BALANCED = 0.05, 0.8
"""Of a state that takes part in a mean between two, and the probability of such a mean that an answer must have. Set by
hand."""

LIKELIEST_STATES = 3
"""Of each other element; with four, a formula of seven elements takes milliseconds and the answer is the same."""


def conditioning_of(elements: Iterable[str] = (), amounts: Mapping[str, float] | None = None) -> Conditioning:
    """How much of a compound is given."""
    if amounts is not None:
        return Conditioning.FORMULA
    return Conditioning.ELEMENTS if list(elements) else Conditioning.NONE


def composition_features(
    absorber: str,
    elements: Iterable[str] = (),
    amounts: Mapping[str, float] | None = None,
    known: KnownSites | None = None,
) -> NDArray[np.float32]:
    """(227,) features of what is given of a compound; all zero where nothing is.

    Two flags (elements, formula), which elements there are, their atomic fractions, the coordination numbers in
    analogous compounds, and the oxidation states of the absorber that would balance the formula's charges.

    Args:
        absorber: its symbol.
        elements: all elements of the compound, the absorber among them or not; none if unknown.
        amounts: the formula as amounts by element; it goes before `elements`.
        known: compounds among which a formula's analogues are looked for.

    Raises:
        QueryError: for an unknown element, or a formula without the absorber.
    """
    found = np.zeros(COMPOSITION_FEATURES, np.float32)
    present = set(amounts if amounts is not None else elements)
    if not present:
        return found
    if unknown := sorted(present - set(ATOMIC_NUMBERS)):
        raise QueryError(f"Unknown element {', '.join(unknown)}; give symbols such as Fe or O.")
    found[0] = 1.0
    for element in present | {absorber}:
        found[1 + ATOMIC_NUMBERS[element]] = 1.0
    if amounts is not None:
        if not amounts.get(absorber):
            raise QueryError(f"The formula holds no {absorber}, whose edge the spectrum shows.")
        found[1] = 1.0
        total = sum(amounts.values())
        for element, amount in amounts.items():
            found[1 + len(SYMBOLS) + ATOMIC_NUMBERS[element]] = amount / total
        if known is not None:
            found[-len(STATES) - ANALOGUE_FEATURES : -len(STATES)] = known.features(absorber, amounts)
        found[-len(STATES) :] = balancing_states(absorber, tuple(sorted(amounts.items())))
    return found


def _mask(columns: int) -> NDArray[np.float32]:
    mask = np.zeros(COMPOSITION_FEATURES, np.float32)
    mask[2 : 2 + columns] = 1.0
    mask[0] = columns > 0
    mask[1] = columns > len(SYMBOLS)
    return mask


CONDITIONING_MASKS = {
    Conditioning.NONE: _mask(0),
    Conditioning.ELEMENTS: _mask(len(SYMBOLS)),
    Conditioning.FORMULA: _mask(COMPOSITION_FEATURES - 2),
}
"""By which the (227,) features of a formula are multiplied, so that no more of it is left than is given."""


@lru_cache(maxsize=4096)
def balancing_states(absorber: str, amounts: tuple[tuple[str, float], ...]) -> NDArray[np.float32]:
    """(13,) probability of each state of `STATES` for an absorber, were its formula's charges to cancel.

    In an element, a metal or an intermetallic it is zero. Elsewhere each other element takes its likeliest reported
    states with their probabilities; what charge is left belongs to the absorber. It counts by how often such a state is
    reported of the absorber. A fractional mean is shared between the two whole states beside it. All zero where nothing
    balances.

    Args:
        absorber: its symbol.
        amounts: (element, amount) pairs of the formula.
    """
    if is_neutral(element for element, _ in amounts):
        return np.array([float(state == 0) for state in STATES], np.float32)
    mine = dict(amounts)[absorber]
    others = [(amount, _likeliest(element)) for element, amount in amounts if element != absorber]
    shares = np.zeros(len(STATES))
    states = states_of(absorber)
    reported = {state: float(np.exp(states[state])) if state in states else RAREST_SHARE for state in STATES}
    for choice in itertools.product(*(states for _, states in others)):
        mean = -sum(amount * state for (amount, _), (state, _) in zip(others, choice, strict=True)) / mine
        if STATES[0] <= mean <= STATES[-1]:
            below, above = int(np.floor(mean)), int(np.ceil(mean))
            usual = (1 - (mean - below)) * reported[below] + (mean - below) * reported[above]
            weight = usual * float(np.exp(sum(log for _, log in choice)))
            shares[below - STATES[0]] += weight * (1 - (mean - below))
            if mean > below:
                shares[above - STATES[0]] += weight * (mean - below)
    return np.asarray(shares / max(shares.sum(), 1e-12), np.float32)


def shared_states(balance: NDArray[np.float32]) -> NDArray[np.float32]:
    """(13,) shares of the two neighbouring states between which a balance lies; all zero where it does not."""
    likely = np.flatnonzero(balance > LEAST_SHARE)
    shares = np.zeros_like(balance)
    if len(likely) == 2 and likely[1] - likely[0] == 1 and balance[likely].sum() >= BALANCED:
        shares[likely] = balance[likely] / balance[likely].sum()
    return shares


def is_neutral(elements: Iterable[str]) -> bool:
    """Whether atoms of these elements keep their electrons: one element alone, or metals only."""
    present = frozenset(elements)
    return len(present) == 1 or is_alloy(present)


def possible_states(
    absorber: str, elements: Iterable[str] = (), amounts: Mapping[str, float] | None = None
) -> NDArray[np.bool_]:
    """(13,) which states of `STATES` an absorber can have, by what is given of its compound.

    Zero alone in an element, a metal or an intermetallic; else zero and the reported states, within what the most
    positive and most negative reported states of the other elements leave in a formula.
    """
    present = set(amounts if amounts is not None else elements)
    if present and is_neutral(present | {absorber}):
        return np.array([state == 0 for state in STATES])
    reported = set(states_of(absorber)) | {0}
    lowest, highest = float(STATES[0]), float(STATES[-1])
    if amounts is not None:
        others = [(amount, states_of(e) or {0: 0.0}) for e, amount in amounts.items() if e != absorber]
        highest = -sum(amount * min(states) for amount, states in others) / amounts[absorber]
        lowest = -sum(amount * max(states) for amount, states in others) / amounts[absorber]
        if STRONG_ANIONS & (present - {absorber}):
            reported -= {0}
    found = np.array([state in reported and np.floor(lowest) <= state <= np.ceil(highest) for state in STATES])
    return found if found.any() else np.ones(len(STATES), bool)


def possible_neighbours(
    absorber: str, elements: Iterable[str] = (), amounts: Mapping[str, float] | None = None
) -> NDArray[np.bool_]:
    """(98,) which elements can surround an absorber: those of its compound, any where nothing is given."""
    present = set(amounts if amounts is not None else elements)
    if not present:
        return np.ones(len(SYMBOLS), bool)
    return np.array([symbol in present or symbol == absorber for symbol in SYMBOLS])


def charge_balances(composition: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 13) the states that `composition_features` found to balance; all alike where no formula says."""
    states = composition[:, -len(STATES) :]
    return np.where(states.any(1, keepdims=True), states, np.float32(1 / len(STATES)))


def _likeliest(element: str) -> list[tuple[int, float]]:
    """(state, log probability) pairs of an element; neutral where none is reported."""
    known = states_of(element)
    return sorted(known.items(), key=lambda pair: -pair[1])[:LIKELIEST_STATES] or [(0, 0.0)]
