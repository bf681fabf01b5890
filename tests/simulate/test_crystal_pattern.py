"""Calculated patterns."""

import numpy as np
import pytest
from pymatgen.analysis.diffraction.xrd import XRDCalculator

from tests.crystals import rutile
from xsearch.errors import CrystalError, QueryError, WavelengthError
from xsearch.simulate.crystal_pattern import simulate_cif, simulate_pattern


def test_lines_agree_with_pymatgen() -> None:
    simulated = simulate_pattern(rutile(), 1.5406, two_theta_deg=(20, 80))
    theirs = XRDCalculator(wavelength=1.5406).get_pattern(rutile().to_structure(), two_theta_range=(20, 80))
    ours = [line for line in simulated.lines() if line["intensity"] > 1]
    strong = [(x, y) for x, y in zip(theirs.x, theirs.y, strict=True) if y > 1]
    assert [line["two_theta_deg"] for line in ours] == pytest.approx([x for x, _ in strong], abs=0.005)
    assert [line["intensity"] for line in ours] == pytest.approx([y for _, y in strong], abs=1.0)


def test_the_profile_peaks_where_the_strongest_line_is() -> None:
    simulated = simulate_pattern(rutile(), "MoKa1")
    strongest = max(simulated.lines(), key=lambda line: line["intensity"])
    peak = simulated.pattern.two_theta_deg[np.argmax(simulated.pattern.intensity)]
    assert peak == pytest.approx(strongest["two_theta_deg"], abs=0.02)


def test_a_short_wavelength_reaches_small_spacings() -> None:
    lines = simulate_pattern(rutile(), "MoKa", two_theta_deg=(5, 90)).lines()
    assert min(line["d_A"] for line in lines) < 0.51


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"two_theta_deg": (90, 5)}, QueryError, "0 < first < last < 180"),
        ({"step_deg": 0}, QueryError, "positive step"),
        ({"step_deg": 1e-6}, QueryError, "Change the step"),
        ({"two_theta_deg": (1, 5)}, QueryError, "no reflection between"),
        ({"wavelength": "Cupid"}, WavelengthError, "Cupid"),
    ],
)
def test_what_makes_no_pattern_is_refused(how: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        simulate_pattern(rutile(), **how)


def test_a_file_that_is_no_cif_is_refused(tmp_path) -> None:
    path = tmp_path / "note.cif"
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(CrystalError, match=r"note\.cif"):
        simulate_cif(path)
