"""The best candidates once more."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import Crystal
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.fit.rietveld import Refined
from xsearch.infer.evidence import CLOSE_TERMS, REFINED_TERMS, TERMS, refined_terms, shares
from xsearch.infer.final_refinement import MOST_ALIKE, look_again
from xsearch.infer.proposals import propose
from xsearch.infer.refinement import fit_candidates


def refined(log_evidence: float, misfit: float = 1.0) -> Refined:
    cube = Crystal.ordered(np.eye(3) * 4, [[0, 0, 0]], ["Po"])
    return Refined(log_evidence, misfit, 0.0, np.array([4.0, 4, 4, 90, 90, 90]), cube)


def test_the_best_are_looked_at_again_and_bring_more_evidence(library, crystals):
    pattern = augmented_pattern(crystals[9], 1)
    fitted = fit_candidates(library, propose(library, ["Ca", "Ti", "O"]), pattern)
    again = look_again(fitted, pattern, most=5)
    assert len(again.fits) == 5
    assert again.evidence.shape == (5, len(TERMS))
    assert again.n_fitted == len(fitted.fits)
    assert len(again.refined) == 5
    assert shares(again.evidence).sum() == pytest.approx(1.0)
    assert again.evidence[:, TERMS.index("refined")].max() == 0.0


def test_one_thread_and_two_say_the_same(library, crystals):
    pattern = augmented_pattern(crystals[9], 1)
    fitted = fit_candidates(library, propose(library, ["Ca", "Ti", "O"]), pattern)
    one, two = (look_again(fitted, pattern, threads=threads).evidence for threads in (1, 2))
    assert np.array_equal(one, two)


def test_no_crystal_is_looked_at_in_too_many_copies(library, crystals):
    pattern = augmented_pattern(crystals[9], 1)
    fitted = fit_candidates(library, propose(library, ["Ca", "Ti", "O"]), pattern)
    assert len(look_again(fitted.taken([0] * 9), pattern).fits) == MOST_ALIKE


def test_what_was_seen_before_stands_first_and_is_not_refined_once_more(library, crystals):
    pattern = augmented_pattern(crystals[9], 1)
    fitted = fit_candidates(library, propose(library, ["Ca", "Ti", "O"]), pattern)
    first = look_again(fitted.taken([0, 1]), pattern)
    both = look_again(fitted.taken([0, 1, 2]), pattern, seen=first)
    assert both.proposals.row[:2].tolist() == first.proposals.row.tolist()
    assert both.refined[:2] == first.refined
    assert len(both.fits) == 3
    assert both.evidence.shape == (3, len(TERMS))


def test_no_candidates_stay_none(library, crystals):
    pattern = augmented_pattern(crystals[9], 1)
    none = fit_candidates(library, propose(library, ["Ca", "Ti", "O"]), pattern).taken([])
    assert look_again(none, pattern).evidence.shape == (0, len(CLOSE_TERMS) + len(REFINED_TERMS))


def test_candidates_are_behind_the_best_of_their_formula_alone():
    formulas = np.array([[1, 2], [1, 2], [1, 3]])
    found = refined_terms([refined(100.0), refined(90.0), refined(50.0)], formulas, points=20.0)
    assert found[:, 0] == pytest.approx([0.0, -0.5, -2.5])
    assert found[0, 1] == found[2, 1] == 0.0
    assert found[1, 1] < -0.5


def test_being_behind_says_less_where_nothing_explains_the_pattern():
    formulas = np.array([[1, 2], [1, 2]])
    well = refined_terms([refined(100.0, 0.5), refined(90.0, 0.6)], formulas, points=20.0)
    badly = refined_terms([refined(100.0, 12.0), refined(90.0, 12.5)], formulas, points=20.0)
    assert well[1, 1] < badly[1, 1] < 0
    assert well[0, 2] > badly[0, 2]


def test_a_changed_crystal_counts_as_much_as_others_once_it_is_clearly_ahead():
    formulas, changed = np.array([[1, 2], [1, 3]]), [False, True]
    values = [refined_terms([refined(100.0), refined(e)], formulas, 20.0, changed)[1, 3] for e in (90.0, 110.0, 130.0)]
    assert values == pytest.approx([1.0, 0.5, 0.0])
    assert refined_terms([refined(100.0), refined(90.0)], formulas, 20.0)[:, 3].tolist() == [0.0, 0.0]


def test_a_changed_crystal_puts_others_behind_only_once_it_is_clearly_ahead():
    formulas, changed = np.array([[1, 2], [1, 2]]), [False, True]
    assert refined_terms([refined(100.0), refined(110.0, 0.5)], formulas, 20.0, changed)[0, 1] == 0.0
    assert refined_terms([refined(100.0), refined(130.0, 0.5)], formulas, 20.0, changed)[0, 1] < -1.0
