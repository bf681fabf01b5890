"""What of an index a search compares."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.sample_conditions import UNSTATED, SampleConditions
from xsearch.chemistry.space_groups import space_group_number
from xsearch.options import ANY, Constraints, CrystalSystem, Elements, Prior, Range, parse_choice
from xsearch.search.known import KnownCrystal


@dataclass(frozen=True, slots=True, eq=False)
class Left:
    """What known phases leave of a pattern.

    Attributes:
        two_theta_deg: (n,) rising.
        kept: (n,) share of the intensity above the background that is left.
    """

    two_theta_deg: NDArray[np.float64]
    kept: NDArray[np.float64]

    def share(self, two_theta_deg: NDArray[np.float64]) -> NDArray[np.float64]:
        """(k,) at some angles."""
        return np.interp(two_theta_deg, self.two_theta_deg, self.kept)


@dataclass(frozen=True, slots=True)
class Scope:
    """What of an index a search compares, and what counts beside the measurement.

    Attributes:
        constraints: on elements, symmetry and metadata.
        prior: which prior counts.
        measured_cells: whether measured cells linked to a computed entry are searched beside it.
        range: which part of an absorption spectrum is compared.
        conditions: pressure and temperature of the sample.
        leave_out_rows: rows of the index that are left out.
        leave_out_spectra: ids of library spectra that are left out.
        known: phases that are there; they are fitted first, and the rest is searched for.
        particle_size_um: diameter of the sample's particles, by which weights are corrected for absorption.
        left: what they leave of the pattern, once they are taken off.
    """

    constraints: Constraints = ANY
    prior: Prior = Prior.KNOWN
    measured_cells: bool = True
    conditions: SampleConditions = UNSTATED
    leave_out_rows: Collection[int] = ()
    leave_out_spectra: Collection[str] = ()
    range: Range = Range.AUTO
    known: tuple[KnownCrystal, ...] = ()
    particle_size_um: float | None = None
    left: Left | None = None


def constraints_of(
    only: Elements = None,
    must: Elements = None,
    may: Elements = None,
    exclude: Elements = None,
    exactly: Elements = None,
    system: str | None = None,
    space_group: int | str | None = None,
    where: str | None = None,
    any_of: Elements = None,
) -> Constraints:
    """Constraints from what a user gives; `SearchIndex.search` says what each means.

    Raises:
        QueryError: where an element, a system or a space group does not exist, or the elements contradict each other.
    """
    return Constraints.parse(
        only,
        must,
        may,
        exclude,
        exactly,
        any_of,
        system=None if system is None else parse_choice(CrystalSystem, system, "crystal system"),
        space_group=None if space_group is None else space_group_number(space_group),
        where=where,
    )
