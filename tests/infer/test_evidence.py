"""Evidence of refined candidates."""

from dataclasses import replace

import numpy as np
import pytest

from tests.infer.conftest import task_of
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer.evidence import ANSWER_TERMS, STRAIN_FIT_TERMS, TERMS, candidate_terms, weights
from xsearch.infer.final_refinement import refine_best
from xsearch.infer.refinement import refine_by_strain
from xsearch.infer.screening import screen_templates
from xsearch.infer.trial import RefinedCandidate

REFINED, BEHIND, MISFIT = (TERMS.index(name) for name in ("refined", "behind", "misfit"))


@pytest.fixture(scope="module")
def candidate(library, crystals) -> RefinedCandidate:
    task = task_of(library, ["Ca", "Ti", "O"], augmented_pattern(crystals[9], 1))
    return refine_best(task, refine_by_strain(task, screen_templates(task)[0]), 1)[0]


def with_evidence(
    candidate: RefinedCandidate, log_evidence: float, misfit: float = 1.0, formula: tuple[int, ...] = (3, 1, 1)
) -> RefinedCandidate:
    return replace(
        candidate,
        proposal=replace(candidate.proposal, coefficients=formula),
        refined=replace(candidate.refined, log_evidence=log_evidence, misfit=misfit),
    )


def test_candidates_are_behind_the_best_of_their_formula_alone(candidate):
    several = [
        with_evidence(candidate, 100.0),
        with_evidence(candidate, 90.0),
        with_evidence(candidate, 50.0, 1.0, (2, 1, 1)),
    ]
    found = candidate_terms(several, points=20.0)
    assert found[:, REFINED] == pytest.approx([0.0, -0.5, -2.5])
    assert found[0, BEHIND] == found[2, BEHIND] == 0.0
    assert found[1, BEHIND] < -0.5


def test_being_behind_counts_less_where_nothing_explains_the_pattern(candidate):
    well = candidate_terms([with_evidence(candidate, 100.0, 0.5), with_evidence(candidate, 90.0, 0.6)], points=20.0)
    badly = candidate_terms([with_evidence(candidate, 100.0, 12.0), with_evidence(candidate, 90.0, 12.5)], points=20.0)
    assert well[1, BEHIND] < badly[1, BEHIND] < 0
    assert well[0, MISFIT] > badly[0, MISFIT]


@pytest.mark.parametrize(
    ("of", "terms"), [("strain_fit", STRAIN_FIT_TERMS), ("candidate", TERMS), ("answer", ANSWER_TERMS)]
)
def test_every_term_has_a_weight(of, terms):
    assert weights(of).shape == (len(terms),)
    assert np.isfinite(weights(of)).all()
