"""Physical properties of the elements as numbers of about one, for models that must answer for any element."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.valence import NON_METALS, electronegativity, states_of
from xsearch.elements import SYMBOLS

NOBLE_GASES = (0, 2, 10, 18, 36, 54, 86, 118)
"""Atomic numbers at which the periods end."""

ELEMENT_PHYSICS = 13
"""How many numbers describe an element."""


def shells(z: int) -> tuple[float, float, float, float, float, float]:
    """Period, place in it, and outer s, p, d and f electrons, each divided by its largest value."""
    period = next(n for n, noble in enumerate(NOBLE_GASES[1:], start=1) if z <= noble)
    place = z - NOBLE_GASES[period - 1]
    length = NOBLE_GASES[period] - NOBLE_GASES[period - 1]
    s, p = min(place, 2), max(0, place - (length - 6))
    d = min(10, max(0, place - (length - 16))) if length >= 18 else 0
    f = min(14, max(0, place - 2)) if length == 32 else 0
    return period / 7, place / length, s / 2, p / 6, d / 10, f / 14


@cache
def element_physics() -> NDArray[np.float32]:
    """(98, 13) of each element by atomic number.

    Atomic number, period, place in it, outer s, p, d and f electrons, electronegativity (Pauling), covalent radius,
    first ionisation energy, electron affinity (as tabulated in SMACT), whether it forms anions, and its mean reported
    oxidation state. What is not tabulated has the mean of the others.
    """
    from smact import Element

    rows = []
    for z, symbol in enumerate(SYMBOLS, start=1):
        element = Element(symbol)
        tabulated = (element.covalent_radius, element.ionpot, element.e_affinity)
        radius, ionisation, affinity = (np.nan if value is None else float(value) for value in tabulated)
        states = states_of(symbol)
        mean_state = sum(state * float(np.exp(log)) for state, log in states.items()) if states else np.nan
        rows.append(
            [z / 50, *shells(z), electronegativity(symbol) / 2, radius / 1.5, ionisation / 8, affinity,
             float(symbol in NON_METALS), mean_state / 3]
        )  # fmt: skip
    table = np.array(rows, np.float32)
    return np.where(np.isfinite(table), table, np.nanmean(table, axis=0)).astype(np.float32)
