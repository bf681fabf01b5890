"""What a measured edge says of each library spectrum, and of the entries of the index: natural logarithms.

The weights make of an agreement how much likelier it is for the right compound than for another, so that measured,
simulated and predicted spectra, several edges and a powder pattern can be added up. They were set by likelihood on
107 measured edges of 28 compounds (`xas_measured.parquet`), against simulated spectra and measured ones of other
sources, with and without the elements; rounded towards what formula-grouped folds agreed on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes import Index
from xsearch.indexes.columns import Columns
from xsearch.preprocess.xanes import XanesWindow
from xsearch.search.edge_library import EdgeLibrary
from xsearch.search.prior import Prior
from xsearch.search.xanes_match import PRIOR_WEIGHT, XanesMatches, match

SIMULATED_WEIGHT, MEASURED_WEIGHT = 2.5, 4.0
"""What a factor of e in the distance from perfect correlation is worth."""
MEASURED_OFFSET = -2.0
"""Measured references agree better than simulations do, right or wrong: that much of it says nothing."""
PREDICTED_WEIGHT, PREDICTED_OFFSET = 2.0, 1.0
"""A predicted spectrum errs more than a simulated one: its agreement counts for less, and so does its disagreement.
At the usual distance of wrong compounds, exp(-2.07), both say the same. Likelihood alone, on 70 measured edges of 12
compounds that the model had learned from, would allow a weight of 2.5."""
SIMULATED_SHIFT_COST, PREDICTED_SHIFT_COST, MEASURED_SHIFT_COST = 1.0, 0.5, 1.5
"""Of a shift that is one usual deviation off, squared."""
LEAST_DISTANCE = 1e-4
THEORETICAL_COST, HULL_COST_PER_eV, UNKNOWN_HULL_eV, HIGHEST_HULL_eV = 0.6, 6.0, 0.03, 0.2
"""What it costs a compound never to have been made, and to lie above the hull."""

POLYMORPHS = 3
"""Entries of its formula that a reference without an entry of its own speaks for, where no pattern decides."""
OWN_SHARE = 0.5
"""How much an entry's own simulated spectrum counts among those that one reference speaks for."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgeEvidence:
    """One measured edge against the library.

    Attributes:
        library: n spectra.
        matches: how each agrees.
        value: (n,) natural logarithms.
        of_row: for rows of the index, their evidence and the place in the library of the spectrum that gives it.
        of_formula: likewise for formulas, from references that belong to no entry.
    """

    library: EdgeLibrary
    matches: XanesMatches
    value: NDArray[np.float64]
    of_row: dict[int, tuple[float, int]]
    of_formula: dict[str, tuple[float, int]]


def weigh_edge(window: XanesWindow, library: EdgeLibrary) -> EdgeEvidence:
    """Match an edge with the spectra of a library and weigh the agreement."""
    spectra = library.spectra
    matches = match(window, spectra, prefer_known=False)
    value = spectrum_evidence(matches, spectra.kind)
    of_row: dict[int, tuple[float, int]] = {}
    of_formula: dict[str, tuple[float, int]] = {}
    for place in np.lexsort((spectra.spectrum_id.astype(str), -value)).tolist():
        row, found = int(library.row[place]), (float(value[place]), place)
        if row >= 0:
            of_row.setdefault(row, found)
        else:
            of_formula.setdefault(str(spectra.reduced_formula[place]), found)
    return EdgeEvidence(library, matches, value, of_row, of_formula)


def spectrum_evidence(matches: XanesMatches, kind: NDArray[np.object_]) -> NDArray[np.float64]:
    """(n,) natural logarithms for each library spectrum, by its kind."""
    closeness = -np.log(np.maximum(1 - np.clip(matches.correlation, -1, 1), LEAST_DISTANCE))
    deviations = (matches.correlation - matches.score) / PRIOR_WEIGHT
    simulated = SIMULATED_WEIGHT * closeness - SIMULATED_SHIFT_COST * deviations
    measured = MEASURED_WEIGHT * closeness + MEASURED_OFFSET - MEASURED_SHIFT_COST * deviations
    predicted = PREDICTED_WEIGHT * closeness + PREDICTED_OFFSET - PREDICTED_SHIFT_COST * deviations
    return np.select([kind == "measured", kind == "predicted"], [measured, predicted], simulated)


def share_with_entries(index: Index, evidence: EdgeEvidence, rows: NDArray[np.int64] | None = None) -> EdgeEvidence:
    """Let references without an entry speak for the entries of their formula.

    Among those the simulated spectra decide, as far as there are any.

    Args:
        index: the index.
        evidence: of one edge.
        rows: the entries that may be spoken for; the most likely few of each formula if None.

    Returns:
        The evidence with more rows; references whose formula has no entry stay in `of_formula`.
    """
    of_row, left = dict(evidence.of_row), {}
    known = entries_of(index, list(evidence.of_formula))
    for formula, (value, place) in evidence.of_formula.items():
        entries = known.get(formula, np.zeros(0, np.int64))
        entries = most_likely(index, entries, of_row) if rows is None else entries[np.isin(entries, rows)]
        if not len(entries):
            left[formula] = (value, place)
            continue
        own = np.array([of_row[row][0] if row in of_row else np.nan for row in entries.tolist()])
        behind = np.zeros(len(entries))
        if np.isfinite(own).any():
            behind = OWN_SHARE * (np.where(np.isnan(own), np.nanmin(own), own) - np.nanmax(own))
        for row, lost in zip(entries.tolist(), behind.tolist(), strict=True):
            if row not in of_row or of_row[row][0] < value + lost:
                of_row[row] = (value + lost, place)
    return EdgeEvidence(evidence.library, evidence.matches, evidence.value, of_row, left)


def entry_prior(columns: Columns, rows: NDArray[np.int64], prior: Prior) -> NDArray[np.float64]:
    """(k,) natural logarithm of how likely entries are before any spectrum is seen, up to a constant."""
    if prior is Prior.NONE:
        return np.zeros(len(rows))
    hull = np.nan_to_num(columns.energy_above_hull_eV[rows].astype(np.float64), nan=UNKNOWN_HULL_eV)
    made = columns.is_measured[rows] == 1
    cost = HULL_COST_PER_eV * np.clip(hull, 0.0, HIGHEST_HULL_eV) + THEORETICAL_COST * (
        columns.is_theoretical[rows] == 1
    )
    return np.where(made, 0.0, -cost)


def entries_of(index: Index, formulas: list[str]) -> dict[str, NDArray[np.int64]]:
    """Rows of each reduced formula, linked measured cells left out."""
    statement = (
        "select reduced_formula, row_id from materials where cell_of is null and list_contains(?, reduced_formula)"
    )
    found: dict[str, list[int]] = {}
    for formula, row in index.sql(statement, [formulas]).fetchall() if formulas else ():
        found.setdefault(formula, []).append(row)
    return {formula: np.array(sorted(rows), np.int64) for formula, rows in found.items()}


def most_likely(index: Index, rows: NDArray[np.int64], of_row: dict[int, tuple[float, int]]) -> NDArray[np.int64]:
    """The `POLYMORPHS` likeliest of some entries, those with a spectrum of their own first."""
    prior = entry_prior(index.columns, rows, Prior.KNOWN)
    own = np.array([of_row[row][0] if row in of_row else -np.inf for row in rows.tolist()])
    return rows[np.lexsort((rows, -prior, -own))[:POLYMORPHS]]
