"""The other phase that comes closest to a hit, and the reflections that discriminate the two."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiscriminatingReflection:
    """An angle at which two fitted phases differ; heights are shares of the highest measured point.

    Attributes:
        two_theta_deg: at the wavelength of the pattern.
        hit: height of the hit's fitted profile.
        rival: height of the rival's fitted profile.
        measured: height of the measured profile.
    """

    two_theta_deg: float
    hit: float
    rival: float
    measured: float


@dataclass(frozen=True, slots=True)
class Rival:
    """The best other phase.

    Attributes:
        material_id, formula: of the rival.
        elements: those of the rival.
        margin: log-evidence of the hit less that of the rival; negative where the hit is behind.
        discriminating_reflections: where the two differ most, the largest difference first; empty where the pattern
            does not distinguish them.
    """

    material_id: str
    formula: str
    elements: tuple[str, ...]
    margin: float
    discriminating_reflections: tuple[DiscriminatingReflection, ...] = ()
