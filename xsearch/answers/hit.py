"""One answer of a search: a material, and how well and how it fits the spectra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xsearch.answers.edge_match import EdgeMatch, SpectrumMatch
from xsearch.answers.evidence import Evidence
from xsearch.answers.rival import Rival
from xsearch.chemistry import Crystal, Material
from xsearch.chemistry.reference import Reference
from xsearch.chemistry.strained_crystal import strained_crystal
from xsearch.errors import QueryError
from xsearch.fit.pattern_fit import Cell, PatternFit
from xsearch.simulate import Reflections

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """An entry of the index that may have given the measurement, with the evidence for it.

    Attributes:
        rank: 1 for the best; a folded duplicate carries the rank of the hit that it is folded into.
        material: the entry of the index, or a measured reference that belongs to none.
        score: 0 to 1, higher is better.
        evidence: the terms that the score was made of.
        reflections: of the cell that matched, as stored in the index (not strained).
        pattern_fit: of the cell that matched to the powder pattern; None where there was no pattern.
        matched_cell: the measured cell that matched, where it was not the material's own.
        duplicates: further entries that are the same phase, folded into this row.
        edges: for each measured edge, near edge and EXAFS apart, the library spectrum with the most evidence for the
            material, where there is one.
        rival: the other phase that comes closest, for the first few hits.
    """

    rank: int
    material: Material | Reference
    score: float
    evidence: Evidence
    reflections: Reflections
    pattern_fit: PatternFit | None = None
    matched_cell: Material | None = None
    duplicates: tuple[Hit, ...] = ()
    edges: tuple[SpectrumMatch, ...] = ()
    rival: Rival | None = None

    @property
    def material_id(self) -> str:
        """The entry's id, such as `mp-2657`."""
        return self.material.material_id

    @property
    def formula(self) -> str:
        """The reduced formula."""
        return self.material.reduced_formula

    @property
    def name(self) -> str | None:
        """The mineral or prototype name, from the measured cell where the entry itself has none."""
        return self.material.name or (self.matched_cell.name if self.matched_cell else None)

    @property
    def near_edges(self) -> tuple[EdgeMatch, ...]:
        """Of `edges` those of near edges."""
        return tuple(match for match in self.edges if isinstance(match, EdgeMatch))

    @property
    def matched(self) -> Material | Reference:
        """The entry whose cell and reflections fit the pattern: the linked measured cell, or the material itself."""
        return self.matched_cell or self.material

    @property
    def fitted(self) -> PatternFit:
        """The fit to the powder pattern.

        Raises:
            QueryError: where there was no pattern.
        """
        if self.pattern_fit is None:
            raise QueryError(f"{self.material_id}: no powder pattern was fitted.")
        return self.pattern_fit

    @property
    def cell(self) -> Cell:
        """The conventional cell, strained to the pattern where there was one; else as stored."""
        if self.pattern_fit is not None:
            return self.pattern_fit.cell
        a, b, c, alpha, beta, gamma = (float(parameter) for parameter in self.reflections.cell)
        return a, b, c, alpha, beta, gamma

    @property
    def entry(self) -> Material:
        """The material, which has a crystal.

        Raises:
            QueryError: for a measured reference, whose structure is not known.
        """
        return _with_crystal(self.material)

    @property
    def matched_entry(self) -> Material:
        """As `entry`, for the cell that matched."""
        return _with_crystal(self.matched)

    @property
    def structure(self) -> Structure:
        """The crystal as in the database, as a pymatgen Structure."""
        return self.entry.crystal.to_structure()

    @property
    def strained_crystal(self) -> Crystal:
        """The crystal that matched, its cell strained to the pattern; as stored where there was none."""
        matched, fit = self.matched_entry, self.pattern_fit
        if fit is None:
            return matched.crystal
        return strained_crystal(matched.crystal, matched.symprec_A, self.reflections.cell, fit.cell, fit.strain)

    @property
    def strained_structure(self) -> Structure:
        """The crystal that matched, its cell strained to the pattern, as a pymatgen Structure."""
        return self.strained_crystal.to_structure()


def _with_crystal(material: Material | Reference) -> Material:
    if isinstance(material, Reference):
        raise QueryError(
            f"{material.material_id} is a measured reference of {material.reduced_formula or 'an unnamed compound'}; "
            "its structure is not in the index."
        )
    return material
