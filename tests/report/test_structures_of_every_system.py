"""Strained cells and CIF files of real crystals, two of each crystal system."""

from functools import cache

import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.core.structure_matcher import StructureMatcher

from xsearch.answers import Evidence, Hit
from xsearch.builders.aflow import AflowSource
from xsearch.chemistry import Material
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.fit.pattern_fit import PatternFit
from xsearch.report.structures import cif_text
from xsearch.simulate.powder import simulate_reflections

STRAINS = {
    "cubic": ([0.01, 0.01, 0.01], [0, 0, 0]),
    "hexagonal": ([0.01, 0.01, -0.006], [0, 0, 0]),
    "trigonal": ([0.01, 0.01, -0.006], [0, 0, 0]),
    "tetragonal": ([0.01, 0.01, -0.006], [0, 0, 0]),
    "orthorhombic": ([0.01, -0.006, 0.004], [0, 0, 0]),
    "monoclinic": ([0.01, -0.006, 0.004], [0, 0.1, 0]),
    "triclinic": ([0.01, -0.006, 0.004], [0.3, -0.2, 0.4]),
}


@cache
def materials() -> dict[str, list[Material]]:
    """The two smallest prototypes of each system."""
    found: dict[str, list[Material]] = {system: [] for system in STRAINS}
    source = AflowSource()
    for material in sorted(map(source.process, source.items()), key=lambda material: len(material.crystal)):
        if min(map(len, found.values())) == 2:
            break
        group = found[find_symmetry(material.crystal).crystal_system]
        if len(group) < 2:
            group.append(material)
    return found


@pytest.mark.parametrize("system", STRAINS)
def test_the_fitted_cell_comes_back_out_of_the_strained_crystal(system: str) -> None:
    stretch, turn = STRAINS[system]
    for material in materials()[system]:
        symmetry = find_symmetry(material.crystal)
        reflections = simulate_reflections([symmetry], d_min_A=2.0)[0]
        cell = np.concatenate([reflections.cell[:3] * np.exp(stretch), reflections.cell[3:] + turn])
        fit = PatternFit(0.0, tuple(cell.tolist()), 0.0, 0.0, 0.1)
        hit = Hit(1, material, 1.0, Evidence(), reflections, fit)
        found = find_symmetry(hit.strained_crystal)
        assert found.number == symmetry.number
        assert np.allclose(found.cell, cell, atol=1e-5)


@pytest.mark.parametrize("system", STRAINS)
def test_cif_files_are_read_back_as_the_same_crystal(system: str) -> None:
    for material in materials()[system]:
        back = Structure.from_str(cif_text(material.crystal), fmt="cif")
        given = material.crystal.to_structure()
        assert back.density == pytest.approx(given.density, rel=1e-5)
        assert StructureMatcher().fit(back, given)
