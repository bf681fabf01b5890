"""Lines that no hit has and that a holder's metal has: what a pattern shows beside the sample most often."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.standards import HOLDERS, Standard
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.fit.crystal_fit import smallest_spacing_A
from xsearch.fit.known_phase import fit_known_phase
from xsearch.fit.settings import KNOWN_PHASE
from xsearch.preprocess.powder import NetPattern
from xsearch.search.settings import SecondPhaseSettings
from xsearch.simulate.powder import line_positions, simulate_reflections
from xsearch.simulate.reflections import Reflections

Array = NDArray[np.float64]


def holder_of(
    foreign_deg: Array, pattern: NetPattern, settings: SecondPhaseSettings
) -> tuple[Standard, NDArray[np.bool_]] | None:
    """The metal that explains most of some lines, and which of them, (k,) bool; None where none explains them.

    It must have at least `holder_lines` of them, and all its own stronger lines must be in the pattern.

    Args:
        foreign_deg: (k,) angles of lines that the first hit has not.
        pattern: the net pattern.
        settings: of second phases.
    """
    best: tuple[Standard, NDArray[np.bool_]] | None = None
    within = max(settings.near_widths * pattern.fwhm_deg, settings.near_deg)
    for metal in HOLDERS:
        reflections = _reflections(metal, smallest_spacing_A(pattern.wavelength_A))
        there, _, _ = line_positions(reflections, pattern.wavelength_A)
        if np.any(np.abs(foreign_deg[:, None] - there) < within + settings.holder_away_deg, axis=1).sum() < (
            settings.holder_lines
        ):
            continue  # no fit moves its lines there
        fit = fit_known_phase(reflections, pattern)
        if fit is None or fit.seen < settings.holder_seen:
            continue
        its: NDArray[np.bool_] = np.any(np.abs(foreign_deg[:, None] - fit.two_theta_deg) < within, axis=1)
        if its.sum() >= settings.holder_lines and (best is None or its.sum() > best[1].sum()):
            best = metal, its
    return best


@cache
def _reflections(metal: Standard, d_min_A: float) -> Reflections:
    return simulate_reflections([find_symmetry(metal.crystal, KNOWN_PHASE.symprec_A)], d_min_A=d_min_A)[0]
