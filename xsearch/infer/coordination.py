"""Coordination numbers of a hypothetical crystal, quickly."""

from __future__ import annotations

import numpy as np

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.valence import electronegativity

GAP = 1.25
"""Neighbours within so many times the shortest distance belong to the first shell."""

REACH_A = 4.0


def coordination_numbers(crystal: Crystal, element: str) -> list[int]:
    """How many more electronegative neighbours stand in the first shell of each site of an element.

    Where an element has no more electronegative partner, as in an alloy, all neighbours count. The shell ends where
    distances exceed the shortest by a quarter, which suits substituted crystals whose bonds are not relaxed.
    """
    own = electronegativity(element)
    partners = {e for e in set(crystal.elements) if electronegativity(e) > own + 0.3}
    counted = np.array([not partners or e in partners for e in crystal.elements])
    lattice = crystal.lattice_A
    heights = crystal.volume_A3 / np.linalg.norm(
        [np.cross(lattice[1], lattice[2]), np.cross(lattice[2], lattice[0]), np.cross(lattice[0], lattice[1])], axis=1
    )
    spans = [np.arange(-n, n + 1) for n in (np.ceil(REACH_A / heights).astype(int) + 1).tolist()]
    images = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1).reshape(-1, 3)
    found = []
    for position, symbol in zip(crystal.frac_coords, crystal.elements, strict=True):
        if symbol != element:
            continue
        apart = (crystal.frac_coords[counted] - position)[:, None, :] + images[None]
        distance = np.linalg.norm(apart.reshape(-1, 3) @ lattice, axis=1)
        distance = distance[distance > 0.4]
        nearest = distance.min(initial=np.inf)
        found.append(int((distance < GAP * nearest).sum()) if np.isfinite(nearest) else 0)
    return found
