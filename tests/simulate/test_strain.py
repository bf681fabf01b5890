"""Strains that a crystal system allows."""

import numpy as np
import pytest

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS, CUBIC, TETRAGONAL
from xsearch.indexes.columns import UNKNOWN_SYSTEM
from xsearch.simulate.lattice_kernels import tied
from xsearch.simulate.strain import ALLOWED_STRAINS, strain_modes, strained_cell


@pytest.mark.parametrize("system", range(len(CRYSTAL_SYSTEMS)))
def test_a_tied_strain_is_a_sum_of_allowed_ones(system):
    out = np.empty(6)
    tied(system, np.arange(1.0, 7.0), out)
    allowed = ALLOWED_STRAINS[system]
    assert np.linalg.lstsq(allowed.T, out, rcond=None)[0] @ allowed == pytest.approx(out)


@pytest.mark.parametrize(
    ("name", "free"),
    [("cubic", 0), ("hexagonal", 2), ("trigonal", 2), ("tetragonal", 2), ("orthorhombic", 3), ("monoclinic", 4)],
)
def test_strain_keeps_the_crystal_system(name, free):
    system = CRYSTAL_SYSTEMS.index(name)
    cell = np.array([5.0, 5.0, 7.0, 90.0, 90.0, 90.0])
    moved = strained_cell(cell, system, 0.0, np.array([0.01, 0.02, -0.01, 0.5, 0.6, 0.7]))
    if TETRAGONAL <= system < CUBIC:
        assert moved[0] == moved[1]
    assert len({round(x, 9) for x in moved - cell} - {0.0}) == free
    assert strained_cell(cell, system, 0.01, np.zeros(6))[:3] == pytest.approx(cell[:3] * np.exp(0.01))


def test_a_crystal_of_unknown_system_is_strained_isotropically():
    assert strain_modes(np.array([0, CUBIC, UNKNOWN_SYSTEM])).tolist() == [6, 1, 1]
    out = np.empty(6)
    tied(UNKNOWN_SYSTEM, np.ones(6), out)
    assert not out.any()
