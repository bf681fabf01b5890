"""Candidates in lower symmetries."""

import numpy as np
import pytest

from tests.crystals import perovskite, rutile
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.space_groups import SYSTEM_OF_GROUP
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.fit.residuals import Residuals
from xsearch.fit.rietveld import Refined
from xsearch.infer import infer
from xsearch.infer.settings import LoweringSettings
from xsearch.infer.symmetry_lowering import clearly_better, is_distorted, lower_symmetries


def refined(log_evidence: float, misfit: float, stretch: float = 1.0) -> Refined:
    cube = Crystal.ordered(np.diag([4.0, 4.0, 4.0 * stretch]), [[0, 0, 0]], ["Po"])
    return Refined(log_evidence, misfit, Residuals(0.1, 0.1, 1.0), 0.0, np.array([4.0, 4, 4, 90, 90, 90]), cube)


def test_a_cube_can_become_tetragonal_orthorhombic_or_rhombohedral():
    symmetry = find_symmetry(perovskite("Sr", "Ti", 3.905))
    lower = lower_symmetries(symmetry, symmetry.cell)
    assert {s.crystal_system for s in lower} == {"tetragonal", "orthorhombic", "trigonal"}
    assert {s.number for s in lower} >= {123, 166, 47}
    for one in lower:
        assert one.primitive.volume_A3 == pytest.approx(3.905**3, rel=0.01)


def test_every_lower_symmetry_has_fewer_operations():
    for crystal in (rutile("Ti", "O", 4.594, 2.959), perovskite("Sr", "Ti", 3.905)):
        symmetry = find_symmetry(crystal)
        rank = SYSTEM_OF_GROUP[symmetry.number]
        lower = lower_symmetries(symmetry, symmetry.cell)
        assert lower
        assert all(SYSTEM_OF_GROUP[one.number] != rank for one in lower)


def test_nothing_is_lower_than_triclinic():
    odd = Crystal.ordered([[4.1, 0, 0], [0.4, 5.2, 0], [0.7, 0.9, 6.3]], [[0, 0, 0], [0.3, 0.4, 0.1]], ["Na", "Cl"])
    symmetry = find_symmetry(odd)
    assert symmetry.crystal_system == "triclinic"
    assert lower_symmetries(symmetry, symmetry.cell) == []


def test_a_lower_symmetry_must_explain_clearly_more():
    parent, least = refined(100.0, 2.0), LoweringSettings().least_gain
    assert clearly_better(parent, [(refined(100.0 + least - 1, 0.2), 2)]) is None
    assert clearly_better(parent, [(refined(100.0 + least + 1, 1.5), 2)]) is None
    assert clearly_better(parent, [(refined(90.0, 0.2), 2), (refined(100.0 + least + 1, 0.2), 2)]) == 1
    assert clearly_better(parent, []) is None


def test_a_lattice_that_kept_its_shape_is_not_lowered_by_its_atoms():
    assert not is_distorted(refined(0.0, 1.0), refined(0.0, 1.0, 1.0012))
    assert is_distorted(refined(0.0, 1.0), refined(0.0, 1.0, 1.008))
    assert not is_distorted(refined(0.0, 1.0, 1.03), refined(0.0, 1.0, 1.02))


def test_of_two_that_are_as_good_the_higher_is_taken():
    parent = refined(100.0, 2.0)
    assert clearly_better(parent, [(refined(152.0, 0.2), 4), (refined(150.0, 0.2), 3)]) == 1
    assert clearly_better(parent, [(refined(182.0, 0.2), 4), (refined(150.0, 0.2), 3)]) == 0


def test_a_perovskite_whose_lines_are_split_is_found_tetragonal_from_cubic_templates(library):
    cubic = perovskite("Ca", "Zr", 4.10)
    long = Crystal.ordered(cubic.lattice_A * np.array([1, 1, 1.03]), cubic.frac_coords, cubic.elements)
    best = infer(library, ["Ca", "Zr", "O"], augmented_pattern(long, seed=4)).best()
    assert best.formula == "CaZrO3"
    assert best.crystal_system == "tetragonal"
    assert best.cell[2] / best.cell[0] == pytest.approx(1.03, abs=0.01)
    assert any("lowered from space group 221" in line for line in best.assumptions)
