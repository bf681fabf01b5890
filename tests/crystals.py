"""Crystals that every textbook gives, and a library of templates made of crystals."""

from collections.abc import Sequence

import numpy as np

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.chemistry.template import template_key
from xsearch.infer.template_library import TemplateLibrary, make_library

FCC = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


def rock_salt(cation: str, anion: str, a: float) -> Crystal:
    """In its primitive cell."""
    return Crystal.ordered(FCC * a, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), [cation, anion])


def caesium_chloride(cation: str, anion: str, a: float) -> Crystal:
    return Crystal.ordered(np.eye(3) * a, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), [cation, anion])


def perovskite(big: str, small: str, a: float, c: float | None = None, anion: str = "O") -> Crystal:
    """Cubic, or tetragonal where c is given."""
    coords = [[0, 0, 0], [0.5, 0.5, 0.5], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    return Crystal.ordered(np.diag([a, a, c or a]), np.array(coords), [big, small, anion, anion, anion])


def rutile(cation: str = "Ti", anion: str = "O", a: float = 4.594, c: float = 2.959, u: float = 0.305) -> Crystal:
    coords = [(0, 0, 0), (0.5, 0.5, 0.5), (u, u, 0), (-u, -u, 0), (0.5 + u, 0.5 - u, 0.5), (0.5 - u, 0.5 + u, 0.5)]
    return Crystal.ordered(np.diag([a, a, c]), np.array(coords) % 1, [cation] * 2 + [anion] * 4)


def fluorite(cation: str, anion: str, a: float) -> Crystal:
    """In its primitive cell."""
    return Crystal.ordered(FCC * a, np.array([[0, 0, 0], [0.25] * 3, [0.75] * 3]), [cation, anion, anion])


def template_library(crystals: Sequence[Crystal], ids: Sequence[str] | None = None) -> TemplateLibrary:
    """The crystals as templates, on the hull, called book-0 and so on where no ids are given."""
    symmetries = [find_symmetry(crystal) for crystal in crystals]
    return make_library(
        material_ids=ids or [f"book-{number}" for number in range(len(crystals))],
        formulas=[reduced_formula(crystal.composition) for crystal in crystals],
        templates=[template_key(c, s) for c, s in zip(crystals, symmetries, strict=True)],
        space_groups=[symmetry.number for symmetry in symmetries],
        n_sites=[len(crystal) for crystal in crystals],
        volumes_A3=[crystal.volume_A3 for crystal in crystals],
        energies_above_hull_eV=[0.0] * len(crystals),
        fetch=lambda rows: [crystals[row] for row in rows],
    )
