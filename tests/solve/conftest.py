"""Rutile, as a powder pattern shows it."""

import numpy as np
import pytest

from tests.crystals import rutile
from xsearch.chemistry.crystal import Crystal
from xsearch.fit.prepared_pattern import PreparedPattern, prepare
from xsearch.simulate.crystal_pattern import simulate_pattern
from xsearch.solve.engine import cells_of_formula
from xsearch.solve.observed import ObservedLines
from xsearch.spectra import PowderPattern


def pattern_of(crystal: Crystal, seed: int = 0) -> PowderPattern:
    """With counting noise on a flat background."""
    clean = simulate_pattern(crystal, "CuKa1", two_theta_deg=(15.0, 90.0), step_deg=0.02, fwhm_deg=0.12).pattern
    counts = np.random.default_rng(seed).poisson(100 * clean.intensity + 50)
    return PowderPattern(clean.two_theta_deg, counts.astype(float), clean.wavelength_A, source="simulated")


@pytest.fixture(scope="session")
def titania() -> PreparedPattern:
    return prepare(pattern_of(rutile()))


@pytest.fixture(scope="session")
def cells(titania: PreparedPattern) -> list[tuple[ObservedLines, float]]:
    return cells_of_formula(titania, {"Ti": 1, "O": 2})
