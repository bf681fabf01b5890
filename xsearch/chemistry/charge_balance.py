"""Stoichiometries in which the charges cancel, enumerated and scored by the hundred thousand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from xsearch.chemistry.valence import OxidationHint, check_elements, electronegativity, is_alloy, states_of
from xsearch.errors import QueryError

MIXED_VALENCE_PENALTY = 1.5
"""Taken from the log-probability where one element holds two states at once. Set by hand."""

UNBALANCED = -40.0
"""Log-probability of a stoichiometry in which no allowed states cancel."""

MOST_STATES = 9
"""Oxidation states of an element that are tried, the most frequently reported ones."""

MOST_STOICHIOMETRIES = 20_000_000
"""Formulas that are enumerated at most: they take up to a gigabyte of memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Stoichiometries:
    """Formulas of one set of elements.

    Attributes:
        elements: n symbols, by atomic number.
        coefficients: (m, n) int64, atoms of each element in the reduced formula.
        log_probability: (m,) float64, natural logarithm of the probability of the likeliest balanced states;
            `UNBALANCED` where there are none, 0 for alloys.
        alloy: whether charge balance was left out.
    """

    elements: tuple[str, ...]
    coefficients: NDArray[np.int64]
    log_probability: NDArray[np.float64]
    alloy: bool = False

    def __len__(self) -> int:
        return len(self.coefficients)

    def formula(self, row: int) -> str:
        """Formula of one row, elements in order of electronegativity as pymatgen reduces them."""
        order = sorted(range(len(self.elements)), key=lambda i: (electronegativity(self.elements[i]), self.elements[i]))
        return "".join(
            f"{self.elements[i]}{c if c > 1 else ''}" for i in order if (c := int(self.coefficients[row, i]))
        )


def enumerate_stoichiometries(
    elements: tuple[str, ...] | list[str],
    *,
    largest_coefficient: int = 8,
    most_atoms: int = 24,
    oxidation: Mapping[str, OxidationHint] | None = None,
    alloy: bool | None = None,
) -> Stoichiometries:
    """All reduced, charge-balanced formulas that hold every element given, the likeliest first.

    Args:
        elements: 1 to 6 symbols.
        largest_coefficient: of any element in the reduced formula.
        most_atoms: in the reduced formula.
        oxidation: states known for some elements, with probabilities or not.
        alloy: True to skip charge balance, False to insist on it, None to decide by the elements.

    Raises:
        QueryError: for unknown elements, or limits that would give more than `MOST_STOICHIOMETRIES`.
    """
    chosen = check_elements(elements)
    if largest_coefficient < 1 or most_atoms < len(chosen):
        raise QueryError(
            f"Formulas of {len(chosen)} elements need a largest coefficient of at least 1 and at least {len(chosen)} "
            f"atoms, got {largest_coefficient} and {most_atoms}."
        )
    if largest_coefficient ** len(chosen) > MOST_STOICHIOMETRIES:
        raise QueryError(
            f"Coefficients up to {largest_coefficient} of {len(chosen)} elements give more than "
            f"{MOST_STOICHIOMETRIES:,} formulas; lower the largest coefficient."
        )
    grid = np.indices((largest_coefficient,) * len(chosen), dtype=np.int64).reshape(len(chosen), -1).T + 1
    grid = grid[grid.sum(axis=1) <= most_atoms]
    grid = grid[np.gcd.reduce(grid, axis=1) == 1]
    as_alloy = (is_alloy(chosen) or len(chosen) == 1) if alloy is None else alloy
    if as_alloy:
        order = np.argsort(grid.sum(axis=1), kind="stable")
        return Stoichiometries(chosen, grid[order], np.zeros(len(grid)), alloy=True)
    scores = charge_log_probability(chosen, grid, oxidation)
    kept = np.flatnonzero(scores > UNBALANCED)
    # equal probabilities: simpler formulas first
    kept = kept[np.lexsort((grid[kept].sum(axis=1), -np.round(scores[kept], 9)))]
    return Stoichiometries(chosen, grid[kept], scores[kept])


def charge_log_probability(
    elements: tuple[str, ...],
    coefficients: NDArray[np.integer],
    oxidation: Mapping[str, OxidationHint] | None = None,
) -> NDArray[np.float64]:
    """Probability of the likeliest states in which each formula's charges cancel.

    Every element takes one of its states; one element at a time may be of mixed valence, two neighbouring states
    whose mean balances the formula, at a penalty. Combinations in which a cation would be more electronegative
    than an anion are refused (Pauling's test, as in SMACT's screening).

    Args:
        elements: n symbols.
        coefficients: (m, n) atoms of each element; a zero leaves that element out.
        oxidation: states known for some elements.

    Returns:
        (m,) float64, natural logarithm, `UNBALANCED` where nothing cancels.
    """
    counts = np.ascontiguousarray(coefficients, dtype=np.int64)
    if len(elements) == 1:
        return np.full(len(counts), UNBALANCED)
    states = np.zeros((len(elements), MOST_STATES), np.int64)
    logs = np.full((len(elements), MOST_STATES), -np.inf)
    sizes = np.zeros(len(elements), np.int64)
    for i, element in enumerate(elements):
        known = states_of(element, (oxidation or {}).get(element))
        likeliest = sorted(sorted(known, key=lambda s: -known[s])[:MOST_STATES])
        sizes[i] = len(likeliest)
        states[i, : len(likeliest)] = likeliest
        logs[i, : len(likeliest)] = [known[s] for s in likeliest]
    negativity = np.array([electronegativity(e) for e in elements])
    return _best_balance(counts, states, logs, sizes, negativity, MIXED_VALENCE_PENALTY, UNBALANCED)


@njit(cache=True, nogil=True)
def _best_balance(counts, states, logs, sizes, negativity, mixed_penalty, unbalanced):  # type: ignore[no-untyped-def]
    m, n = counts.shape
    out = np.full(m, unbalanced)
    choice = np.zeros(n, np.int64)
    for row in range(m):
        best = unbalanced
        for free in range(n):
            # the free element takes whatever mean state the others leave it
            if counts[row, free] == 0 or sizes[free] == 0:
                continue
            choice[:] = 0
            while True:
                charge = 0
                total = 0.0
                usable = True
                highest_cation, lowest_anion = -1.0, 99.0
                for i in range(n):
                    if i == free or counts[row, i] == 0:
                        continue
                    if sizes[i] == 0:
                        usable = False
                        break
                    state = states[i, choice[i]]
                    charge += counts[row, i] * state
                    total += logs[i, choice[i]]
                    if state > 0:
                        highest_cation = max(highest_cation, negativity[i])
                    else:
                        lowest_anion = min(lowest_anion, negativity[i])
                if usable and total > best:
                    mean = -charge / counts[row, free]
                    last = sizes[free] - 1
                    gain = unbalanced
                    for k in range(last + 1):
                        if abs(mean - states[free, k]) < 1e-9:
                            gain = logs[free, k]
                            break
                        if k < last and states[free, k] < mean < states[free, k + 1]:
                            if states[free, k] * states[free, k + 1] > 0:
                                w = (mean - states[free, k]) / (states[free, k + 1] - states[free, k])
                                gain = (1 - w) * logs[free, k] + w * logs[free, k + 1] - mixed_penalty
                            break
                    if gain > unbalanced:
                        if mean > 0:
                            highest_cation = max(highest_cation, negativity[free])
                        else:
                            lowest_anion = min(lowest_anion, negativity[free])
                        if highest_cation <= lowest_anion and total + gain > best:
                            best = total + gain
                # next combination of the others, as an odometer
                i = 0
                while i < n:
                    if i != free and counts[row, i] > 0:
                        choice[i] += 1
                        if choice[i] < sizes[i]:
                            break
                        choice[i] = 0
                    i += 1
                if i == n:
                    break
        out[row] = best
    return out
