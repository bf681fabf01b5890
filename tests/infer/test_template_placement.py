"""Templates put into cells that the pattern tells."""

import numpy as np
import pytest

from tests.crystals import rutile, template_library
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.fit.prepared_pattern import prepare
from xsearch.infer import infer
from xsearch.infer.evidence import CLOSE_TERMS, FIT_PLACE
from xsearch.infer.proposals import propose
from xsearch.infer.refinement import fit_candidates
from xsearch.infer.substitute import predicted_scale
from xsearch.infer.template_placement import fit_in_cells, lay
from xsearch.infer.trial_cells import TrialCell, cells_of_lines

BENT = rutile("Sn", "O", 4.50, 3.95)
"""Rutile's type in a cell whose axes are off by more than a strain fit reaches."""


@pytest.fixture
def bent():
    return template_library([BENT])


@pytest.fixture
def pattern():
    return augmented_pattern(rutile(), 3)


def test_a_template_of_another_shape_is_found_in_the_cell_of_the_lines(bent, pattern):
    proposals = propose(bent, ["Ti", "O"])
    plain = fit_candidates(bent, proposals, pattern)
    fitted = fit_in_cells(bent, proposals, pattern, cells_of_lines(pattern))
    best = max(range(len(fitted.fits)), key=lambda k: fitted.fits[k].correlation[FIT_PLACE])
    assert fitted.symmetries[best].number == 136
    assert fitted.fits[best].cell[[0, 2]] == pytest.approx([4.594, 2.959], rel=0.02)
    assert fitted.fits[best].correlation[FIT_PLACE] > 0.9
    assert fitted.fits[best].correlation[FIT_PLACE] > max(fit.correlation[FIT_PLACE] for fit in plain.fits) + 0.05
    assert fitted.evidence.shape == (len(fitted.fits), len(CLOSE_TERMS))


def test_only_cells_of_the_right_volume_are_filled(bent, pattern):
    proposals, target = propose(bent, ["Ti", "O"]), prepare(pattern).log_q
    scales = predicted_scale(bent, proposals)
    cell = TrialCell(np.diag([4.594, 4.594, 2.959]), 0.0)
    twice = TrialCell(np.diag([4.594, 4.594, 5.918]), 0.0)
    laid = list(lay(bent, proposals, scales, [cell, twice], target))
    assert {one.cell for one in laid} == {0}
    for one in laid:
        assert one.crystal.volume_A3 == pytest.approx(cell.volume_A3)
        assert sum(one.crystal.composition.values()) == 6


def test_no_cell_gives_no_candidate(bent, pattern):
    assert len(fit_in_cells(bent, propose(bent, ["Ti", "O"]), pattern, []).fits) == 0


def test_a_site_with_another_coordination_is_refused(bent, pattern):
    cells = cells_of_lines(pattern)
    assert not fit_in_cells(bent, propose(bent, ["Ti", "O"]), pattern, cells, coordination={"Ti": (4,)}).fits


def test_one_crystal_system_is_kept_where_asked_for(bent, pattern):
    proposals, cells = propose(bent, ["Ti", "O"]), cells_of_lines(pattern)
    found = {
        system: len(fit_in_cells(bent, proposals, pattern, cells, system=system).fits)
        for system in (None, "tetragonal", "cubic")
    }
    assert found["tetragonal"] == found[None] > 0
    assert found["cubic"] == 0


def test_cells_are_tried_where_nothing_else_explains_the_pattern(bent, library, pattern):
    assert "cells" in infer(bent, ["Ti", "O"], pattern).timings_ms
    answer = infer(bent, ["Ti", "O"], pattern)
    assert answer.candidates[0].space_group == 136
    assert answer.candidates[0].cell[0] == pytest.approx(4.594, rel=0.02)
    assert "cells" not in infer(library, ["Ti", "O"], pattern, excluded=["TiO2"]).timings_ms
