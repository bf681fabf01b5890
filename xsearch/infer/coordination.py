"""First shells of a hypothetical crystal, quickly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal, cell_heights
from xsearch.chemistry.descriptors import commonest
from xsearch.chemistry.valence import electronegativity

GAP = 1.25
"""Neighbours within so many times the shortest distance belong to the first shell: bonds are not relaxed. Set by
hand."""

LEAST_DIFFERENCE = 0.3
"""Pauling electronegativity by which a ligand exceeds the central atom. Set by hand."""

REACH_A = 4.0
"""Farthest neighbour that is searched for, Å."""

SAME_ATOM_A = 0.4
"""Distance below which an image is the atom itself, Å."""


def has_coordination(crystal: Crystal, allowed: Mapping[str, Sequence[int]]) -> bool:
    """Whether every site of the elements named has one of the coordination numbers allowed for it."""
    return all(
        set(coordination_numbers(crystal, element)) <= {int(n) for n in numbers} for element, numbers in allowed.items()
    )


def coordination_numbers(crystal: Crystal, element: str) -> list[int]:
    """How many neighbours stand in the first shell of each site of an element, see `first_shells`."""
    return [number for number, _ in first_shells(crystal, element)]


def first_shells(crystal: Crystal, element: str) -> list[tuple[int, float]]:
    """How many more electronegative neighbours each site of an element has, and their mean distance in Å.

    Where an element has no more electronegative partner, as in an alloy, all neighbours count. The shell ends where
    distances exceed the shortest by a quarter, which suits substituted crystals whose bonds are not relaxed. A site
    without a neighbour within `REACH_A` has none, at an infinite distance.
    """
    return [(len(shell), float(shell.mean()) if len(shell) else np.inf) for _, shell in _shells(crystal, element)]


def commonest_neighbours(crystal: Crystal, element: str) -> list[str]:
    """The most frequent element in the first shell of each site of an element that has one, see `first_shells`."""
    return [commonest(symbols, shell.tolist()) for symbols, shell in _shells(crystal, element) if len(shell)]


def _shells(crystal: Crystal, element: str) -> list[tuple[list[str], NDArray[np.float64]]]:
    """Elements and distances in Å in the first shell of each site of an element; empty without a neighbour."""
    least = electronegativity(element) + LEAST_DIFFERENCE
    ligands = {e for e in set(crystal.elements) if electronegativity(e) > least}
    counted = np.array([not ligands or e in ligands for e in crystal.elements])
    symbols = np.array(crystal.elements)[counted]
    lattice = crystal.lattice_A
    spans = [np.arange(-n, n + 1) for n in (np.ceil(REACH_A / cell_heights(lattice)).astype(int) + 1).tolist()]
    images = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1).reshape(-1, 3)
    found = []
    for position, symbol in zip(crystal.frac_coords, crystal.elements, strict=True):
        if symbol != element:
            continue
        apart = (crystal.frac_coords[counted] - position)[:, None, :] + images[None]
        distance = np.linalg.norm(apart.reshape(-1, 3) @ lattice, axis=1)
        others = distance > SAME_ATOM_A
        inside = others & (distance < GAP * distance[others].min(initial=np.inf))
        found.append((symbols[np.flatnonzero(inside) // len(images)].tolist(), distance[inside]))
    return found
