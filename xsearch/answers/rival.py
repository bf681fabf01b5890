"""The other phase that comes closest to a hit, and the lines that would tell the two apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TellingLine:
    """An angle at which two fitted phases differ.

    Attributes:
        two_theta_deg: at the wavelength of the query.
        here, there: height of the hit's and of the rival's fitted profile, as shares of the highest measured point.
        measured: height of the measured profile there.
    """

    two_theta_deg: float
    here: float
    there: float
    measured: float


@dataclass(frozen=True, slots=True)
class Rival:
    """The best other phase.

    Attributes:
        material_id, formula: of the rival.
        elements: those of the rival.
        margin: how far the hit is ahead of it in evidence, a natural logarithm; negative where it is behind.
        lines: where the two differ most, the strongest difference first; empty where the pattern cannot tell them.
    """

    material_id: str
    formula: str
    elements: tuple[str, ...]
    margin: float
    lines: tuple[TellingLine, ...] = ()
