"""Pressure and temperature of a sample: how they are written, and what they do to cells."""

import numpy as np
import pytest

from xsearch.chemistry.sample_conditions import UNSTATED, SampleConditions
from xsearch.errors import QueryError


@pytest.mark.parametrize(
    ("text", "pressure_GPa", "temperature_K"),
    [("5 GPa", 5, 298), ("600 K", 0, 600), ("50 kbar, 400 C", 5, 673.15), ("1.5GPa 20 °C", 1.5, 293.15)],
)
def test_conditions_are_read_in_the_usual_units(text: str, pressure_GPa: float, temperature_K: float) -> None:
    found = SampleConditions.parse(text)
    assert (found.pressure_GPa, found.temperature_K) == pytest.approx((pressure_GPa, temperature_K))


@pytest.mark.parametrize("text", ["", "5", "hot", "5 GPa and a half", "-3 GPa", "0 K"])
def test_what_gives_no_conditions_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="GPa"):
        SampleConditions.parse(text)


def test_pressure_shortens_a_cell_and_heat_lengthens_it() -> None:
    unknown, room = np.array([np.nan]), np.array([298.0])
    assert SampleConditions(5.0).strain(unknown, unknown)[0] == pytest.approx(-5 / 300)
    assert SampleConditions(5.0).strain(np.array([5.0]), room)[0] == 0
    assert SampleConditions().strain(np.array([5.0]), room)[0] > 0
    assert UNSTATED.strain(np.array([5.0]), room)[0] == 0
    assert SampleConditions(0.0, 800.0).strain(unknown, room)[0] == pytest.approx(0.005, rel=0.01)


def test_stated_conditions_far_from_the_samples_are_other_ones() -> None:
    pressure, temperature = np.array([np.nan, 0.0, 5.0, 0.0]), np.array([np.nan, 298.0, 298.0, 900.0])
    assert UNSTATED.are_other(pressure, temperature).tolist() == [False, False, True, True]
    assert SampleConditions(5.0).are_other(pressure, temperature).tolist() == [False, True, False, True]
