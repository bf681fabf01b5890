"""Energy errors and resolutions of beamlines."""

import numpy as np
import pytest

from xsearch.data.beamlines import BEAMLINES, FWHM, BeamlineSettings, draw_beamlines


def drawn(settings: BeamlineSettings = BEAMLINES, count: int = 2, edge_eV: float = 8979.0) -> np.ndarray:
    return np.array(
        [draw_beamlines(count, edge_eV, np.random.default_rng(s), settings).calibration_eV for s in range(3000)]
    )


def test_two_beamlines_differ_by_a_table_as_often_as_they_do_not() -> None:
    settings = BeamlineSettings(by_kraft=0.5, foil_eV=0.0, drifted=0.0)
    between = np.diff(drawn(settings), axis=1)[:, 0]
    assert np.mean(between == 0) == pytest.approx(0.5, abs=0.03)
    assert between[between != 0].std() == pytest.approx(settings.tables_eV, rel=0.05)


def test_drifts_are_rare_and_make_the_tails_heavy() -> None:
    one = drawn(BeamlineSettings(tables_eV=0.0))[:, 0]
    assert np.median(np.abs(one)) < 0.3
    assert np.mean(np.abs(one) > 1.2) == pytest.approx(0.06, abs=0.03)


def test_resolution_is_relative_to_the_energy_and_between_its_ends() -> None:
    found = draw_beamlines(2000, 20_000.0, np.random.default_rng(0)).resolution_eV * FWHM / 20_000.0
    low, high = BEAMLINES.resolution
    assert found.min() > low
    assert found.max() < high
    assert np.median(found) == pytest.approx(np.sqrt(low * high), rel=0.1)
