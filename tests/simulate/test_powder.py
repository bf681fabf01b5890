"""The compiled simulator against pymatgen's, and what any powder pattern must obey."""

import numpy as np
import pytest
from pymatgen.analysis.diffraction.xrd import XRDCalculator
from pymatgen.core import Lattice, Structure

from benchmarks.pxrd_reflections import agreement
from tests.crystals import FCC, rock_salt
from xsearch.builders.aflow import AflowSource
from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError
from xsearch.simulate.powder import line_positions, simulate_reflections, spacings

WAVELENGTH_A = 1.54056


def test_lines_of_rock_salt_carry_conventional_indices_and_multiplicities() -> None:
    (found,) = simulate_reflections([find_symmetry(rock_salt("Na", "Cl", 5.64))])
    first = {tuple(hkl): m for hkl, m in zip(found.hkl[:5].tolist(), found.multiplicity[:5].tolist(), strict=True)}
    assert first == {(1, 1, 1): 8, (2, 0, 0): 6, (2, 2, 0): 12, (3, 1, 1): 24, (2, 2, 2): 8}
    assert spacings(found.hkl[:1], found.cell)[0] == pytest.approx(5.64 / np.sqrt(3))


@pytest.mark.parametrize("seed", range(3))
def test_lines_agree_with_pymatgen_for_real_crystals(seed: int) -> None:
    source = AflowSource()
    items = [item for item in source.items() if len(item.payload["snl"]["sites"]) <= 16]
    for item in np.random.default_rng(seed).permutation(len(items))[:12]:
        crystal = source.process(items[item]).crystal
        found = agreement(crystal, WAVELENGTH_A)
        assert found.cosine > 0.9999
        assert found.worst_angle_deg < 0.005
        assert found.worst_intensity < 0.01


def test_a_conventional_cell_and_its_primitive_cell_give_the_same_lines() -> None:
    primitive = rock_salt("Na", "Cl", 5.64)
    conventional = Crystal.from_structure(
        Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    )
    a, b = simulate_reflections([find_symmetry(primitive), find_symmetry(conventional)])
    assert np.array_equal(a.hkl, b.hkl)
    assert np.allclose(a.structure_factor_sq, b.structure_factor_sq, rtol=1e-5)


def test_partly_occupied_sites_scatter_with_their_occupancies() -> None:
    mixed = Crystal(FCC * 3.9, np.zeros((2, 3)), ("Cu", "Au"), np.array([0.75, 0.25]))
    reference = XRDCalculator(wavelength=WAVELENGTH_A, symprec=0).get_pattern(mixed.to_structure(), scaled=False)
    (found,) = simulate_reflections([find_symmetry(mixed)])
    angles, intensity, _ = line_positions(found, WAVELENGTH_A)
    seen = angles < 90
    assert np.allclose(angles[seen], reference.x, atol=1e-4)
    assert np.allclose(intensity[seen] / intensity[0], reference.y / reference.y[0], rtol=1e-4)


def test_all_reflections_to_the_smallest_spacing_are_there() -> None:
    cell = (4.1, 5.3, 7.7, 83.0, 97.0, 105.0)
    crystal = Crystal.ordered(
        lattice_from_parameters(*cell), np.array([[0.1, 0.2, 0.3], [0.45, 0.4, 0.9]]), ["Fe", "S"]
    )
    (found,) = simulate_reflections([find_symmetry(crystal)], d_min_A=1.2, faintest=-1.0)
    indices = np.stack(np.meshgrid(*[np.arange(-9, 10)] * 3, indexing="ij"), -1).reshape(-1, 3)
    d = spacings(indices[np.any(indices != 0, axis=1)], np.array(cell))
    assert found.multiplicity.sum() == (d >= 1.2).sum()


def test_a_cell_too_long_for_the_packed_indices_is_refused() -> None:
    long = Crystal.ordered(np.diag([5.0, 5.0, 2000.0]), np.array([[0, 0, 0], [0, 0, 0.3]]), ["Fe", "O"])
    with pytest.raises(CrystalError, match="too long"):
        simulate_reflections([find_symmetry(long)])
