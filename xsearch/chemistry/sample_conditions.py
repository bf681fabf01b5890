"""Pressure and temperature of a sample, and what they do to cells that were determined under others."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import QueryError
from xsearch.settings import setting

Array = NDArray[np.float64]

_PART = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(GPa|kbar|MPa|K|°?C)", re.IGNORECASE)
_GPA = {"gpa": 1.0, "kbar": 0.1, "mpa": 1e-3}
_ZERO_CELSIUS_K = 273.15
"""0 °C."""

ROOM_K = 298.0
"""Room temperature, where none is stated."""


@dataclass(frozen=True, slots=True)
class SolidSettings:
    """What a typical solid does under pressure and heat, and which conditions are other ones."""

    bulk_modulus_GPa: float = setting(100.0, "GPa", "set by hand: oxides have 100 to 250, salts 20 to 60")
    expansion_per_K: float = setting(1e-5, "1/K", "set by hand: of a length; oxides have 0.7e-5 to 1.2e-5, salts 3e-5")
    uncertainty: float = setting(0.6, "1", "set by hand: of the strain by pressure and heat, as a share of it")
    other_pressure_GPa: float = setting(1.0, "GPa", "set by hand: apart by more are other conditions")
    other_temperature_K: float = setting(150.0, "K", "set by hand: apart by more are other conditions")


SOLID = SolidSettings()


@dataclass(frozen=True, slots=True)
class SampleConditions:
    """Under which conditions a sample was measured.

    Attributes:
        pressure_GPa: 0 at ambient pressure.
        temperature_K: 298 at room temperature.
        is_stated: whether somebody said so. Where nobody did, a cell that was determined under pressure is compared as
            it is: the sample may have been under pressure too.
    """

    pressure_GPa: float = 0.0
    temperature_K: float = ROOM_K
    is_stated: bool = True

    def __post_init__(self) -> None:
        if not (0 <= self.pressure_GPa < 1000 and 0 < self.temperature_K < 5000):
            raise QueryError(
                f"{self.pressure_GPa:g} GPa and {self.temperature_K:g} K are no conditions of a crystal; "
                "give such as '5 GPa, 600 K'."
            )

    @classmethod
    def parse(cls, text: str | None) -> SampleConditions:
        """From text such as `5 GPa`, `600 K`, `50 kbar 400 C`; ambient and not stated from None.

        Raises:
            QueryError: where it gives neither pressure nor temperature.
        """
        if text is None:
            return UNSTATED
        found = _PART.findall(text)
        if not found or _PART.sub("", text).strip(" ,;and"):
            raise QueryError(f"{text!r} gives no pressure or temperature; write such as '5 GPa, 600 K'.")
        pressure_GPa, temperature_K = 0.0, ROOM_K
        for number, unit in found:
            name = unit.lower().lstrip("°")
            if name in _GPA:
                pressure_GPa = float(number) * _GPA[name]
            else:
                temperature_K = float(number) + (_ZERO_CELSIUS_K if name == "c" else 0.0)
        return cls(pressure_GPa, temperature_K)

    def __str__(self) -> str:
        return f"{self.pressure_GPa:g} GPa, {self.temperature_K:g} K" if self.is_stated else "not stated"

    def strain(self, pressure_GPa: Array, temperature_K: Array, settings: SolidSettings = SOLID) -> Array:
        """(n,) ln(length here / length there) that a typical solid shows; unknown conditions (NaN) count as ambient.

        It is 0 where the conditions here are not stated.
        """
        if not self.is_stated:
            return np.zeros(len(pressure_GPa))
        pressure, temperature = np.nan_to_num(pressure_GPa, nan=0.0), np.nan_to_num(temperature_K, nan=ROOM_K)
        by_pressure = -(self.pressure_GPa - pressure) / (3 * settings.bulk_modulus_GPa)
        return np.asarray(by_pressure + settings.expansion_per_K * (self.temperature_K - temperature))

    def are_other(
        self, pressure_GPa: Array, temperature_K: Array, settings: SolidSettings = SOLID
    ) -> NDArray[np.bool_]:
        """(n,) whether conditions are stated (not NaN) and far from these."""
        far_pressure = np.abs(pressure_GPa - self.pressure_GPa) > settings.other_pressure_GPa
        return np.asarray(
            far_pressure | (np.abs(temperature_K - self.temperature_K) > settings.other_temperature_K), np.bool_
        )


UNSTATED = SampleConditions(is_stated=False)
"""Nothing is said; ambient conditions are likelier than others."""
