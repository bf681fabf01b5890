"""From proposals and a pattern to refined candidates."""

import numpy as np

from tests.infer.conftest import task_of
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer.evidence import STRAIN_FIT_TERMS, TERMS
from xsearch.infer.pipeline import compare


def test_fitted_and_refined_candidates_come_with_their_evidence(library, crystals):
    task = task_of(library, ["Ca", "Ti", "O"], augmented_pattern(crystals[9], 1), threads=1)
    found = compare(task)
    assert all(one.evidence.shape == (len(STRAIN_FIT_TERMS),) for one in found.fitted)
    assert task.evidence(found.refined).shape == (len(found.refined), len(TERMS))
    assert 0 < len(found.refined) <= len(found.fitted) <= found.n_fitted
    assert list(found.timings_ms)[:3] == ["screening", "refinement", "final_refinement"]


def test_templates_are_placed_where_nothing_explains_the_pattern_in_its_own_cell(library, crystals):
    right = task_of(library, ["Ba", "Zr", "O"], augmented_pattern(crystals[13], 5))
    found = compare(right)
    assert "template_placement" not in found.timings_ms
    assert min(one.refined.misfit for one in found.refined) <= right.settings.placement.explained_misfit
    wrong = task_of(library, ["Na", "Br"], augmented_pattern(crystals[14], 5))
    found = compare(wrong)
    assert "template_placement" in found.timings_ms
    assert np.isfinite(wrong.evidence(found.refined)).all()
