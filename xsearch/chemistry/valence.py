"""How likely each oxidation state of an element is, before anything is known of the compound."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import QueryError

RAREST_SHARE = 0.004
"""States that make up less than this share of an element's charged reports are left out; misprints live there."""

States = dict[int, float]
"""Oxidation state to natural logarithm of its probability."""

OxidationHint = int | Mapping[int, float]
"""What a user or a spectrum says of one element: its state, or states with their probabilities."""


@cache
def reported_states() -> dict[str, States]:
    """Charged states of every element with their share of reports in the ICSD, as tabulated in SMACT.

    Zero is left out: it stands for alloys, to which charge balance does not apply.
    Source: the ICSD 2024 counts shipped with SMACT (Davies et al., J. Open Source Softw. 4, 1361, 2019).
    """
    from smact import data_directory

    rows = json.loads((Path(data_directory) / "oxidation_states_icsd24_counts.json").read_text(encoding="utf-8"))
    counts: dict[str, dict[int, int]] = {}
    for row in rows:
        state, count = int(row["oxidation_state"]), int(row["results_count"])
        if count and state and row["element"] in ATOMIC_NUMBERS:
            counts.setdefault(row["element"], {})[state] = count
    found: dict[str, States] = {}
    for element, by_state in counts.items():
        total = sum(by_state.values())
        kept = {s: c for s, c in by_state.items() if c >= max(2, RAREST_SHARE * total)} or by_state
        found[element] = {s: float(np.log(c / total)) for s, c in sorted(kept.items())}
    return found


def states_of(element: str, hint: OxidationHint | None = None) -> States:
    """States of one element with the logarithm of their probability.

    Args:
        element: symbol.
        hint: the state, or states with probabilities, that replace the reported ones.

    Raises:
        QueryError: for an unknown element, or a hint without a positive probability or outside -5 to +9.
    """
    if element not in ATOMIC_NUMBERS:
        raise QueryError(f"Unknown element {element!r}; give a symbol such as Fe.")
    if hint is None:
        return dict(reported_states().get(element, {}))
    given = {int(hint): 1.0} if isinstance(hint, int | float) else {int(s): float(p) for s, p in hint.items()}
    given = {s: p for s, p in given.items() if p > 0}
    if not given or not all(-5 <= s <= 9 for s in given):
        raise QueryError(f"{element}: oxidation states between -5 and +9 are expected, got {hint!r}; write Mn=3.")
    total = sum(given.values())
    return {s: float(np.log(p / total)) for s, p in sorted(given.items())}


@cache
def electronegativity(element: str) -> float:
    """Pauling electronegativity; noble gases without one count as very electronegative."""
    from smact import Element

    value = Element(element).pauling_eneg
    return float(value) if value is not None else 4.0


NON_METALS = frozenset("H B C N O F Si P S Cl Ge As Se Br Sb Te I At".split())
"""Elements that can take a negative state in a salt; a compound of others only is an alloy."""


def is_alloy(elements: tuple[str, ...] | list[str] | frozenset[str]) -> bool:
    """Whether no element of the set forms anions, so that charge balance does not apply."""
    return not any(element in NON_METALS for element in elements)


def check_elements(elements: tuple[str, ...] | list[str], most: int = 6) -> tuple[str, ...]:
    """The distinct elements by atomic number.

    Raises:
        QueryError: for none, unknown ones, or more than `most`.
    """
    chosen = sorted(set(elements), key=lambda e: ATOMIC_NUMBERS.get(e, 0))
    if unknown := [e for e in chosen if e not in ATOMIC_NUMBERS]:
        raise QueryError(f"Unknown element {', '.join(unknown)}; give symbols such as {SYMBOLS[25]} or {SYMBOLS[7]}.")
    if not 1 <= len(chosen) <= most:
        raise QueryError(f"Between 1 and {most} elements are expected, got {len(chosen)}; name those of the sample.")
    return tuple(chosen)
