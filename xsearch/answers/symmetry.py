"""The symmetry posterior of a pattern: a probability for each crystal system, and the likeliest space groups."""

from __future__ import annotations

from dataclasses import dataclass


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
