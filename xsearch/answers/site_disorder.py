"""Sites of a crystal that two elements share, or that are partly empty."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import Literal

TOO_ALIKE = 0.15
"""Standard uncertainty of a shared site's fraction from which the elements scatter too alike to tell it."""


@dataclass(frozen=True, slots=True)
class SiteDisorder:
    """What stands on some sites of a candidate.

    Attributes:
        kind: `mixed`, two elements share the sites and fill them; or `vacant`, a part of the sites is empty.
        elements: two of a mixed site, one of a vacant one.
        sites: multiplicity and Wyckoff letter of each orbit, such as `4a` or `4a + 8d`.
        occupancies: of each element.
        error: standard uncertainty of each occupancy.
    """

    kind: Literal["mixed", "vacant"]
    elements: tuple[str, ...]
    sites: str
    occupancies: tuple[float, ...]
    error: float

    @property
    def undetermined(self) -> bool:
        """Whether the pattern says next to nothing of the occupancies."""
        return self.error > TOO_ALIKE

    @property
    def text(self) -> str:
        """In one line, such as `mixed: Mg/Fe on 4a, 0.62(3)`."""
        return f"{self.kind}: {'/'.join(self.elements)} on {self.sites}, {with_error(self.occupancies[0], self.error)}"

    @property
    def caveat(self) -> str | None:
        """What has to be known beside it; None where there is nothing."""
        if not self.undetermined:
            return None
        if self.kind == "mixed":
            first, second = self.elements
            return f"{first} and {second} scatter too alike for this pattern to tell their fractions."
        return f"This pattern hardly tells how full the sites of {self.elements[0]} are."


def with_error(value: float, error: float) -> str:
    """A value with its standard uncertainty in its last decimals, as in a CIF: 0.62(3), or 0.6(2)."""
    if not 0 < error < 10:
        return f"{value:.2f}"
    decimals = min(max(-floor(log10(error)), 1), 4)
    if round(error * 10**decimals) == 10 and decimals > 1:
        decimals -= 1
    return f"{value:.{decimals}f}({max(round(error * 10**decimals), 1)})"
