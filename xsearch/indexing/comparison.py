"""Whether two cells are of one lattice, whatever axes they are given in."""

from __future__ import annotations

import gemmi
import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import lattice_from_parameters

Array = NDArray[np.float64]

REACH = 3
"""Sums of up to so many of each vector of a reduced cell are tried as an axis of another."""


def reduced_cell(parameters: Array, centring: str = "P") -> Array:
    """(6,) parameters of the Niggli-reduced primitive cell, lengths in Å and angles in degrees.

    Args:
        parameters: (6,) of the conventional cell; rhombohedral ones in hexagonal axes.
        centring: P, A, B, C, I, F or R.
    """
    vector = gemmi.GruberVector(gemmi.UnitCell(*parameters), centring)
    vector.niggli_reduce()
    return np.array(vector.cell_parameters())


def are_one_lattice(one: Array, other: Array, length_share: float, angle_deg: float) -> bool:
    """Whether the lattice of a primitive cell has a cell like another one.

    Reduced cells of nearly the same lattice may differ much, so that all cells of the second lattice are compared.

    Args:
        one, other: (6,) parameters of primitive cells, reduced.
        length_share, angle_deg: by how much each axis, relative to its length, and each angle may differ.
    """
    return is_multiple(one, other, 1, length_share, angle_deg)


def is_multiple(large: Array, small: Array, times: int, length_share: float, angle_deg: float) -> bool:
    """Whether a primitive cell is like a cell of so many times the volume in the lattice of another one.

    Args:
        large, small: (6,) parameters of primitive cells, reduced.
        times: ratio of the volumes.
        length_share, angle_deg: as in `are_one_lattice`.
    """
    steps = np.arange(-REACH, REACH + 1)
    whole = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    vectors = whole @ lattice_from_parameters(*small)
    lengths = np.linalg.norm(vectors, axis=1)
    alike = [np.flatnonzero(np.abs(lengths / length - 1) <= length_share) for length in large[:3]]
    if not all(len(found) for found in alike):
        return False
    bound = angle_deg + 1e-9
    alpha, beta, gamma = large[3:]
    for a in alike[0]:
        for b in alike[1]:
            if abs(_angle(vectors[a], vectors[b]) - gamma) > bound:
                continue
            for c in alike[2]:
                if abs(_angle(vectors[a], vectors[c]) - beta) > bound:
                    continue
                if abs(_angle(vectors[b], vectors[c]) - alpha) > bound:
                    continue
                if abs(round(float(np.linalg.det(whole[[a, b, c]])))) == times:
                    return True
    return False


def _angle(one: Array, other: Array) -> float:
    """In degrees."""
    cosine = float(one @ other / np.sqrt((one @ one) * (other @ other)))
    return float(np.degrees(np.arccos(min(max(cosine, -1.0), 1.0))))
