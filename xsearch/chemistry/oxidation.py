"""Oxidation states of the sites of a crystal, from bond valences and from the composition."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xsearch.chemistry.valence import is_alloy

if TYPE_CHECKING:
    from pymatgen.core import Element, Structure

MOST_PERMUTATIONS = 20_000
"""Assignments of oxidation states that pymatgen's BVAnalyzer tries: seconds."""

MOST_WAYS = 300_000
"""Ways to distribute states over the atoms of one element: carbon in large molecules has millions, which take
minutes."""

LONGEST_PEROXIDE_BOND_A = 1.7
"""Oxygen atoms share a charge only where they are bonded: 1.3 Å in superoxides, 1.5 Å in peroxides; the nearest pairs
that are not, edges of small polyhedra, are 2.2 Å apart."""


@dataclass(frozen=True, slots=True)
class OxidationStates:
    """Oxidation states of all sites, from two independent sources; None where a source does not tell.

    Attributes:
        bond_valence: an integer for each site, from bond lengths (O'Keeffe and Brese, J. Am. Chem. Soc. 113 (1991)
            3226; assigned by maximum posterior probability with charge balance, as pymatgen's BVAnalyzer does). An
            oxygen without a bond to another one is -2: left free, it becomes -1 where a metal's state is rare, and
            copper is +1 in LiCuO2.
        composition: mean state of each element, the most probable charge-balanced guess; may be fractional.
    """

    bond_valence: tuple[int, ...] | None
    composition: dict[str, float] | None

    def of(self, site: int, element: str) -> float | None:
        """The state of one site: by bond valence, else by composition."""
        if self.bond_valence is not None:
            return float(self.bond_valence[site])
        return self.composition.get(element) if self.composition else None

    def agree(self, site: int, element: str) -> bool | None:
        """Whether the two sources give the same state within half a unit; None where one is missing."""
        if self.bond_valence is None or not self.composition or element not in self.composition:
            return None
        return abs(self.bond_valence[site] - self.composition[element]) < 0.5


def oxidation_states(structure: Structure) -> OxidationStates:
    """Both kinds of oxidation state of an ordered structure; zero everywhere in elements, metals and intermetallics."""
    elements = sorted({site.specie.symbol for site in structure})
    if len(elements) == 1 or is_alloy(elements):
        return OxidationStates(None, dict.fromkeys(elements, 0.0))
    return OxidationStates(_by_bond_valence(structure), _by_composition(structure))


def _by_bond_valence(structure: Structure) -> tuple[int, ...] | None:
    from pymatgen.analysis.bond_valence import BVAnalyzer

    forbidden = [] if _has_peroxide_bond(structure) else ["O-"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = BVAnalyzer(max_permutations=MOST_PERMUTATIONS, forbidden_species=forbidden).get_valences(structure)
        except (ValueError, KeyError, IndexError, TypeError, ZeroDivisionError):
            # pymatgen has no single error for "no assignment": unknown elements and odd shells raise all of these.
            return None
    return tuple(int(v) for v in found) if all(isinstance(v, int | float) for v in found) else None


def _has_peroxide_bond(structure: Structure) -> bool:
    """Whether any two oxygen atoms are bonded to each other."""
    elements = [site.specie.symbol for site in structure]
    centres, others, _, _ = structure.get_neighbor_list(LONGEST_PEROXIDE_BOND_A)
    return any(elements[i] == elements[j] == "O" for i, j in zip(centres, others, strict=True))


def _by_composition(structure: Structure) -> dict[str, float] | None:
    composition = structure.composition.element_composition
    # Guesses cost exponentially with the number of atoms: the reduced formula is enough.
    reduced = composition.reduced_composition
    if any(_ways(element, round(amount)) > MOST_WAYS for element, amount in reduced.items()):
        return None
    guesses = reduced.oxi_state_guesses(max_sites=-1)
    return {str(k): float(v) for k, v in guesses[0].items()} if guesses else None


def _ways(element: Element, count: int) -> int:
    """In how many ways some atoms of an element can share its reported states."""
    states = len(element.icsd_oxidation_states or element.common_oxidation_states)
    return math.comb(count + states - 1, count)
