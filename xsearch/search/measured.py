"""The powder pattern of a measurement, and what is noted of it."""

from __future__ import annotations

from xsearch.errors import QueryError
from xsearch.preprocess.amorphous import amorphous_notes
from xsearch.preprocess.powder import NetPattern
from xsearch.preprocess.tube import tube_notes
from xsearch.spectra import PowderPattern
from xsearch.spectra.measurement import Measurement


def powder_of(measurement: Measurement) -> PowderPattern:
    """The powder pattern of a measurement without edges.

    Raises:
        QueryError: where there is none.
    """
    if measurement.pattern is None:
        raise QueryError("Nothing to search for; give a powder pattern as `pxrd`, edges as `xanes`, or both.")
    return measurement.pattern


def pattern_notes(pattern: NetPattern) -> tuple[str, ...]:
    """What was taken off a pattern, and what lies below its lines."""
    return (*tube_notes(pattern.tube), *amorphous_notes(pattern))
