"""What a measured edge says of each library spectrum, and of the entries of the index: natural logarithms.

The weights make of an agreement how much likelier it is for the right compound than for another, so that measured,
simulated and predicted spectra, several edges and a powder pattern can be added up. They were set by likelihood on
107 measured edges of 28 compounds (`xas_measured.parquet`), against simulated spectra and measured ones of other
sources, with and without the elements; rounded towards what formula-grouped folds agreed on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes import Index
from xsearch.indexes.columns import Columns
from xsearch.indexes.prior import Prior
from xsearch.preprocess.xanes import XanesWindow
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.matching import PRIOR_WEIGHT, XanesMatches, match

CLOSENESS_WEIGHT = 4.0
"""What a factor of e in the distance from perfect correlation is worth."""
SIMULATION_ERROR, PREDICTION_ERROR, LEAST_DISTANCE = 0.05, 0.125, 1e-4
"""Distance that a simulated spectrum has from its own measurement, and a predicted one, whose agreement and
disagreement thus count for less; least distance of a measured one."""
WRONG_DISTANCE = 0.126
"""Usual distance of wrong compounds, at which simulated and predicted spectra say the same."""
SIMULATED_SHIFT_COST, PREDICTED_SHIFT_COST, MEASURED_SHIFT_COST = 0.75, 0.5, 1.5
"""Of a shift that is one usual deviation off, squared."""
THEORETICAL_COST, HULL_COST_PER_eV, UNKNOWN_HULL_eV, HIGHEST_HULL_eV = 0.5, 5.0, 0.03, 0.2
"""What it costs a compound never to have been made, and to lie above the hull."""

POLYMORPHS = 5
"""Entries of its formula that a reference without an entry of its own speaks for, where no pattern decides."""
PACKINGS = {"fcc": 225, "bcc": 229, "hcp": 194, "diamond": 227}
"""Space groups of phases that are named by their packing."""
OWN_SHARE = 0.5
"""How much an entry's own simulated spectrum counts among those that one reference speaks for."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgeEvidence:
    """One measured edge against the library.

    Attributes:
        library: n spectra.
        matches: how each agrees.
        value: (n,) natural logarithms.
        references: evidence of references that belong to no entry, by formula and phase or sample, and the place in
            the library of the spectrum that gives it.
        of_row: likewise for rows of the index.
        of_formula: likewise for formulas of references that speak for no row.
    """

    library: EdgeLibrary
    matches: XanesMatches
    value: NDArray[np.float64]
    references: dict[tuple[str, str], tuple[float, int]]
    of_row: dict[int, tuple[float, int]]
    of_formula: dict[str, tuple[float, int]]


def weigh_edge(window: XanesWindow, library: EdgeLibrary) -> EdgeEvidence:
    """Match an edge with the spectra of a library and weigh the agreement."""
    spectra = library.spectra
    matches = match(window, spectra)
    value = spectrum_evidence(matches, spectra.kind)
    of_row: dict[int, tuple[float, int]] = {}
    references: dict[tuple[str, str], tuple[float, int]] = {}
    for place in np.lexsort((spectra.spectrum_id.astype(str), -value)).tolist():
        row, found = int(library.row[place]), (float(value[place]), place)
        if row >= 0:
            of_row.setdefault(row, found)
        else:
            references.setdefault((str(spectra.reduced_formula[place]), str(library.note[place])), found)
    return EdgeEvidence(library, matches, value, references, of_row, {})


def spectrum_evidence(matches: XanesMatches, kind: NDArray[np.object_]) -> NDArray[np.float64]:
    """(n,) natural logarithms for each library spectrum, by its kind."""
    distance = 1 - np.clip(matches.correlation, -1, 1)
    is_measured = kind == "measured"
    error = own_errors(kind)
    blurred = np.where(is_measured, np.maximum(distance, LEAST_DISTANCE), distance + error)
    deviations = (matches.correlation - matches.score) / PRIOR_WEIGHT
    offset = CLOSENESS_WEIGHT * np.log((WRONG_DISTANCE + error) / (WRONG_DISTANCE + SIMULATION_ERROR))
    return np.where(is_measured, 0.0, offset) - CLOSENESS_WEIGHT * np.log(blurred) - shift_costs(kind) * deviations


def own_errors(kind: NDArray[np.object_]) -> NDArray[np.float64]:
    """(n,) distance that library spectra have from their own measurement, by their kind."""
    return np.select([kind == "measured", kind == "predicted"], [0.0, PREDICTION_ERROR], SIMULATION_ERROR)


def shift_costs(kind: NDArray[np.object_]) -> NDArray[np.float64]:
    """(n,) what a shift costs that is one usual deviation off, squared, by the kind of library spectrum."""
    costs = [MEASURED_SHIFT_COST, PREDICTED_SHIFT_COST]
    return np.select([kind == "measured", kind == "predicted"], costs, SIMULATED_SHIFT_COST)


def share_with_entries(index: Index, evidence: EdgeEvidence, rows: NDArray[np.int64] | None = None) -> EdgeEvidence:
    """Let references without an entry speak for the entries of their formula.

    Where a reference names a phase that the index knows, it speaks for that one only. Among several the simulated
    spectra decide, as far as there are any.

    Args:
        index: the index.
        evidence: of one edge.
        rows: the entries that may be spoken for; the most likely few of each formula if None.

    Returns:
        The evidence with more rows; references whose formula has no entry stay in `of_formula`.
    """
    of_row = dict(evidence.of_row)
    left: dict[str, tuple[float, int]] = {}
    formulas = sorted({formula for formula, _ in evidence.references})
    known, named = entries_of(index, formulas), phase_groups(index, formulas)
    for (formula, phase), (value, place) in evidence.references.items():
        entries = known.get(formula, np.zeros(0, np.int64))
        groups = groups_of(phase, formula, named)
        if (told := np.isin(index.columns.space_group[entries], list(groups))).any():
            entries = entries[told]
        entries = most_likely(index, entries, evidence.of_row) if rows is None else entries[np.isin(entries, rows)]
        if not len(entries):
            left.setdefault(formula, (value, place))
            continue
        own = np.array([evidence.of_row[row][0] if row in evidence.of_row else np.nan for row in entries.tolist()])
        behind = np.zeros(len(entries))
        if np.isfinite(own).any():
            behind = OWN_SHARE * (np.where(np.isnan(own), np.nanmin(own), own) - np.nanmax(own))
        for row, lost in zip(entries.tolist(), behind.tolist(), strict=True):
            if row not in of_row or of_row[row][0] < value + lost:
                of_row[row] = (value + lost, place)
    return replace(evidence, of_row=of_row, of_formula=left)


def phase_groups(index: Index, formulas: list[str]) -> dict[tuple[str, str], frozenset[int]]:
    """Space groups of the named phases, mostly minerals, of some formulas: by formula and name in small letters."""
    statement = (
        "select reduced_formula, lower(name), space_group from materials "
        "where name is not null and space_group is not null and list_contains(?, reduced_formula)"
    )
    found: dict[tuple[str, str], set[int]] = {}
    for formula, name, group in index.sql(statement, [formulas]).fetchall() if formulas else ():
        found.setdefault((formula, name), set()).add(int(group))
    return {key: frozenset(groups) for key, groups in found.items()}


def groups_of(phase: str, formula: str, named: dict[tuple[str, str], frozenset[int]]) -> frozenset[int]:
    """Space groups of a phase whose name is a packing, such as fcc, or a mineral that the index knows; else none.

    Args:
        phase: such as `goethite`; what follows in brackets is passed over.
        formula: the compound's reduced formula.
        named: what `phase_groups` gives.
    """
    name = phase.partition(" (")[0].strip().lower()
    return frozenset({PACKINGS[name]}) if name in PACKINGS else named.get((formula, name), frozenset())


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
