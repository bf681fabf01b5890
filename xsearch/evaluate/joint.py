"""XANES and powder diffraction combined against each alone: pairs of spectra searched in an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import SearchResult
from xsearch.data.labelled_patterns import LabelledPattern, read_labelled
from xsearch.data.xanes_tables import read_labelled_edges
from xsearch.errors import QueryError, SpectrumError
from xsearch.evaluate.retrieval import EdgeErrors
from xsearch.evaluate.xanes import left_out
from xsearch.indexes import Index
from xsearch.search import SearchIndex
from xsearch.simulate.profile_curve import pattern_curve
from xsearch.spectra import PowderPattern
from xsearch.spectra.xanes import Xanes

KS = (1, 2, 3, 5, 10)
"""Depths of a ranking at which a right answer is counted."""
TWO_THETA_deg = np.arange(15.0, 75.0, 0.02)
CU_KALPHA1_A = 1.5406
"""Wavelength of the simulated patterns, Å."""


@dataclass(frozen=True, slots=True)
class PairErrors:
    """Errors added to a pair: each axis of the cell strained by up to `strain`, counts with `background` under
    them, lines `fwhm_deg` wide, and the edge by `xanes`."""

    strain: float = 0.02
    background: float = 3.0
    counts: float = 60.0
    fwhm_deg: float = 0.6
    xanes: EdgeErrors = field(default_factory=lambda: EdgeErrors(shift_eV=3.0, broadening_eV=1.5, noise=0.05))


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A pattern and an edge of one sample.

    Attributes:
        pattern, xanes: the spectra.
        formula: reduced, of the sample.
        material_id: of the entry that they were made from; empty for measured ones, where the formula decides.
        hidden: library spectra that may not be seen.
    """

    pattern: PowderPattern
    xanes: Xanes
    formula: str
    material_id: str = ""
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class JointReport:
    """Share of pairs whose material is among the first k, for the edge alone, the pattern alone, and both.

    Nothing but the absorber is known of the elements, to the pattern alone as well.
    """

    n: int
    formulas: int
    xanes: dict[int, float]
    pxrd: dict[int, float]
    joint: dict[int, float]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def evaluate_joint(
    opened: SearchIndex, pairs: Iterable[Pair], prior: str = "known", progress: Callable[[str], None] | None = None
) -> JointReport:
    """Search for every pair by its edge, by its pattern, and by both."""
    ranks: dict[str, list[int]] = {"xanes": [], "pxrd": [], "joint": []}
    formulas = set()
    for pair in pairs:
        questions: dict[str, dict[str, Any]] = {
            "xanes": {"xanes": pair.xanes},
            "pxrd": {"pxrd": pair.pattern, "must": [pair.xanes.absorber]},
            "joint": {"pxrd": pair.pattern, "xanes": pair.xanes},
        }
        try:
            found = {
                name: opened.search(top=max(KS), prior=prior, leave_out_spectra=pair.hidden, **question)
                for name, question in questions.items()
            }
        except (SpectrumError, QueryError):
            continue
        formulas.add(pair.formula)
        for name, result in found.items():
            ranks[name].append(rank_of(pair, result))
        if progress:
            progress(pair.formula)
    shares = {name: {k: float((np.array(r) <= k).mean()) for k in KS} for name, r in ranks.items()}
    return JointReport(len(ranks["joint"]), len(formulas), shares["xanes"], shares["pxrd"], shares["joint"])


def rank_of(pair: Pair, result: SearchResult) -> int:
    """Of the first right hit; beyond all others where there is none."""
    for hit in result.hits:
        for one in (hit, *hit.duplicates):
            if (one.material_id == pair.material_id) if pair.material_id else (one.formula == pair.formula):
                return hit.rank
    return 10**6


def simulated_pairs(
    opened: SearchIndex, absorber: str, edge: str, number: int = 80, seed: int = 0, errors: PairErrors | None = None
) -> Iterator[Pair]:
    """Simulated pairs with errors, of entries with a simulated spectrum of the material's mean.

    Args:
        opened: the index.
        absorber, edge: of the spectra.
        number: how many pairs.
        seed: of the choice and the errors.
        errors: the usual ones if None.
    """
    errors = errors or PairErrors()
    library = opened.libraries.of(absorber, edge)
    table = library.spectra
    usable = (library.row >= 0) & (table.level == "material") & (table.kind == "simulated")
    chance = np.random.default_rng(seed)
    places = np.flatnonzero(usable)
    for at in chance.choice(places, min(number, len(places)), replace=False):
        row = int(library.row[at])
        stored = next(s for s in opened.index.spectra(row) if s.spectrum_id == table.spectrum_id[at])
        pattern = _pattern_with_errors(opened.index, row, errors, chance)
        name = str(table.material_id[at])
        yield Pair(pattern, errors.xanes(stored.to_xanes(), chance), str(table.reduced_formula[at]), name)


def measured_pairs(opened: SearchIndex, patterns: str | Path, spectra: str | Path) -> Iterator[Pair]:
    """Measured patterns and measured edges of the same formula, each with each; of different samples.

    Library spectra of an edge's source are hidden from it.
    """
    by_formula: dict[str, list[LabelledPattern]] = {}
    for one in read_labelled(patterns):
        by_formula.setdefault(one.formula, []).append(one)
    for query in read_labelled_edges(spectra):
        if (query.absorber, query.edge) not in opened.libraries.edges:
            continue
        hidden = frozenset(left_out(opened.libraries.of(query.absorber, query.edge), query))
        for one in by_formula.get(query.reduced_formula, []):
            yield Pair(one.pattern, query.to_xanes(), query.reduced_formula, hidden=hidden)


def _pattern_with_errors(index: Index, row: int, errors: PairErrors, chance: np.random.Generator) -> PowderPattern:
    """A short, broad-lined, noisy pattern of a strained cell."""
    reflections = index.reflections(row)
    cell: NDArray[np.float64] = np.array(reflections.cell)
    lengths = _allowed_strain(reflections.crystal_system, chance.uniform(-errors.strain, errors.strain, 3))
    cell[:3] *= 1 + lengths
    curve = pattern_curve(reflections, cell, TWO_THETA_deg, CU_KALPHA1_A, errors.fwhm_deg)
    expected = errors.background + errors.counts * curve / max(float(curve.max()), 1e-12)
    return PowderPattern(TWO_THETA_deg, chance.poisson(expected).astype(float), CU_KALPHA1_A, "simulated")


def _allowed_strain(system: str, strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Strains of a, b and c that keep the crystal system."""
    a, b, c = strain
    if system == "cubic":
        return np.array([a, a, a])
    return np.array([a, a, c]) if system in ("tetragonal", "hexagonal", "trigonal") else np.array([a, b, c])
