"""Whether a pattern has lines that its first hit does not explain at all, as those of a second phase."""

from __future__ import annotations

import numpy as np

from xsearch.fit.correlation import Matches
from xsearch.fit.strained_lines import strained_profiles
from xsearch.indexes import Index
from xsearch.preprocess.axis import MATCH_AXIS, highest_bins
from xsearch.preprocess.powder import NetPattern
from xsearch.preprocess.profile import best_scale
from xsearch.search.settings import DEFAULTS, SecondPhaseSettings


def second_phase_notes(
    index: Index, pattern: NetPattern, best: Matches, settings: SecondPhaseSettings = DEFAULTS.second_phase
) -> tuple[str, ...]:
    """A note where the best match, if there is one, leaves the lines of another phase."""
    if len(best.rows) == 0:
        return ()
    found = foreign_lines(index, pattern, best, settings)
    if len(found) < settings.fewest_lines:
        return ()
    listed = ", ".join(f"{angle:.2f}" for angle in sorted(found[: settings.most_named]))
    return (
        f"The first hit has no lines at {listed}° and the pattern does: perhaps a second phase; try --phases auto.",
    )


def foreign_lines(index: Index, pattern: NetPattern, best: Matches, settings: SecondPhaseSettings) -> list[float]:
    """Angles in degrees of lines above `least_height` where the best match has none, the highest first."""
    scales = best.settings.scales
    first, last = pattern.window(MATCH_AXIS)
    measured = pattern.profile(MATCH_AXIS, scales[0])
    narrow, wide = strained_profiles(index.reflections(int(best.rows[0])), pattern, best.amplitudes[0], scales[:2])
    inside, highest = narrow[first:last], float(measured[first:last].max())
    if inside.max() <= 0 or highest <= 0:
        return []
    nearby = best_scale(measured[first:last], inside) * np.maximum(
        narrow, wide * narrow.max() / wide.max()
    )  # a line a little off is not foreign
    left = np.where(nearby < settings.absent_share * measured, measured, 0) / highest
    left[:first] = left[last:] = 0
    return [
        MATCH_AXIS.two_theta_deg(place, pattern.wavelength_A)
        for place in highest_bins(left, settings.least_height, settings.apart_bins)
    ]
