"""Oxidation states of the sites of a crystal, from bond valences and from the composition."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core import Structure

MOST_PERMUTATIONS = 20_000


@dataclass(frozen=True, slots=True)
class OxidationStates:
    """Oxidation states of all sites, from two independent sources; None where a source does not tell.

    Attributes:
        bond_valence: an integer for each site, from bond lengths (O'Keeffe and Brese, J. Am. Chem. Soc. 113 (1991)
            3226; assigned by maximum posterior probability with charge balance, as pymatgen's BVAnalyzer does).
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
    """Both kinds of oxidation state of an ordered structure. Metals and odd compounds have neither."""
    return OxidationStates(_by_bond_valence(structure), _by_composition(structure))


def _by_bond_valence(structure: Structure) -> tuple[int, ...] | None:
    from pymatgen.analysis.bond_valence import BVAnalyzer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = BVAnalyzer(max_permutations=MOST_PERMUTATIONS).get_valences(structure)
        except (ValueError, KeyError, IndexError, TypeError, ZeroDivisionError):
            # pymatgen has no single error for "no assignment": unknown elements and odd shells raise all of these.
            return None
    return tuple(int(v) for v in found) if all(isinstance(v, int | float) for v in found) else None


def _by_composition(structure: Structure) -> dict[str, float] | None:
    composition = structure.composition.element_composition
    if len(composition) == 1:
        return {next(iter(composition)).symbol: 0.0}
    # Guesses cost exponentially with the number of atoms: the reduced formula is enough.
    guesses = composition.reduced_composition.oxi_state_guesses(max_sites=-1)
    return {str(k): float(v) for k, v in guesses[0].items()} if guesses else None
