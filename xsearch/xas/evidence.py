"""What a measured edge says of each library spectrum, and of the entries of the index, as log-evidence.

The evidence is how much likelier an agreement is for the right compound than for another, so that measured, simulated
and predicted spectra, several edges and a powder pattern can be added up.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes import Index, sql
from xsearch.indexes.columns import Columns
from xsearch.models import xanes_encoder
from xsearch.options import Prior
from xsearch.preprocess.exafs import Exafs, extract_exafs
from xsearch.preprocess.xanes import NormalizedXanes, XanesWindow, window
from xsearch.xas.exafs_matching import ExafsMatches, ExafsTable, match_exafs
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.matching import XanesMatches, match
from xsearch.xas.settings import DEFAULTS, EdgeRecallSettings, EvidenceSettings, MatchingSettings, XasSettings

PACKINGS = {"fcc": 225, "bcc": 229, "hcp": 194, "diamond": 227}
"""Space groups of phases that are named by their packing."""


class Support(NamedTuple):
    """The log-evidence for an entry, and the place in the library of the spectrum that gives it."""

    log_evidence: float
    place: int


@dataclass(frozen=True, slots=True, eq=False)
class EdgeEvidence:
    """One measured edge against the library.

    Attributes:
        spectrum: the edge.
        library: n spectra.
        matches: how each agrees.
        exafs: χ(k) of the spectrum, where that was compared; None where the near edge was.
        of_reference: by formula and phase or sample, for references that belong to no entry.
        of_row: by row of the index.
        of_formula: by formula, for references that stand for no row.
    """

    spectrum: NormalizedXanes
    library: EdgeLibrary
    matches: XanesMatches | ExafsMatches
    of_reference: dict[tuple[str, str], Support]
    of_row: dict[int, Support]
    of_formula: dict[str, Support]
    exafs: Exafs | None = None

    @property
    def name(self) -> str:
        """Such as `Fe K`, or `Fe K EXAFS`."""
        return self.library.name


def weigh_edge(spectrum: NormalizedXanes, library: EdgeLibrary, settings: XasSettings = DEFAULTS) -> EdgeEvidence:
    """Match a near edge with the spectra of a library and weigh the agreement.

    Of a large library only what its vectors recall is matched.
    """
    query = window(spectrum)
    matches = match_recalled(query, library, recalled_by_vectors(query, library, settings.recall), settings.matching)
    value = spectrum_evidence(matches, library.spectra.kind, settings)
    return _by_entry(spectrum, library, matches, value)


def weigh_exafs(spectrum: NormalizedXanes, library: EdgeLibrary, settings: XasSettings = DEFAULTS) -> EdgeEvidence:
    """Match the EXAFS of an edge with that of a library and weigh the agreement.

    Raises:
        SpectrumError: where the spectrum does not reach far enough.
    """
    assert library.exafs is not None
    exafs = extract_exafs(spectrum)
    matches = match_exafs(exafs, library.exafs, settings.exafs)
    return replace(_by_entry(spectrum, library, matches, exafs_evidence(matches, library.exafs, settings)), exafs=exafs)


def exafs_evidence(matches: ExafsMatches, table: ExafsTable, settings: XasSettings = DEFAULTS) -> NDArray[np.float64]:
    """(n,) log-evidence for each library spectrum: how much nearer it is than a wrong compound's usually is."""
    numbers = settings.exafs
    distance = np.maximum(1 - np.clip(matches.correlation, -1, 1), numbers.least_distance)
    error = np.where(table.is_measured, 0.0, numbers.simulation_error)
    closeness = numbers.closeness_weight * np.log((numbers.wrong_distance + error) / (distance + error))
    return np.asarray(closeness - numbers.shift_cost * (matches.shift_eV / numbers.shift_sigma_eV) ** 2)


def _by_entry(
    spectrum: NormalizedXanes,
    library: EdgeLibrary,
    matches: XanesMatches | ExafsMatches,
    value: NDArray[np.float64],
) -> EdgeEvidence:
    """The best spectrum of each row, and of each reference that belongs to no entry."""
    table = library.spectra
    of_row: dict[int, Support] = {}
    of_reference: dict[tuple[str, str], Support] = {}
    for place in np.lexsort((table.spectrum_id.astype(str), -value)).tolist():
        row, found = int(library.row[place]), Support(float(value[place]), place)
        if row >= 0:
            of_row.setdefault(row, found)
        else:
            of_reference.setdefault((str(table.reduced_formula[place]), str(library.note[place])), found)
    return EdgeEvidence(spectrum, library, matches, of_reference, of_row, {})


def recalled_by_vectors(
    query: XanesWindow, library: EdgeLibrary, settings: EdgeRecallSettings = DEFAULTS.recall
) -> NDArray[np.bool_]:
    """(n,) which spectra of a library are matched: measured ones, and the nearest by their learned vectors.

    All of them where there are few, or where the index has no vectors of this xsearch's encoder.
    """
    n, encoder = len(library), xanes_encoder.load()
    if n <= settings.all_below or library.vectors is None or library.stored is None or encoder is None:
        return np.ones(n, bool)
    vector = encoder.vectors(query.values[None], query.known[None], query.absorber, query.edge)[0]
    nearest = library.vectors.nearest(vector, library.stored, settings.nearest)
    return np.isin(library.stored, nearest) | (library.spectra.kind == "measured")


def match_recalled(
    query: XanesWindow,
    library: EdgeLibrary,
    recalled: NDArray[np.bool_],
    settings: MatchingSettings = DEFAULTS.matching,
) -> XanesMatches:
    """An edge against the spectra that were recalled; the others agree no better than the worst of these."""
    if recalled.all():
        return match(query, library.spectra, settings)
    found = match(query, library.spectra.take(recalled), settings)
    worst = int(found.score.argmin())
    place = np.full(len(library), worst)
    place[recalled] = np.arange(recalled.sum())
    return XanesMatches(*(getattr(found, f.name)[place] for f in fields(XanesMatches)))


def spectrum_evidence(
    matches: XanesMatches, kind: NDArray[np.object_], settings: XasSettings = DEFAULTS
) -> NDArray[np.float64]:
    """(n,) log-evidence for each library spectrum, by its kind."""
    numbers = settings.evidence
    error, is_measured = library_errors(kind, numbers), (kind == "measured").astype(np.float64)
    deviations = (matches.correlation - matches.score) / settings.matching.shift_penalty
    return closeness(matches.correlation, error, is_measured, numbers) - shift_costs(kind, numbers) * deviations


def closeness(
    correlation: NDArray[np.float64],
    error: NDArray[np.float64],
    measured: NDArray[np.float64],
    settings: EvidenceSettings = DEFAULTS.evidence,
) -> NDArray[np.float64]:
    """(n,) log-evidence of correlations, before shifts cost.

    Args:
        correlation: (n,) of library spectra, or of combinations of them.
        error: (n,) distance 1 - r that each has from a measurement of its own compound.
        measured: (n,) how much of it was measured, from 0 to 1.
        settings: of the evidence.
    """
    blurred = np.maximum(1 - np.clip(correlation, -1, 1), settings.least_distance) + error
    offset = np.log((settings.wrong_distance + error) / (settings.wrong_distance + settings.simulation_error))
    return np.asarray(settings.closeness_weight * ((1 - measured) * offset - np.log(blurred)))


def library_errors(kind: NDArray[np.object_], settings: EvidenceSettings = DEFAULTS.evidence) -> NDArray[np.float64]:
    """(n,) distance 1 - r that library spectra have from a measurement of their own compound, by their kind."""
    errors = [settings.reference_error, settings.prediction_error]
    return np.select([kind == "measured", kind == "predicted"], errors, settings.simulation_error)


def shift_costs(kind: NDArray[np.object_], settings: EvidenceSettings = DEFAULTS.evidence) -> NDArray[np.float64]:
    """(n,) log-evidence that a shift costs, per squared standard deviation, by the kind of library spectrum."""
    costs = [settings.measured_shift_cost, settings.predicted_shift_cost]
    return np.select([kind == "measured", kind == "predicted"], costs, settings.simulated_shift_cost)


def assign_references(
    index: Index,
    evidence: EdgeEvidence,
    rows: NDArray[np.int64] | None = None,
    settings: EvidenceSettings = DEFAULTS.evidence,
) -> EdgeEvidence:
    """Let references without an entry stand for the entries of their formula.

    Where a reference names a phase that the index knows, it stands for that one only. Among several the simulated
    spectra decide, as far as there are any.

    Args:
        index: the index.
        evidence: of one edge.
        rows: the entries that a reference may stand for; the most likely few of each formula if None.
        settings: of the evidence.

    Returns:
        The evidence with more rows; references whose formula has no entry stay in `of_formula`.
    """
    of_row = dict(evidence.of_row)
    left: dict[str, Support] = {}
    formulas = sorted({formula for formula, _ in evidence.of_reference})
    known, named = entries_of(index, formulas), phase_groups(index, formulas)
    for (formula, phase), (value, place) in evidence.of_reference.items():
        entries = known.get(formula, np.zeros(0, np.int64))
        groups = groups_of(phase, formula, named)
        if (of_phase := np.isin(index.columns.space_group[entries], list(groups))).any():
            entries = entries[of_phase]
        if rows is None:
            entries = most_likely(index, entries, evidence.of_row, settings)
        else:
            entries = entries[np.isin(entries, rows)]
        if not len(entries):
            left.setdefault(formula, Support(value, place))
            continue
        simulated = np.array(
            [evidence.of_row[row][0] if row in evidence.of_row else np.nan for row in entries.tolist()]
        )
        behind = np.zeros(len(entries))
        if np.isfinite(simulated).any():
            filled = np.where(np.isnan(simulated), np.nanmin(simulated), simulated)
            behind = settings.polymorph_weight * (filled - np.nanmax(simulated))
        for row, lost in zip(entries.tolist(), behind.tolist(), strict=True):
            if row not in of_row or of_row[row][0] < value + lost:
                of_row[row] = Support(value + lost, place)
    return replace(evidence, of_row=of_row, of_formula=left)


def phase_groups(index: Index, formulas: list[str]) -> dict[tuple[str, str], frozenset[int]]:
    """Space groups of the named phases, mostly minerals, of some formulas: by formula and name in small letters."""
    found: dict[tuple[str, str], set[int]] = {}
    for formula, name, group in index.sql(sql.NAMED_PHASES, [formulas]).fetchall() if formulas else ():
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


def entry_prior(
    columns: Columns, rows: NDArray[np.int64], prior: Prior, settings: EvidenceSettings = DEFAULTS.evidence
) -> NDArray[np.float64]:
    """(k,) natural logarithm of how likely entries are before any spectrum is seen, up to a constant."""
    if prior is Prior.NONE:
        return np.zeros(len(rows))
    hull = np.nan_to_num(columns.energy_above_hull_eV[rows].astype(np.float64), nan=settings.unknown_hull_eV)
    is_measured = columns.is_measured[rows] == 1
    cost = settings.hull_cost_per_eV * np.clip(hull, 0.0, settings.highest_hull_eV) + settings.theoretical_cost * (
        columns.is_theoretical[rows] == 1
    )
    return np.where(is_measured, 0.0, -cost)


def entries_of(index: Index, formulas: list[str]) -> dict[str, NDArray[np.int64]]:
    """Rows of each reduced formula, linked measured cells left out."""
    found: dict[str, list[int]] = {}
    for formula, row in index.sql(sql.ENTRIES_OF_FORMULAS, [formulas]).fetchall() if formulas else ():
        found.setdefault(formula, []).append(row)
    return {formula: np.array(sorted(rows), np.int64) for formula, rows in found.items()}


def most_likely(
    index: Index,
    rows: NDArray[np.int64],
    of_row: dict[int, Support],
    settings: EvidenceSettings = DEFAULTS.evidence,
) -> NDArray[np.int64]:
    """The `polymorphs` likeliest of some entries, those with a spectrum first."""
    prior = entry_prior(index.columns, rows, Prior.KNOWN, settings)
    support = np.array([of_row[row][0] if row in of_row else -np.inf for row in rows.tolist()])
    return rows[np.lexsort((rows, -prior, -support))[: settings.polymorphs]]
