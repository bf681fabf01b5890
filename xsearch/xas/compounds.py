"""Which compounds the spectra of a library are of, and an edge prepared for sums of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xsearch.chemistry import Material
from xsearch.chemistry.reference import Reference
from xsearch.indexes import Index
from xsearch.indexes.prior import Prior
from xsearch.preprocess.xanes import XanesWindow
from xsearch.search.xanes_hits import reference_at
from xsearch.xas.evidence import entries_of, entry_prior, groups_of, most_likely, phase_groups
from xsearch.xas.lcf import EdgeTarget
from xsearch.xas.lcf_search import Kind
from xsearch.xas.library import EdgeLibrary


def edge_target(index: Index, window: XanesWindow, library: EdgeLibrary, prior: Prior) -> tuple[EdgeTarget, list[Kind]]:
    """An edge and a library as sums are fitted, and the compound of each spectrum."""
    own = np.where(library.row >= 0, entry_prior(index.columns, np.maximum(library.row, 0), prior), 0.0)
    kinds = compounds_of(index, library)
    return EdgeTarget(window, library, own, len(set(kinds))), kinds


def compounds_of(index: Index, library: EdgeLibrary) -> list[Kind]:
    """The compound of each spectrum: formula and space group, that of a reference where it names its phase."""
    formulas = [str(formula) for formula in library.spectra.reduced_formula]
    known = np.where(library.row >= 0, index.columns.space_group[np.maximum(library.row, 0)], 0)
    named = phase_groups(index, sorted({formulas[at] for at in np.flatnonzero(library.row < 0).tolist()}))
    kinds = []
    for formula, row, group, note in zip(formulas, library.row.tolist(), known.tolist(), library.note, strict=True):
        if row < 0:
            told = groups_of(str(note), formula, named)
            group = next(iter(told)) if len(told) == 1 else 0
        kinds.append((formula, max(int(group), 0)))
    return kinds


def material_of(
    index: Index, library: EdgeLibrary, kinds: Sequence[Kind], place: int
) -> tuple[Material | Reference, int]:
    """The entry that a spectrum speaks for and its row: of a reference the likeliest of its formula and phase.

    Where there is no such entry, the reference itself and -1.
    """
    row = int(library.row[place])
    if row < 0:
        formula, group = kinds[place]
        entries = entries_of(index, [formula]).get(formula, np.zeros(0, np.int64))
        if group and (told := index.columns.space_group[entries] == group).any():
            entries = entries[told]
        if not len(entries):
            return reference_at(library, place), -1
        row = int(most_likely(index, entries, {})[0])
    return index.material(row), row
