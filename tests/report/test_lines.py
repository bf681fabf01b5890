"""Lines of a hit to the end of its pattern."""

from dataclasses import replace

import numpy as np

from xsearch.answers import Hit
from xsearch.report.lines import reflections_in_range
from xsearch.simulate.powder import spacings
from xsearch.spectra import PowderPattern


def pattern_to(last_deg: float, wavelength_A: float) -> PowderPattern:
    x = np.linspace(5, last_deg, 1000)
    return PowderPattern(x, np.ones(1000), wavelength_A)


def test_stored_lines_serve_where_they_reach(hits: tuple[Hit, ...]) -> None:
    assert reflections_in_range(hits[0], pattern_to(80, 1.54)) is hits[0].reflections


def test_a_short_wavelength_gets_further_lines_of_the_same_cell(hits: tuple[Hit, ...]) -> None:
    for hit in hits:
        further = reflections_in_range(hit, pattern_to(90, 0.71))
        d_A = spacings(further.hkl, further.cell)
        assert d_A.min() < 0.55
        stored = hit.reflections
        n = len(stored)
        assert np.allclose(np.sort(d_A)[::-1][:n], spacings(stored.hkl, stored.cell), rtol=1e-6)


def test_another_setting_keeps_to_what_is_stored(hits: tuple[Hit, ...]) -> None:
    stored = replace(hits[0].reflections, cell=hits[0].reflections.cell * [1, 1, 2, 1, 1, 1])
    odd = replace(hits[0], reflections=stored)
    assert reflections_in_range(odd, pattern_to(150, 0.71)) is stored
