"""Which compounds the spectra of a library are of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from xsearch.chemistry import Material
from xsearch.chemistry.reference import Reference
from xsearch.indexes import Index
from xsearch.xas.evidence import entries_of, groups_of, most_likely, phase_groups
from xsearch.xas.library import EdgeLibrary


class Compound(NamedTuple):
    """A compound: its reduced formula, and its space group, 0 where that is not known."""

    formula: str
    space_group: int

    def may_be(self, other: Compound) -> bool:
        """Whether two spectra may be of one compound."""
        unknown = 0 in (self.space_group, other.space_group)
        return self.formula == other.formula and (self.space_group == other.space_group or unknown)


def compounds_of(index: Index, library: EdgeLibrary) -> list[Compound]:
    """The compound of each spectrum: its entry's; of a reference without one its formula, and the phase it names."""
    formulas = [str(formula) for formula in library.spectra.reduced_formula]
    known = np.where(library.row >= 0, index.columns.space_group[np.maximum(library.row, 0)], 0)
    named = phase_groups(index, sorted({formulas[at] for at in np.flatnonzero(library.row < 0).tolist()}))
    compounds = []
    for formula, row, group, note in zip(formulas, library.row.tolist(), known.tolist(), library.note, strict=True):
        if row < 0:
            groups = groups_of(str(note), formula, named)
            group = next(iter(groups)) if len(groups) == 1 else 0
        compounds.append(Compound(formula, max(int(group), 0)))
    return compounds


def entry_of(index: Index, library: EdgeLibrary, compound: Compound, place: int) -> tuple[Material | Reference, int]:
    """The entry that a spectrum stands for and its row: of a reference the likeliest of its compound.

    Where there is no such entry, the reference itself and -1.
    """
    row = int(library.row[place])
    if row < 0:
        entries = entries_of(index, [compound.formula]).get(compound.formula, np.zeros(0, np.int64))
        of_phase = index.columns.space_group[entries] == compound.space_group
        if compound.space_group and of_phase.any():
            entries = entries[of_phase]
        if not len(entries):
            return library.reference(place), -1
        row = int(most_likely(index, entries, {})[0])
    return index.material(row), row
