"""A crystal as a picture in three dimensions needs it: the conventional cell, atoms on its faces, bonds, colours."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry import Crystal
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.errors import CrystalError

ON_FACE = 1e-3
"""Fractional distance within which an atom lies on a face of the cell, and is drawn on the opposite one too."""

BOND_SLACK = 1.15
"""Atoms are joined up to so many times the sum of their covalent radii."""

DRAWN_RADIUS = 0.45
"""Radius of a drawn atom over its covalent radius."""

MOST_ATOMS = 600
"""Atoms that are drawn at most; larger cells are drawn without the copies on their faces, and then cut."""


def crystal_picture(crystal: Crystal) -> dict[str, Any]:
    """What is drawn of a crystal.

    Returns:
        `cell` (3, 3) vectors in Å, rows; `atoms`, each with `element`, the one that most of its site holds, `shares` of
        all elements on it, `position` (3,) in Å from the cell's centre, and `radius`; `bonds`, pairs of places;
        `colours` by element.
    """
    shown = conventional(crystal)
    sites = sites_of(shown)
    fractional, which = with_faces(np.array([shown.frac_coords[held[0]] for held in sites]))
    positions = (fractional - 0.5) @ shown.lattice_A
    shares = [{shown.elements[k]: round(float(shown.occupancies[k]), 3) for k in held} for held in sites]
    main = [max(held, key=lambda element: held[element]) for held in shares]
    elements = [main[place] for place in which]
    radii = np.array([covalent_radius_A(element) for element in elements])
    return {
        "cell": shown.lattice_A,
        "atoms": [
            {
                "element": element,
                "shares": shares[place],
                "position": np.round(position, 4),
                "radius": round(DRAWN_RADIUS * float(radius), 3),
            }
            for element, position, radius, place in zip(elements, positions, radii, which, strict=True)
        ],
        "bonds": bonds(positions, radii, elements),
        "colours": {element: colour(element) for element in sorted(set(shown.elements))},
    }


def sites_of(crystal: Crystal) -> list[list[int]]:
    """The entries of a crystal at each position: elements that share a site stand at one."""
    found: dict[tuple[float, ...], list[int]] = {}
    for place, position in enumerate(np.round(np.mod(crystal.frac_coords, 1.0), 4) % 1.0):
        found.setdefault(tuple(position.tolist()), []).append(place)
    return list(found.values())


def conventional(crystal: Crystal) -> Crystal:
    """The crystal in its conventional cell; as it is where no space group is found."""
    try:
        symmetry = find_symmetry(crystal)
    except CrystalError:
        return crystal
    return conventional_of(symmetry)


def conventional_of(symmetry: Symmetry) -> Crystal:
    """The conventional cell with all its atoms, from the primitive one."""
    primitive = symmetry.primitive
    lattice = symmetry.to_conventional.T @ primitive.lattice_A
    copies = round(abs(float(np.linalg.det(symmetry.to_conventional))))
    steps = np.array(list(np.ndindex(5, 5, 5)), np.float64) - 2
    found = np.mod((steps @ primitive.lattice_A) @ np.linalg.inv(lattice), 1.0)
    translations = np.unique(np.mod(np.round(found, 6), 1.0), axis=0)[:copies]
    inside = primitive.frac_coords @ primitive.lattice_A @ np.linalg.inv(lattice)
    positions = np.mod(inside[None] + translations[:, None], 1.0).reshape(-1, 3)
    times = len(translations)
    return Crystal(lattice, positions, primitive.elements * times, np.tile(primitive.occupancies, times))


def with_faces(coordinates: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[int]]:
    """(m, 3) fractional coordinates with copies of sites on faces, edges and corners, and the place of each site."""
    inside = np.mod(coordinates + ON_FACE, 1.0) - ON_FACE
    found, which = [], []
    for place, position in enumerate(inside):
        on_face = np.abs(position) <= ON_FACE
        for step in np.ndindex(*(np.where(on_face, 2, 1).tolist())):
            found.append(position + step)
            which.append(place)
    if len(which) > MOST_ATOMS:
        found, which = list(inside[:MOST_ATOMS]), list(range(min(len(inside), MOST_ATOMS)))
    return np.array(found), which


def bonds(positions: NDArray[np.float64], radii: NDArray[np.float64], elements: list[str]) -> list[tuple[int, int]]:
    """Pairs of atoms close enough to be joined; of unlike atoms only, where the crystal holds several elements."""
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    near = (distances < BOND_SLACK * (radii[:, None] + radii[None])) & (distances > 0.4)
    names = np.array(elements)
    if len(set(elements)) > 1:
        near &= names[:, None] != names[None]
    first, second = np.nonzero(np.triu(near, 1))
    return list(zip(first.tolist(), second.tolist(), strict=True))


@cache
def covalent_radius_A(element: str) -> float:
    """As tabulated in SMACT; of an element without one, that of iron."""
    from smact import Element

    return float(Element(element).covalent_radius or Element("Fe").covalent_radius)


@cache
def _colours() -> dict[str, list[int]]:
    from ruamel.yaml import YAML

    text = files("pymatgen.vis").joinpath("ElementColorSchemes.yaml").read_text(encoding="utf-8")
    schemes: dict[str, dict[str, list[int]]] = YAML(typ="safe").load(text)
    return schemes["Jmol"]


def colour(element: str) -> str:
    """The colour of an element as Jmol has it, in hexadecimal digits."""
    red, green, blue = _colours().get(element, (160, 160, 160))
    return f"#{red:02x}{green:02x}{blue:02x}"
