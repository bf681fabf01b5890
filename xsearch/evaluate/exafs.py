"""How often a measured spectrum finds its compound among measured ones of other sources: near edge, EXAFS, and both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsearch.data.xanes_tables import make_tables, read_labelled_edges
from xsearch.errors import SpectrumError
from xsearch.indexes.xanes_table import XanesTable, concatenate
from xsearch.options import Range
from xsearch.preprocess.exafs import Exafs, extract_exafs
from xsearch.preprocess.xanes import normalize, window
from xsearch.spectra.xas import XasSpectrum
from xsearch.xas.evidence import exafs_evidence, spectrum_evidence
from xsearch.xas.exafs_matching import ExafsTable, match_exafs
from xsearch.xas.matching import match
from xsearch.xas.settings import DEFAULTS, XasSettings


class _Measured(NamedTuple):
    """A measured spectrum with its EXAFS, and as a library of one near edge."""

    spectrum: XasSpectrum
    exafs: Exafs
    table: XanesTable


def evaluate_exafs(path: str | Path, settings: XasSettings = DEFAULTS) -> dict[str, Any]:
    """Rank the compounds of each measured spectrum's absorber by near edge, by EXAFS, and by both.

    Only spectra that reach far enough for EXAFS take part, as queries and as references. A query sees those of its
    edge that come from other sources, at least two compounds and its own among them; nothing but the absorber is given.

    Args:
        path: a table with the columns of `xas_measured.parquet`.
        settings: of the comparison.

    Returns:
        `n` queries, `compounds` of them and `edges`; by each of `Range`: `top1`, `top3`, and `by_compound`, top 1 where
        each compound has the same weight.
    """
    measured = _read(path)
    ranks: dict[str, list[int]] = {choice.value: [] for choice in Range}
    names = []
    for query in measured:
        references = [one for one in measured if _may_see(query, one)]
        formulas = np.array([one.spectrum.reduced_formula for one in references], object)
        if query.spectrum.reduced_formula not in formulas or len(set(formulas)) < 2:
            continue
        near, extended = _evidence(query, references, settings)
        names.append(f"{query.spectrum.absorber} {query.spectrum.reduced_formula}")
        for choice, value in ((Range.XANES, near), (Range.EXAFS, extended), (Range.AUTO, near + extended)):
            best = {formula: value[formulas == formula].max() for formula in set(formulas)}
            own = best[query.spectrum.reduced_formula]
            ranks[choice.value].append(1 + sum(other > own for other in best.values()))
    edges = {name.split()[0] for name in names}
    shares = {choice: _shares(found, names) for choice, found in ranks.items()}
    return {"n": len(names), "compounds": len(set(names)), "edges": len(edges), **shares}


def _shares(ranks: list[int], names: list[str]) -> dict[str, Any]:
    """Figures of some queries, by name of their compounds."""
    weights = np.array([1 / names.count(name) for name in names])
    shares = {f"top{k}": float(np.mean(np.array(ranks) <= k)) for k in (1, 3) if ranks}
    by_compound = {"by_compound": float(np.average(np.array(ranks) == 1, weights=weights))} if ranks else {}
    return {"n": len(ranks), "compounds": len(set(names)), **shares, **by_compound}


def _read(path: str | Path) -> list[_Measured]:
    found = []
    for spectrum in read_labelled_edges(path):
        try:
            exafs = extract_exafs(normalize(spectrum.to_xanes()))
        except SpectrumError:
            continue
        tables, _ = make_tables([spectrum])
        found += [_Measured(spectrum, exafs, table) for table in tables]
    return found


def _may_see(query: _Measured, other: _Measured) -> bool:
    one, two = query.spectrum, other.spectrum
    return (one.absorber, one.edge) == (two.absorber, two.edge) and one.source != two.source


def _evidence(
    query: _Measured, references: Sequence[_Measured], settings: XasSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) log-evidence of the near edge, and of EXAFS."""
    table = concatenate([one.table for one in references])
    near = match(window(normalize(query.spectrum.to_xanes())), table, settings.matching)
    chi = ExafsTable(
        np.array([one.exafs.k2_chi for one in references], np.float32),
        np.array([one.exafs.k_end_invA for one in references]),
        np.ones(len(references), bool),
    )
    extended = match_exafs(query.exafs, chi, settings.exafs)
    return spectrum_evidence(near, table.kind, settings), exafs_evidence(extended, chi, settings)
