"""One answer of a search: a material, and how well and how it fits the spectra."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xsearch.answers.edge_match import EdgeMatch
from xsearch.answers.rival import Rival
from xsearch.chemistry import Crystal, Material
from xsearch.chemistry.reference import Reference
from xsearch.chemistry.strained_crystal import strained_crystal
from xsearch.errors import QueryError
from xsearch.simulate import Reflections

if TYPE_CHECKING:
    from pymatgen.core import Structure

Cell = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A material that may have given the spectra, with the evidence for it.

    What tells of a powder pattern is NaN where none was searched for, and `cell` is then the stored one.

    Attributes:
        rank: 1 for the best; a folded duplicate carries the rank of the hit that it is folded into.
        material: the entry of the index, or a measured reference that belongs to none.
        score: 0 to 1, higher is better.
        strain: mean linear strain ln(measured / database) of the cell that matched, a fraction.
        cell: the conventional cell strained to the pattern, a b c in Å and α β γ in degrees.
        zero_shift_deg: what was added to the calculated 2θ to meet the pattern, in degrees.
        fwhm_deg: typical full width at half maximum of the pattern's lines, in degrees 2θ.
        unexplained: share of the measured net intensity that this material does not explain, 0 to 1.
        evidence: the terms that the score was made of, by name.
        reflections: of the cell that matched, as stored in the index (not strained).
        matched_cell: the measured cell that matched, where it was not the material's own; it says whose it is.
        duplicates: further entries that are the same phase, folded into this row.
        edges: for each measured edge the library spectrum that speaks most for the material, where there is one.
        rival: the other phase that comes closest, for the first few hits.
    """

    rank: int
    material: Material | Reference
    score: float
    strain: float
    cell: Cell
    zero_shift_deg: float
    fwhm_deg: float
    unexplained: float
    evidence: dict[str, float]
    reflections: Reflections
    matched_cell: Material | None = None
    duplicates: tuple[Hit, ...] = ()
    edges: tuple[EdgeMatch, ...] = ()
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
    def matched(self) -> Material | Reference:
        """The entry whose cell and reflections met the pattern: the linked measured cell, or the material itself."""
        return self.matched_cell or self.material

    @property
    def has_pattern(self) -> bool:
        """Whether a powder pattern was fitted."""
        return not math.isnan(self.strain)

    @property
    def entry(self) -> Material:
        """The material, which has a crystal.

        Raises:
            QueryError: for a measured reference, whose structure nobody told.
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
        """The crystal that matched, its cell strained to the pattern."""
        matched = self.matched_entry
        return strained_crystal(matched.crystal, matched.symprec_A, self.reflections.cell, self.cell, self.strain)

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
