"""The numbers that decide how a crystal is solved without a template."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from xsearch.indexing.settings import THOROUGH, EvidenceSettings
from xsearch.settings import setting

BY_HAND = "set by hand"
CHOSEN = "chosen on two triclinic crystals of the benchmark of structures without a template, half develop"


@dataclass(frozen=True)
class ObservedSettings:
    """How the lines of a cell are read off a pattern."""

    profile: EvidenceSettings = field(
        default_factory=lambda: replace(THOROUGH.evidence, n_lines=10**6, least_height=0.0, shape_error=0.1)
    )
    most_lines: int = setting(240, "lines", f"{BY_HAND}: of a cell, from the longest spacing")
    b_iso_A2: float = setting(0.7, "Å²", f"{BY_HAND}: thermal motion of every atom")


@dataclass(frozen=True)
class GroupSettings:
    """How space groups are chosen for a cell."""

    absence_weight: float = setting(0.1, "1", f"{BY_HAND}: of the evidence of one line; lines err together")
    largest_line: float = setting(60.0, "natural logarithm", f"{BY_HAND}: that one line may speak against a group")
    behind: float = setting(7.0, "natural logarithm", f"{BY_HAND}: groups that are less likely are not tried")
    most: int = setting(40, "cells and groups", f"{BY_HAND}: that are tried")
    cells: int = setting(6, "cells", f"{BY_HAND}: that are tried")
    spare_entries: float = setting(3.0, "crystals", f"{BY_HAND}: added to how many have each group")


@dataclass(frozen=True)
class ArrangementSettings:
    """Which distributions of the atoms over Wyckoff positions are tried."""

    most_of_element: int = setting(20, "ways", f"{BY_HAND}: to place one element in a group, the likeliest")
    most_of_group: int = setting(150, "arrangements", f"{BY_HAND}: in one group, the likeliest")
    most: int = setting(2500, "arrangements", f"{BY_HAND}: over all cells and groups, the likeliest")
    spare_use: float = setting(0.02, "orbits", f"{BY_HAND}: added to how often a position is occupied")
    most_orbits: int = setting(16, "orbits", f"{BY_HAND}: of one element")
    most_atoms: int = setting(100, "atoms", f"{BY_HAND}: in a primitive cell")
    time_share: float = setting(0.25, "of the time", f"{BY_HAND}: for listing arrangements")


@dataclass(frozen=True)
class SearchSettings:
    """The global search for coordinates."""

    contact_weight: float = setting(1.0, "1", f"{BY_HAND}: of atoms that stand too close, beside the pattern")
    hot: float = setting(0.02, "1", f"temperature at first; {CHOSEN}")
    cold: float = setting(0.001, "1", f"temperature at last; {CHOSEN}")
    long_step_A: float = setting(1.5, "Å", f"{BY_HAND}: of an atom at first")
    short_step_A: float = setting(0.04, "Å", f"{BY_HAND}: of an atom at last")
    anywhere: float = setting(0.15, "1", f"{BY_HAND}: share of the moves that put an atom anywhere at first")
    first_moves: int = setting(400, "moves", f"{BY_HAND}: of the first run for each free coordinate")
    most_moves: int = setting(300_000, "moves", f"{BY_HAND}: of one run")
    together: int = setting(8, "runs", f"{BY_HAND}: of the first round, between two looks at the time")
    rounds: tuple[tuple[float, int], ...] = setting(
        (
            *((4.0, most) for most in (60, 40, 30, 20, 16, 12, 12, 8, 8)),
            *((times, 6) for times in 4 * (12.0, 4.0, 4.0)),
            *((times, 3) for times in 8 * (40.0, 12.0, 4.0, 4.0)),
        ),
        "(times the first moves, arrangements)",
        f"runs that follow; many short ones find more than a few long ones: {CHOSEN}",
    )
    first_share: float = setting(0.5, "of the time", f"{BY_HAND}: for the first runs")
    line_weight: float = setting(1.0, "1", f"{BY_HAND}: of every line that stands out, as an observation")
    refined: int = setting(8, "crystals", f"{BY_HAND}: that are refined at last")


@dataclass(frozen=True)
class SolveSettings:
    """How a crystal is solved."""

    observed: ObservedSettings = field(default_factory=ObservedSettings)
    groups: GroupSettings = field(default_factory=GroupSettings)
    arrangements: ArrangementSettings = field(default_factory=ArrangementSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    d_min_A: float = setting(0.8, "Å", f"{BY_HAND}: smallest spacing of refinements")
    seconds: float = setting(60.0, "s", f"{BY_HAND}: for the search")


SOLVE = SolveSettings()
