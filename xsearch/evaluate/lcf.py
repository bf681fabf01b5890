"""How well the compounds of a mixture are found by its edge: sums of measured spectra, and spectra of one compound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from time import process_time
from typing import Any, cast

import numpy as np
import scipy  # its parts are loaded when first used

from xsearch.answers import LcfResult
from xsearch.builders.user_entries import USER_ID
from xsearch.chemistry.formula import parse_formula
from xsearch.data.scores import mean_or_nan
from xsearch.data.xanes_tables import read_labelled_edges
from xsearch.errors import QueryError, SpectrumError
from xsearch.evaluate.xanes import left_out
from xsearch.options import Constraints, Given
from xsearch.preprocess.xanes import WINDOW_GRID_eV, normalize, window
from xsearch.search import SearchIndex
from xsearch.spectra.xanes import Xanes
from xsearch.spectra.xas import XasSpectrum
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.matching import hold_ends, shift_prior

NOISE = 0.005
"""Of each point, in edge steps."""

SMALLEST_SHARE = 0.2
"""Least fraction of a component in a made mixture."""


class Seen(StrEnum):
    """Which library spectra may explain a sum; never the two that it is made of."""

    SCANS = "scans"
    """Also other measurements of the compounds by the same laboratory, as references of one's laboratory are."""
    SOURCES = "sources"
    """Measurements of other sources, and simulated spectra."""


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredSum:
    """Two measured edges of one source, weighed and added.

    Attributes:
        xanes: their sum, with noise.
        shares: of the absorber, by reduced formula.
        references: for how many of the compounds a measured reference is left; a simulated spectrum is for each.
        hidden: library spectra that may not be seen.
    """

    xanes: Xanes
    shares: dict[str, float]
    references: int
    hidden: frozenset[str]

    @property
    def elements(self) -> list[str]:
        """Of both compounds."""
        return sorted({element for formula in self.shares for element in parse_formula(formula)})


@dataclass(frozen=True, slots=True)
class SumsReport:
    """Shares of sums, `baseline_*` of non-negative least squares over all spectra and its two largest formulas.

    Attributes:
        n, pairs: sums, and different pairs of compounds.
        list_of_two: both compounds are in the best linear combination of two.
        decided: the search, given no number, gives both and no other.
        share_error: mean absolute error of the share where both are found.
        within_two: of these, how often the error is below two of its standard deviations.
        baseline_list_of_two, baseline_share_error: likewise.
        cpu_s: median of a search.
    """

    n: int
    pairs: int
    list_of_two: float
    decided: float
    share_error: float
    within_two: float
    baseline_list_of_two: float
    baseline_share_error: float
    cpu_s: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def measured_sums(
    opened: SearchIndex, path: str | Path, seen: Seen, number: int, references: int = 2, seed: int = 0
) -> Iterator[MeasuredSum]:
    """Sums of two measured compounds whose formulas the library holds without them, every pair of them as often.

    Args:
        opened: the index.
        path: a table of measured spectra.
        seen: what the library may show.
        number: how many sums.
        references: compounds of a sum, 2 to 0, of which a measured reference is left in the library.
        seed: of the choice, the shares (0.2 to 0.8) and the noise.
    """
    pairs: dict[tuple[str, ...], list[tuple[XasSpectrum, XasSpectrum, frozenset[str]]]] = {}
    by_source: dict[tuple[str, str, str], list[XasSpectrum]] = {}
    for query in read_labelled_edges(path):
        if (query.absorber, query.edge) in opened.libraries.edges and _is_usable(query):
            by_source.setdefault((query.absorber, query.edge, query.source), []).append(query)
    for (absorber, edge, _), spectra in sorted(by_source.items()):
        library = opened.libraries.of(absorber, edge)
        for one, other in combinations(spectra, 2):
            formulas = sorted({one.reduced_formula, other.reduced_formula})
            hidden = hidden_from(library, one, other, seen)
            kinds = [_kinds_left(library, formula, hidden) for formula in formulas]
            if len(formulas) == 2 and all(kinds) and sum("measured" in left for left in kinds) == references:
                pairs.setdefault((absorber, edge, *formulas), []).append((one, other, hidden))
    chance = np.random.default_rng(seed)
    keys = sorted(pairs)
    for turn in range(number if keys else 0):
        choices = pairs[keys[turn % len(keys)]]
        one, other, hidden = choices[int(chance.integers(len(choices)))]
        share = float(chance.uniform(SMALLEST_SHARE, 1 - SMALLEST_SHARE))
        shares = {one.reduced_formula: share, other.reduced_formula: 1 - share}
        yield MeasuredSum(added(one.to_xanes(), other.to_xanes(), share, chance), shares, references, hidden)


def added(one: Xanes, other: Xanes, share: float, chance: np.random.Generator) -> Xanes:
    """Two normalised edges weighed and added on the first one's energies, with noise."""
    first, second = normalize(one), normalize(other)
    low, high = (f(first.energy_eV[end], second.energy_eV[end]) for f, end in ((max, 0), (min, -1)))
    energy = first.energy_eV[(first.energy_eV >= low) & (first.energy_eV <= high)]
    mu = share * np.interp(energy, first.energy_eV, first.mu)
    mu += (1 - share) * np.interp(energy, second.energy_eV, second.mu) + chance.normal(0, NOISE, len(energy))
    return Xanes(energy, mu, one.absorber, one.edge, "sum")


def hidden_from(library: EdgeLibrary, one: XasSpectrum, other: XasSpectrum, seen: Seen) -> frozenset[str]:
    """Library spectra that a sum may not see: the two that it is made of, or all measured ones of their source."""
    if seen is Seen.SOURCES:
        return frozenset(left_out(library, one))
    parts = {one.spectrum_id, other.spectrum_id}
    return frozenset(name for name in library.spectra.spectrum_id if name.removeprefix(USER_ID) in parts)


def evaluate_sums(opened: SearchIndex, sums: Iterator[MeasuredSum], given: Given = Given.SUBSET) -> SumsReport:
    """Search for every sum, given no number of compounds, with their elements or without."""
    two, decided, errors, within, plain, plain_errors, seconds = [], [], [], [], [], [], []
    pairs = set()
    for one in sums:
        elements = one.elements if given is not Given.NONE else None
        begin = process_time()
        result = cast(LcfResult, opened.search_mixture(xanes=one.xanes, only=elements, leave_out_spectra=one.hidden))
        seconds.append(process_time() - begin)
        pairs.add((one.xanes.absorber, *sorted(one.shares)))
        best = next((m for m in result.mixtures if len(m.hits) == 2), None)
        found = {} if best is None else {one.hit.formula: one for one in best.components}
        two.append(found.keys() == one.shares.keys())
        decided.append({hit.formula for hit in result.hits} == one.shares.keys() and len(result.hits) == 2)
        if two[-1]:
            formula, share = next(iter(one.shares.items()))
            errors.append(abs(found[formula].fraction - share))
            within.append(errors[-1] <= 2 * found[formula].fraction_error)
        largest = plain_fit(opened, one, elements)
        plain.append(largest.keys() == one.shares.keys())
        if plain[-1]:
            plain_errors += [abs(largest[formula] - share) for formula, share in list(one.shares.items())[:1]]
    return SumsReport(
        n=len(two),
        pairs=len(pairs),
        list_of_two=mean_or_nan(two),
        decided=mean_or_nan(decided),
        share_error=mean_or_nan(errors),
        within_two=mean_or_nan(within),
        baseline_list_of_two=mean_or_nan(plain),
        baseline_share_error=mean_or_nan(plain_errors),
        cpu_s=float(np.median(seconds)) if seconds else float("nan"),
    )


def plain_fit(opened: SearchIndex, one: MeasuredSum, elements: list[str] | None) -> dict[str, float]:
    """Shares of the two largest formulas of a non-negative fit of all spectra, each at its usual shift."""
    query = Constraints.parse(only=elements)
    library = opened.libraries.select(one.xanes.absorber, one.xanes.edge, query, (), one.hidden)
    edge, table = window(normalize(one.xanes)), library.spectra
    held, centre = hold_ends(table.values, table.known), shift_prior(table).mean_eV
    energies = WINDOW_GRID_eV + edge.offset_eV - centre[:, None] - table.offset_eV[:, None]
    design = np.stack([np.interp(e, WINDOW_GRID_eV, row) for e, row in zip(energies, held, strict=True)], axis=1)
    weights, _ = scipy.optimize.nnls(design[edge.known], edge.values[edge.known].astype(np.float64), maxiter=10_000)
    total: dict[str, float] = {}
    for formula, weight in zip(table.reduced_formula, weights, strict=True):
        total[str(formula)] = total.get(str(formula), 0.0) + float(weight)
    largest = sorted((f for f in total if total[f] > 0), key=lambda f: (-total[f], f))[:2]
    return {formula: total[formula] / sum(total[f] for f in largest) for formula in largest}


def stay_one(opened: SearchIndex, path: str | Path, given: Given = Given.SUBSET) -> dict[str, float]:
    """Measured edges of one compound, searched as mixtures: how many stay one, and how many are the right one.

    Searched are those whose formula the library holds without the measured spectra of the same source.
    """
    stayed, right = [], []
    for query in read_labelled_edges(path):
        if (query.absorber, query.edge) not in opened.libraries.edges:
            continue
        library = opened.libraries.of(query.absorber, query.edge)
        hidden = left_out(library, query)
        if not _kinds_left(library, query.reduced_formula, hidden):
            continue
        elements = sorted(parse_formula(query.reduced_formula)) if given is not Given.NONE else None
        try:
            result = opened.search_mixture(xanes=query.to_xanes(), only=elements, leave_out_spectra=hidden)
        except (SpectrumError, QueryError):
            continue
        stayed.append(len(result.hits) == 1)
        right.append([hit.formula for hit in result.hits] == [query.reduced_formula])
    return {"n": len(stayed), "stay_one": float(np.mean(stayed)), "right": float(np.mean(right))}


def _kinds_left(library: EdgeLibrary, formula: str, hidden: frozenset[str] | set[str]) -> set[str]:
    """Kinds of the spectra of a formula that may be seen."""
    table = library.spectra
    mine = np.flatnonzero(table.reduced_formula == formula)
    return {str(table.kind[at]) for at in mine if table.spectrum_id[at] not in hidden}


def _is_usable(query: XasSpectrum) -> bool:
    try:
        normalize(query.to_xanes())
    except SpectrumError:
        return False
    return True
