"""Absorption of crystals, and microabsorption."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import Crystal
from xsearch.simulate.absorption import brindley_factor, linear_absorption_per_um


def iron() -> Crystal:
    return Crystal(np.eye(3) * 2.8665, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), ("Fe", "Fe"), np.ones(2))


def test_iron_absorbs_as_the_international_tables_say() -> None:
    # mass coefficients 302 cm²/g for Cu Kα and 37.6 cm²/g for Mo Kα (International Tables C, table 4.2.4.3)
    density = 7.874
    assert linear_absorption_per_um(iron(), 1.5418) * 1e4 / density == pytest.approx(302, rel=0.03)
    assert linear_absorption_per_um(iron(), 0.7107) * 1e4 / density == pytest.approx(37.6, rel=0.04)


def test_particles_that_absorb_more_than_the_others_look_fewer() -> None:
    # a path to a point and back is 3/4 of the diameter on average, by geometry
    assert brindley_factor(0.0) == pytest.approx(1.0)
    slope = (brindley_factor(1e-4) - brindley_factor(-1e-4)) / 2e-4
    assert slope == pytest.approx(-0.75, rel=1e-3)
    factors = [brindley_factor(contrast) for contrast in (-0.5, -0.1, 0.1, 0.5, 2.0)]
    assert factors == sorted(factors, reverse=True)
    assert factors[3] == pytest.approx(0.70, abs=0.02)
