"""A small library of textbook structure types, made in memory."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.chemistry.template import template_key
from xsearch.infer.library import TemplateLibrary, make_library

FCC = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


def rock_salt(cation: str, anion: str, a: float) -> Crystal:
    return Crystal.ordered(FCC * a, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), [cation, anion])


def caesium_chloride(cation: str, anion: str, a: float) -> Crystal:
    return Crystal.ordered(np.eye(3) * a, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), [cation, anion])


def perovskite(big: str, small: str, anion: str, a: float) -> Crystal:
    coords = [[0, 0, 0], [0.5, 0.5, 0.5], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    return Crystal.ordered(np.eye(3) * a, np.array(coords), [big, small, anion, anion, anion])


def rutile(cation: str, anion: str, a: float, c: float, u: float = 0.305) -> Crystal:
    coords = [(0, 0, 0), (0.5, 0.5, 0.5), (u, u, 0), (-u, -u, 0), (0.5 + u, 0.5 - u, 0.5), (0.5 - u, 0.5 + u, 0.5)]
    return Crystal.ordered(np.diag([a, a, c]), np.array(coords), [cation] * 2 + [anion] * 4)


def fluorite(cation: str, anion: str, a: float) -> Crystal:
    return Crystal.ordered(FCC * a, np.array([[0, 0, 0], [0.25] * 3, [0.75] * 3]), [cation, anion, anion])


CRYSTALS = [
    rock_salt("Na", "Cl", 5.64), rock_salt("K", "Cl", 6.29), rock_salt("Na", "Br", 5.97), rock_salt("Mg", "O", 4.21),
    rock_salt("Ca", "O", 4.81), rock_salt("Ni", "O", 4.18), caesium_chloride("Cs", "Cl", 4.12),
    caesium_chloride("Ni", "Ti", 3.015), caesium_chloride("Ni", "Al", 2.887), perovskite("Sr", "Ti", "O", 3.905),
    perovskite("Ba", "Ti", "O", 4.00), perovskite("La", "Al", "O", 3.79), perovskite("K", "Mg", "F", 3.99),
    perovskite("Ba", "Zr", "O", 4.19), rutile("Ti", "O", 4.594, 2.959), rutile("Sn", "O", 4.737, 3.186),
    rutile("Mg", "F", 4.62, 3.05), fluorite("Ca", "F", 5.46), fluorite("Ce", "O", 5.41), fluorite("Zr", "O", 5.09),
]  # fmt: skip


@pytest.fixture(scope="session")
def crystals() -> list[Crystal]:
    """Crystals of the library, in its order."""
    return CRYSTALS


@pytest.fixture(scope="session")
def library() -> TemplateLibrary:
    """Twenty textbook crystals of five structure types."""
    symmetries = [find_symmetry(crystal) for crystal in CRYSTALS]
    return make_library(
        material_ids=[f"book-{number}" for number in range(len(CRYSTALS))],
        formulas=[reduced_formula(crystal.composition) for crystal in CRYSTALS],
        templates=[template_key(c, s) for c, s in zip(CRYSTALS, symmetries, strict=True)],
        space_groups=[symmetry.number for symmetry in symmetries],
        n_sites=[len(crystal) for crystal in CRYSTALS],
        volumes_A3=[crystal.volume_A3 for crystal in CRYSTALS],
        energies_above_hull_eV=[0.0] * len(CRYSTALS),
        fetch=lambda rows: [CRYSTALS[row] for row in rows],
    )
