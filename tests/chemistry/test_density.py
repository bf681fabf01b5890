"""Densities of known crystals."""

import numpy as np
import pytest

from tests.crystals import rock_salt
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.density import cell_mass_u, density_g_cm3


def test_rock_salt_has_the_density_of_handbooks() -> None:
    assert density_g_cm3(rock_salt("Na", "Cl", 5.6402)) == pytest.approx(2.165, abs=0.01)


def test_a_mixed_site_weighs_by_its_occupancies() -> None:
    mixed = Crystal(np.eye(3) * 4, np.zeros((2, 3)), ("Ni", "Co"), np.array([0.5, 0.25]))
    assert cell_mass_u(mixed) == pytest.approx(0.5 * 58.693 + 0.25 * 58.933, abs=0.01)
