"""Templates placed into cells that the pattern gives."""

import numpy as np
import pytest

from tests.crystals import rutile, template_library
from tests.infer.conftest import task_of
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer import infer
from xsearch.infer.pipeline import compare
from xsearch.infer.refinement import refine_by_strain
from xsearch.infer.screening import screen_templates
from xsearch.infer.substitute import predicted_scale
from xsearch.infer.template_placement import place_templates, placements
from xsearch.infer.trial_cells import TrialCell, indexed_cells
from xsearch.preprocess.powder import net_pattern

STRETCHED = rutile("Sn", "O", 4.50, 3.95)
"""Rutile's type in a cell whose axes are off by more than a strain fit reaches."""


@pytest.fixture(scope="module")
def stretched():
    return template_library([STRETCHED])


@pytest.fixture(scope="module")
def pattern():
    return augmented_pattern(rutile(), 3)


@pytest.fixture(scope="module")
def cells(pattern):
    return indexed_cells(net_pattern(pattern))


def test_a_template_of_another_shape_is_found_in_an_indexed_cell(stretched, pattern, cells):
    task = task_of(stretched, ["Ti", "O"], pattern)
    plain = refine_by_strain(task, screen_templates(task)[0])
    placed = refine_by_strain(task, place_templates(task, cells)[0])
    best = max(placed, key=lambda one: one.correlation)
    assert best.symmetry.number == 136
    assert best.fit.cell[[0, 2]] == pytest.approx([4.594, 2.959], rel=0.02)
    assert best.correlation > max(0.9, max(one.correlation for one in plain) + 0.05)


def test_only_cells_of_the_right_volume_are_filled(stretched, pattern):
    task = task_of(stretched, ["Ti", "O"], pattern)
    cell = TrialCell(np.diag([4.594, 4.594, 2.959]), 0.0)
    twice = TrialCell(np.diag([4.594, 4.594, 5.918]), 0.0)
    scales = predicted_scale(stretched, task.proposals)
    placed = list(placements(task, task.proposals, scales, [cell, twice]))
    assert {one.cell for one in placed} == {0}
    for one in placed:
        assert one.crystal.volume_A3 == pytest.approx(cell.volume_A3)
        assert sum(one.crystal.composition.values()) == 6


def test_no_cell_gives_no_candidate(stretched, pattern):
    assert place_templates(task_of(stretched, ["Ti", "O"], pattern), []) == ([], 0)


def test_a_site_with_another_coordination_is_refused(stretched, pattern, cells):
    task = task_of(stretched, ["Ti", "O"], pattern, coordination={"Ti": (4,)})
    assert place_templates(task, cells)[0] == []


@pytest.mark.parametrize(
    ("groups", "found"), [(None, True), (frozenset(range(75, 143)), True), (frozenset(range(195, 231)), False)]
)
def test_space_groups_are_kept_where_they_are_stated(stretched, pattern, groups, found):
    refined = compare(task_of(stretched, ["Ti", "O"], pattern, groups=groups)).refined
    assert any(one.symmetry.number == 136 and one.correlation > 0.9 for one in refined) is found


def test_templates_are_placed_where_nothing_else_explains_the_pattern(stretched, library, pattern):
    answer = infer(stretched, ["Ti", "O"], pattern)
    assert "template_placement" in answer.timings_ms
    assert answer.candidates[0].space_group == 136
    assert answer.candidates[0].cell[0] == pytest.approx(4.594, rel=0.02)
    assert "template_placement" not in infer(library, ["Ti", "O"], pattern, excluded=["TiO2"]).timings_ms
