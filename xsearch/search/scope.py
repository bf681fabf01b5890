"""What of an index a search compares."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from xsearch.options import ANY, Constraints, Prior, Range


@dataclass(frozen=True, slots=True)
class Scope:
    """What of an index a search compares, and what counts beside the measurement.

    Attributes:
        constraints: on the elements.
        prior: which prior counts.
        measured_cells: whether measured cells linked to a computed entry are searched beside it.
        range: which part of an absorption spectrum is compared.
        leave_out_rows: rows of the index that are left out.
        leave_out_spectra: ids of library spectra that are left out.
    """

    constraints: Constraints = ANY
    prior: Prior = Prior.KNOWN
    measured_cells: bool = True
    leave_out_rows: Collection[int] = ()
    leave_out_spectra: Collection[str] = ()
    range: Range = Range.AUTO
