"""Whether a pattern has lines that its first hit does not explain at all, as those of a second phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.correlation import SCALES, Matches
from xsearch.fit.strained_lines import strained_profiles
from xsearch.indexes import Index
from xsearch.preprocess.axis import MATCH_AXIS, highest_bins
from xsearch.preprocess.powder import NetPattern
from xsearch.preprocess.profile import best_scale

FEWEST_FOREIGN = 3
LEAST_HEIGHT = 0.05
"""So many lines of such a height, of the highest, speak for a second phase. In measured mixtures of known phases all 24
first hits left that many, of confident first hits for a single phase 6 in 100."""

NOT_THERE = 0.2
"""A line is foreign where the calculated profile reaches less than this share of it; texture does not do that."""

MOST_NAMED = 5
APART_BINS = 8


def second_phase_notes(index: Index, pattern: NetPattern, best: Matches) -> tuple[str, ...]:
    """A note where the best match, if there is one, leaves the lines of another phase."""
    if len(best.rows) == 0:
        return ()
    found = foreign_lines(index, pattern, int(best.rows[0]), best.amplitudes[0])
    if len(found) < FEWEST_FOREIGN:
        return ()
    listed = ", ".join(f"{angle:.2f}" for angle in sorted(found[:MOST_NAMED]))
    return (
        f"The first hit has no lines at {listed}° and the pattern does: perhaps a second phase; try --phases auto.",
    )


def foreign_lines(index: Index, pattern: NetPattern, row: int, amplitudes: NDArray[np.float64]) -> list[float]:
    """Angles in degrees of lines above `LEAST_HEIGHT` where a strained row has none, the highest first."""
    first, last = pattern.window(MATCH_AXIS)
    measured = pattern.profile(MATCH_AXIS, SCALES[0])
    narrow, wide = strained_profiles(index.reflections(row), pattern, amplitudes, SCALES[:2])
    inside, highest = narrow[first:last], float(measured[first:last].max())
    if inside.max() <= 0 or highest <= 0:
        return []
    nearby = best_scale(measured[first:last], inside) * np.maximum(
        narrow, wide * narrow.max() / wide.max()
    )  # a line a little off is not foreign
    left = np.where(nearby < NOT_THERE * measured, measured, 0) / highest
    left[:first] = left[last:] = 0
    return [
        MATCH_AXIS.two_theta_deg(place, pattern.wavelength_A) for place in highest_bins(left, LEAST_HEIGHT, APART_BINS)
    ]
