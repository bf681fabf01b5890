"""Proposals against a pattern."""

import pytest

from tests.crystals import perovskite, template_library
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.fit.prepared_pattern import prepare
from xsearch.infer import infer
from xsearch.infer.evidence import CLOSE_TERMS
from xsearch.infer.proposals import propose
from xsearch.infer.refinement import coordinated, fit_candidates


def test_a_distortion_of_the_template_is_undone_where_the_pattern_shows_none():
    distorted = perovskite("Pb", "Ti", 3.90, 4.05)
    assert find_symmetry(distorted).number == 123
    answer = infer(template_library([distorted]), ["Sr", "Ti", "O"], augmented_pattern(perovskite("Sr", "Ti", 3.93), 4))
    cubic = [c for c in answer.candidates if c.space_group == 221]
    assert cubic
    assert any("symmetry of space group 221" in line for line in cubic[0].assumptions)
    assert cubic[0].cell[0] == pytest.approx(cubic[0].cell[2], rel=1e-6)


def test_a_template_that_is_as_symmetric_as_it_can_be_is_fitted_once(library, crystals):
    fitted = fit_candidates(library, propose(library, ["Ca", "Ti", "O"]), augmented_pattern(crystals[9], 1))
    assert not fitted.raised.any()
    assert fitted.evidence.shape == (len(fitted.fits), len(CLOSE_TERMS))
    assert len(fitted.proposals) == len(fitted.symmetries) == len(fitted.reflections) == len(fitted.fits)


def test_as_many_are_fitted_as_asked_for(library, crystals):
    fitted = fit_candidates(library, propose(library, ["Ca", "Ti", "O"]), augmented_pattern(crystals[9], 1), fitted=3)
    assert len(fitted.fits) == 3


def test_a_site_with_another_coordination_is_refused(crystals):
    assert coordinated(crystals[9], {"Ti": (6,)})
    assert not coordinated(crystals[9], {"Ti": (4,)})


def test_a_pattern_of_many_lines_is_spread_more_than_one_of_few(crystals):
    few = prepare(augmented_pattern(crystals[6], 3)).log_q.spread
    many = prepare(augmented_pattern(perovskite("Pb", "Ti", 5.5, 7.9), 3)).log_q.spread
    assert many > few
