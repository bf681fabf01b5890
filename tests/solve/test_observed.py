"""What intensities leave of a pattern, with and without drawing it."""

import numpy as np
import pytest

from tests.crystals import rutile
from xsearch.chemistry.space_groups import TETRAGONAL
from xsearch.fit.prepared_pattern import PreparedPattern
from xsearch.indexing import evidence_kernels as kernels
from xsearch.indexing.lines import find_lines
from xsearch.indexing.profile import DrawnLines, profile_of
from xsearch.solve.observed import ObservedLines
from xsearch.solve.settings import SOLVE

Cells = list[tuple[ObservedLines, float]]


def test_the_first_cell_is_that_of_the_crystal(cells: Cells) -> None:
    lines, _ = cells[0]
    assert lines.lattice == TETRAGONAL
    assert lines.cell[:3] == pytest.approx([4.594, 4.594, 2.959], rel=1e-3)
    assert lines.volume_A3 == pytest.approx(rutile().volume_A3, rel=1e-3)


def test_squares_are_those_of_the_drawn_pattern(titania: PreparedPattern, cells: Cells) -> None:
    lines, _ = cells[0]
    profile = profile_of(titania.net, find_lines(titania.net), SOLVE.observed.profile)
    s = lines.s
    at = np.degrees(2 * np.arcsin(s * profile.wavelengths_A[0]))
    drawn = DrawnLines.of(profile, at, profile.fwhm_deg(at))
    intensities = np.random.default_rng(1).exponential(lines.factor)
    sums = np.zeros(len(profile.counts))
    kernels.sum_of_lines(drawn.low, drawn.first, drawn.shapes, intensities, sums)
    scale = float((profile.weights * profile.counts) @ sums / (profile.weights @ sums**2))
    left = float(profile.weights @ (profile.counts - scale * sums) ** 2)
    # the lines of the cell are shifted by the zero that was refined, a few thousandths of a degree
    assert lines.squares(intensities) == pytest.approx(left, rel=0.02)
    assert lines.least < lines.squares(intensities) < lines.total


def test_free_intensities_leave_the_least(cells: Cells) -> None:
    lines, _ = cells[0]
    assert lines.squares(lines.areas) == pytest.approx(lines.least, rel=0.05)
