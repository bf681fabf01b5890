"""Proposals against a pattern."""

from dataclasses import replace

import numpy as np
import pytest

from tests.crystals import perovskite, template_library
from tests.infer.conftest import task_of
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.fit.prepared_pattern import prepare
from xsearch.infer import infer
from xsearch.infer.refinement import refine_by_strain, strain_fits
from xsearch.infer.screening import screen_templates
from xsearch.infer.settings import InferenceSettings, RefinementSettings
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import TrialCandidate


def test_a_distortion_of_the_template_is_undone_where_the_pattern_shows_none():
    distorted = perovskite("Pb", "Ti", 3.90, 4.05)
    assert find_symmetry(distorted).number == 123
    answer = infer(template_library([distorted]), ["Sr", "Ti", "O"], augmented_pattern(perovskite("Sr", "Ti", 3.93), 4))
    cubic = [c for c in answer.candidates if c.space_group == 221]
    assert cubic
    assert any("symmetry of space group 221" in line for line in cubic[0].assumptions)
    assert cubic[0].cell[0] == pytest.approx(cubic[0].cell[2], rel=1e-6)


def fitted(task: InferenceTask) -> list[TrialCandidate]:
    return refine_by_strain(task, screen_templates(task)[0])


def test_a_template_that_is_as_symmetric_as_it_can_be_is_fitted_once(library, crystals):
    found = fitted(task_of(library, ["Ca", "Ti", "O"], augmented_pattern(crystals[9], 1)))
    assert not any(one.symmetrised for one in found)
    assert len({(one.proposal.row, one.proposal.targets) for one in found}) == len(found)


def test_no_more_crystals_are_fitted_than_the_settings_say(library, crystals):
    settings = InferenceSettings(refinement=RefinementSettings(most=3))
    task = task_of(library, ["Ca", "Ti", "O"], augmented_pattern(crystals[9], 1), settings=settings)
    assert len(fitted(task)) == 3


def test_a_crystal_without_a_line_in_range_is_left_out(library, crystals):
    task = task_of(library, ["Ca", "Ti", "O"], augmented_pattern(crystals[9], 1))
    start = screen_templates(task)[0][0]
    tiny = Crystal.ordered(np.eye(3) * 1.05, np.zeros((1, 3)), ["H"])
    assert [one is None for one in strain_fits(task, [replace(start, symmetry=find_symmetry(tiny)), start])] == [
        True,
        False,
    ]


def test_a_pattern_of_many_lines_is_spread_more_than_one_of_few(crystals):
    few = prepare(augmented_pattern(crystals[6], 3)).log_q.spread
    many = prepare(augmented_pattern(perovskite("Pb", "Ti", 5.5, 7.9), 3)).log_q.spread
    assert many > few
