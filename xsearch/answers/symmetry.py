"""What a pattern says of its crystal's symmetry: a probability for each crystal system, and the likeliest groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xsearch.chemistry.space_groups import space_group_symbol

LEAST_SHOWN = 0.10
"""What is less likely is left out of the line below the table."""


@dataclass(frozen=True, slots=True)
class Symmetry:
    """Probabilities of the symmetry, the likeliest first.

    Attributes:
        crystal_systems: name to probability; they add up to one.
        space_groups: number to probability, of those that are likely at all.
    """

    crystal_systems: dict[str, float]
    space_groups: dict[int, float]

    @property
    def crystal_system(self) -> str:
        """The likeliest crystal system."""
        return next(iter(self.crystal_systems))

    @property
    def space_group(self) -> int:
        """The likeliest space group's number."""
        return next(iter(self.space_groups), 0)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        groups = [
            {"number": number, "symbol": space_group_symbol(number), "probability": chance}
            for number, chance in self.space_groups.items()
        ]
        return {"crystal_systems": self.crystal_systems, "space_groups": groups}

    def line(self) -> str:
        """In words, on one line."""
        systems = [f"{name} {100 * p:.0f} %" for name, p in self.crystal_systems.items() if p >= LEAST_SHOWN]
        groups = [
            f"{space_group_symbol(number)} {100 * p:.0f} %"
            for number, p in self.space_groups.items()
            if p >= LEAST_SHOWN
        ]
        return f"symmetry: {', '.join(systems)}" + (f"; {', '.join(groups)}" if groups else "")
