"""Cells that a pattern itself gives."""

from dataclasses import replace

import numpy as np
import pytest

from tests.crystals import rutile
from tests.infer.conftest import task_of
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer.pipeline import compare
from xsearch.infer.trial_cells import TrialCell, distinct, fitted_cells, indexed_cells
from xsearch.preprocess.powder import cleaned_pattern, net_pattern
from xsearch.spectra import PowderPattern


def lengths(cell: TrialCell) -> list[float]:
    return sorted(np.linalg.norm(cell.lattice_A, axis=1).tolist())


def test_the_cell_of_a_crystal_is_among_those_of_its_lines():
    cells = indexed_cells(net_pattern(augmented_pattern(rutile(), 3)))
    assert any(lengths(cell) == pytest.approx([2.959, 4.594, 4.594], rel=0.02) for cell in cells)


def test_no_lines_give_no_cell():
    two_theta_deg = np.arange(10, 90, 0.02)
    flat = PowderPattern(two_theta_deg, 100 + np.cos(two_theta_deg / 20), 1.5406)
    assert indexed_cells(cleaned_pattern(flat)) == []


def test_a_crystal_that_fits_the_pattern_gives_its_cell(library, crystals):
    found = compare(task_of(library, ["Ca", "Ti", "O"], augmented_pattern(crystals[9], 1))).refined
    assert lengths(fitted_cells(found)[0]) == pytest.approx([3.905] * 3, rel=0.02)
    assert fitted_cells([replace(one, fit=replace(one.fit, correlation=(0.5,) * 4)) for one in found]) == []


def test_each_lattice_is_kept_once():
    one, other = TrialCell(np.diag([4.0, 5.0, 6.0]), 0.0), TrialCell(np.diag([4.0, 5.0, 6.3]), 0.0)
    assert distinct([one, TrialCell(np.diag([6.01, 4.0, 5.0]), 0.1), other]) == [one, other]
