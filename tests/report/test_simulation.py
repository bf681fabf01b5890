"""Calculated patterns."""

import json

import numpy as np
import pytest

from tests.crystals import rutile
from xsearch import report
from xsearch.report.structures import cif_text
from xsearch.simulate.crystal_pattern import simulate_cif, simulate_pattern
from xsearch.spectra import read


def test_the_profile_file_is_read_back_with_its_wavelength(tmp_path) -> None:
    simulated = simulate_pattern(rutile(), "CuKa1", name="rutile")
    back = read(report.write_xy(simulated, tmp_path / "rutile.xy"))
    assert back.wavelength_A == pytest.approx(simulated.pattern.wavelength_A, abs=1e-6)
    assert np.allclose(back.intensity, simulated.pattern.intensity, atol=1e-4)


def test_a_cif_file_is_simulated_and_drawn(tmp_path) -> None:
    path = tmp_path / "rutile.cif"
    path.write_text(cif_text(rutile(), 136), encoding="utf-8")
    simulated = simulate_cif(path, "CuKa")
    assert simulated.formula == "TiO2"
    assert simulated.space_group == 136
    report.plot(simulated, tmp_path / "rutile.png")
    assert (tmp_path / "rutile.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(json.dumps(report.to_dict(simulated)))["space_group_symbol"] == "P4_2/mnm"
