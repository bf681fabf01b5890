"""What was measured, from the arguments of a search."""

from __future__ import annotations

from collections.abc import Sequence

from xsearch.errors import QueryError, SpectrumError
from xsearch.preprocess.amorphous import amorphous_notes
from xsearch.preprocess.powder import NetPattern
from xsearch.preprocess.tube import tube_notes
from xsearch.spectra import PowderPattern, Xanes
from xsearch.spectra.measurement import Measurement


def measurement_of(pxrd: PowderPattern | Xanes | None, xanes: Xanes | Sequence[Xanes] | None) -> Measurement:
    """A pattern and edges, whatever argument they came by.

    Raises:
        SpectrumError: where the pattern is none.
    """
    edges = (xanes,) if isinstance(xanes, Xanes) else tuple(xanes or ())
    if isinstance(pxrd, Xanes):
        return Measurement(edges=(pxrd, *edges))
    if pxrd is not None and not isinstance(pxrd, PowderPattern):
        raise SpectrumError(f"{type(pxrd).__name__} is no powder pattern; give one as `pxrd`, such as `read` gives it.")
    return Measurement(pxrd, edges)


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
