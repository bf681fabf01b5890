"""From proposals and a pattern to refined candidates."""

import numpy as np

from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer.evidence import CLOSE_TERMS, TERMS
from xsearch.infer.pipeline import EXPLAINED, compare
from xsearch.infer.proposals import propose


def compared(library, elements, pattern):
    timings: dict[str, float] = {}
    close, last = compare(library, propose(library, elements), pattern, threads=1, timings=timings)
    return close, last, timings


def test_close_fits_and_refined_candidates_come_with_their_evidence(library, crystals):
    close, last, timings = compared(library, ["Ca", "Ti", "O"], augmented_pattern(crystals[9], 1))
    assert close.evidence.shape[1] == len(CLOSE_TERMS)
    assert last.evidence.shape == (len(last.fits), len(TERMS))
    assert len(last.fits) <= len(close.fits)
    assert list(timings)[:2] == ["fit", "refine"]


def test_other_cells_are_tried_where_nothing_explains_the_pattern_alone(library, crystals):
    right = compared(library, ["Ba", "Zr", "O"], augmented_pattern(crystals[13], 1))
    wrong = compared(library, ["Na", "Br"], augmented_pattern(crystals[14], 5))
    assert "cells" not in right[2]
    assert min(one.misfit for one in right[1].refined) <= EXPLAINED
    assert "cells" in wrong[2]
    assert np.isfinite(wrong[1].evidence).all()
