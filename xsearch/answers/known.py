"""A phase that was given as known, and what the pattern says of it."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.fit.pattern_fit import Cell


@dataclass(frozen=True, slots=True)
class KnownPhase:
    """A known phase, fitted before the rest was searched for.

    Attributes:
        name: as it was given.
        formula: reduced.
        space_group: its number.
        source: of the crystal: an entry of the index, a file, or a certificate.
        cell: the conventional cell in the pattern; that of the certificate for a standard.
        zero_shift_deg: added to its calculated angles.
        intensity: its share of the net intensity, 0 to 1; 0 where its lines are not there.
        weight_fraction: of it, the other known phases and the first hit or the best mixture, 0 to 1; None where that is
            not known.
        texture: standard deviation of the logarithm of the intensity factor by preferred orientation.
    """

    name: str
    formula: str
    space_group: int
    source: str
    cell: Cell
    zero_shift_deg: float
    intensity: float
    weight_fraction: float | None
    texture: float
