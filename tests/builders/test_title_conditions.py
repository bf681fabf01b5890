"""Temperature and pressure from titles."""

import pytest

from xsearch.builders.title_conditions import conditions_in_title


@pytest.mark.parametrize(
    ("title", "temperature_K", "pressure_GPa"),
    [
        ("Structure of spinel\n Sample: at T = 603 C", 876.15, None),
        ("Iron\n Note: gamma iron, Sample M620, P = 21.57 GPa, T = 1273 K", 1273.0, 21.57),
        ("Olivine\n Sample: P = 79 kbar", None, 7.9),
        ("Hydrogen\n Sample: P = .0021 GPa, T = 13.7 K", 13.7, 0.0021),
        ("Titanite\n T = 165 deg C", 438.15, None),
        ("Quartz\n Sample: T = -183 C", 90.15, None),
        ("Beryl\n Sample: Pressure = 21 kbar", None, 2.1),
        ("Calaverite\n Sample: P = <0.5 GPa", None, 0.5),
        ("Olivine\n Sample: Mg85Ni15 at room temperature", 295.0, None),
        ("Air\n Sample: P = 1 bar", None, 1e-4),
    ],
)
def test_conditions_of_the_measurement_are_read(title: str, temperature_K, pressure_GPa) -> None:
    assert conditions_in_title(title) == (pytest.approx(temperature_K), pytest.approx(pressure_GPa))


@pytest.mark.parametrize(
    "title",
    [
        "Spinel\n Sample: quenched from T = 1401 C",
        "Otavite\n Sample: X_Mg = .1, synthesized at 800 C, 1 GPa, 1 h",
        "Magnetite\n Note: Sample No.633, Fe3.005, annealed at 1373 K for 7 days",
        "High-pressure crystal chemistry of phenakite to 5 GPa at 300 K",
        "Equiatomic compounds TPnCh (T = Ni, Pd; Pn = P, As, Sb)",
        "",
    ],
)
def test_how_a_sample_was_made_is_not_how_it_was_measured(title: str) -> None:
    assert conditions_in_title(title) == (None, None)
