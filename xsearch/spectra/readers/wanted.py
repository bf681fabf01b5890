"""What a user says of a file, as every reader is given it."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.reading import AS_THE_FILE_SAYS, Reading
from xsearch.spectra.readers.kind import Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user says about a file.

    Attributes:
        kind: powder pattern or absorption spectrum, or None.
        absorber: the absorbing element, or None.
        reading: columns, axis, edge energy and ranges.
    """

    kind: Kind | None = None
    absorber: str | None = None
    reading: Reading = AS_THE_FILE_SAYS
