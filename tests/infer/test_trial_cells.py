"""Cells that a pattern itself tells."""

from dataclasses import replace

import numpy as np
import pytest

from tests.crystals import rutile
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer.final_refinement import look_again
from xsearch.infer.proposals import propose
from xsearch.infer.refinement import fit_candidates
from xsearch.infer.trial_cells import TrialCell, cells_of_fits, cells_of_lines, different
from xsearch.spectra import PowderPattern


def lengths(cell: TrialCell) -> list[float]:
    return sorted(np.linalg.norm(cell.lattice_A, axis=1).tolist())


def test_the_cell_of_a_crystal_is_among_those_of_its_lines():
    cells = cells_of_lines(augmented_pattern(rutile(), 3))
    assert any(lengths(cell) == pytest.approx([2.959, 4.594, 4.594], rel=0.02) for cell in cells)


def test_no_lines_give_no_cell():
    two_theta_deg = np.arange(10, 90, 0.02)
    # noise rises above nothing, but nothing explains it either
    flat = PowderPattern(two_theta_deg, 100 + np.cos(two_theta_deg / 20), 1.5406)
    assert cells_of_lines(flat) == []


def test_a_crystal_that_meets_the_pattern_tells_its_cell(library, crystals):
    pattern = augmented_pattern(crystals[9], 1)
    looked = look_again(fit_candidates(library, propose(library, ["Ca", "Ti", "O"]), pattern), pattern)
    assert lengths(cells_of_fits(looked)[0]) == pytest.approx([3.905] * 3, rel=0.02)
    bad = [replace(fit, correlation=(0.5,) * 4) for fit in looked.fits]
    assert cells_of_fits(replace(looked, fits=bad)) == []


def test_each_lattice_is_kept_once():
    one, other = TrialCell(np.diag([4.0, 5.0, 6.0]), 0.0), TrialCell(np.diag([4.0, 5.0, 6.3]), 0.0)
    assert different([one, TrialCell(np.diag([6.01, 4.0, 5.0]), 0.1), other]) == [one, other]
