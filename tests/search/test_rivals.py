"""The closest other phase of a hit, and what discriminates the two."""

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch import report
from xsearch.fit.settings import CORRELATION
from xsearch.preprocess.axis import MATCH_AXIS
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.search.rivals import discriminating_reflections
from xsearch.search.settings import DEFAULTS


def test_lines_of_one_phase_only_discriminate(prototypes: SearchIndex, measured: Measure) -> None:
    pattern = net_pattern(measured(40))
    here = pattern.profile(MATCH_AXIS, CORRELATION.scales[0])
    extra_deg = 33.3
    ln_q = np.log(4 * np.pi * np.sin(np.radians(extra_deg / 2)) / pattern.wavelength_A)
    there = here + 0.2 * here.max() * np.exp(-0.5 * ((MATCH_AXIS.values() - ln_q) / CORRELATION.scales[0]) ** 2)
    (line,) = discriminating_reflections(pattern, here, here, there, CORRELATION.scales[0])
    assert line.two_theta_deg == pytest.approx(extra_deg, abs=0.05)
    assert line.rival - line.hit == pytest.approx(0.2, abs=0.01)
    assert line.hit == line.measured


def test_equal_phases_have_no_discriminating_reflections(prototypes: SearchIndex, measured: Measure) -> None:
    pattern = net_pattern(measured(40))
    profile = pattern.profile(MATCH_AXIS, CORRELATION.scales[0])
    assert discriminating_reflections(pattern, profile, profile, profile, CORRELATION.scales[0]) == ()


def test_the_first_hits_have_rivals(prototypes: SearchIndex, measured: Measure) -> None:
    hits = prototypes.search(measured(120), top=8).hits
    first, second = hits[0].rival, hits[1].rival
    assert first is not None
    assert second is not None
    assert first.material_id == hits[1].material_id
    assert second.material_id == hits[0].material_id
    assert first.margin == pytest.approx(-second.margin)
    assert first.margin >= 0
    assert 0 < len(first.discriminating_reflections) <= DEFAULTS.rivals.most_reflections
    assert all(8 < line.two_theta_deg < 85 for line in first.discriminating_reflections)
    assert [hit.rival is None for hit in hits] == [place >= DEFAULTS.rivals.hits for place in range(len(hits))]
    assert hits[1].formula in report.reasons(hits[0])[-1]
