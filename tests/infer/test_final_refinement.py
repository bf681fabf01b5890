"""The likeliest candidates refined point by point."""

import numpy as np
import pytest

from tests.infer.conftest import task_of
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer.evidence import TERMS, shares, totals
from xsearch.infer.final_refinement import refine_best
from xsearch.infer.refinement import refine_by_strain
from xsearch.infer.screening import screen_templates


@pytest.fixture(scope="module")
def task(library, crystals):
    return task_of(library, ["Ca", "Ti", "O"], augmented_pattern(crystals[9], 1))


@pytest.fixture(scope="module")
def fitted(task):
    return refine_by_strain(task, screen_templates(task)[0])


def test_the_best_are_refined_and_bring_more_evidence(task, fitted):
    refined = refine_best(task, fitted, 5)
    evidence = task.evidence(refined)
    assert evidence.shape == (5, len(TERMS))
    assert shares(totals(evidence)).sum() == pytest.approx(1.0)
    assert evidence[:, TERMS.index("refined")].max() == 0.0


def test_one_thread_and_two_give_the_same(library, crystals, fitted):
    pattern = augmented_pattern(crystals[9], 1)
    one, two = (task_of(library, ["Ca", "Ti", "O"], pattern, threads=threads) for threads in (1, 2))
    assert np.array_equal(one.evidence(refine_best(one, fitted, 5)), two.evidence(refine_best(two, fitted, 5)))


def test_no_crystal_is_refined_in_too_many_copies(task, fitted):
    assert len(refine_best(task, [fitted[0]] * 9, 9)) == task.settings.final_refinement.most_alike


def test_a_fit_that_was_refined_before_is_not_refined_again(task, fitted):
    first = refine_best(task, fitted[:2], 2)
    further = refine_best(task, fitted[:3], 3, first)
    assert [one.proposal for one in further] == [fitted[2].proposal]


def test_no_candidates_stay_none(task):
    assert refine_best(task, [], 5) == []
    assert task.evidence([]).shape == (0, len(TERMS))
