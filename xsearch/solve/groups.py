"""Space groups that a cell may have, in every way that they may stand in it, by the lines that are missing.

A group whose absences the pattern does not show is ruled out by the lines that it forbids; one that forbids fewer is
less likely the more lines would have to be weak by chance. What powder lines leave open, the numbers of known crystals
of each group decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import (
    HEXAGONAL,
    MONOCLINIC,
    ORTHORHOMBIC,
    SYSTEM_OF_GROUP,
    TRIGONAL,
    space_group_symbol,
)
from xsearch.chemistry.wyckoff import SAME, SpaceGroupPositions, space_group_positions
from xsearch.indexing.evidence import intensity_terms
from xsearch.indexing.kernels import CENTRINGS
from xsearch.indexing.reduction import PRIMITIVE, lattice_points
from xsearch.solve.observed import ObservedLines
from xsearch.solve.settings import GroupSettings

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

ABSENT_SHARES = (0.05, 0.2, 0.4, 0.6, 0.8)
"""Of the allowed lines, that may be absent by chance; the likeliest counts."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupInCell:
    """A space group as it stands in a cell.

    Attributes:
        lines: of the cell.
        group: in its standard setting.
        basis: (3, 3) the vectors of that setting in those of the cell.
        log_odds: natural logarithm of how likely it is, up to a constant.
    """

    lines: ObservedLines
    group: SpaceGroupPositions
    basis: Integers
    log_odds: float


def groups_in(
    cells: Sequence[tuple[ObservedLines, float]], settings: GroupSettings, allowed: frozenset[int] | None = None
) -> list[GroupInCell]:
    """The likeliest groups of all cells, the likeliest first.

    Args:
        cells: with the natural logarithm of the probability of each.
        settings: how the lines count.
        allowed: numbers of the groups that may be, or None for all.
    """
    found: list[GroupInCell] = []
    for lines, log_probability in cells:
        gone, seen = line_terms(lines)
        none = absence_evidence(np.zeros(len(lines), bool), gone, seen, settings)
        for number in numbers_of(lines):
            if allowed is not None and number not in allowed:
                continue
            group = space_group_positions(number)
            prior = float(np.log(group.entries + settings.spare_entries))
            for basis in bases_of(group, lines):
                evidence = absence_evidence(are_absent(group, lines, basis), gone, seen, settings)
                found.append(GroupInCell(lines, group, basis, log_probability + prior + evidence - none))
    found.sort(key=lambda one: -one.log_odds)
    return [one for one in found[: settings.most] if one.log_odds > found[0].log_odds - settings.behind]


def numbers_of(lines: ObservedLines) -> Iterator[int]:
    """The space groups of a lattice; trigonal ones have hexagonal lattices too."""
    centring = CENTRINGS[lines.centring]
    for number in range(1, 231):
        system = int(SYSTEM_OF_GROUP[number])
        fits = lines.lattice == (HEXAGONAL if system == TRIGONAL else system)
        fits &= system == TRIGONAL or centring != "R"
        letter = space_group_symbol(number)[0]
        # a centred face, and a monoclinic cell that is centred at all, may be described in several ways
        sides = (system == ORTHORHOMBIC and letter in "AC" and centring in "ABC") or (
            system == MONOCLINIC and letter == "C" and centring in "ACI"
        )
        if fits and (letter == centring or sides):
            yield number


def bases_of(group: SpaceGroupPositions, lines: ObservedLines) -> Iterator[Integers]:
    """(3, 3) each way in which a group may stand in a cell that no symmetry of the lattice undoes."""
    if lines.lattice == ORTHORHOMBIC:
        tried = [np.eye(3, dtype=np.int64)[list(order)] for order in permutations(range(3))]
    elif lines.lattice == MONOCLINIC:
        tried = [
            np.array([[a, 0, b], [0, 1, 0], [c, 0, d]])
            for a, b, c, d in sorted(product((0, 1, -1), repeat=4), key=lambda one: sum(map(abs, one)))
            if a * d - b * c == 1
        ]
    else:
        tried = [np.eye(3, dtype=np.int64)]
    seen: set[frozenset[tuple[int, ...]]] = set()
    for basis in tried:
        if not _is_lattice_of(group, basis, CENTRINGS[lines.centring]):
            continue
        signature = frozenset(_intrinsic(group, basis))
        if signature not in seen:
            seen.add(signature)
            yield basis


def _intrinsic(group: SpaceGroupPositions, basis: Integers) -> Iterator[tuple[int, ...]]:
    """Rotations and twice the screw and glide parts of a group's operations, in the cell that it stands in."""
    forward = basis.T
    back = np.linalg.inv(forward)
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        turned = np.rint(forward @ rotation @ back).astype(int)
        part = (turned + np.eye(3)) @ (forward @ translation)
        numbers: list[int] = np.concatenate([turned.ravel(), np.rint(12 * part).astype(int) % 24]).tolist()
        yield tuple(numbers)


def _is_lattice_of(group: SpaceGroupPositions, basis: Integers, centring: str) -> bool:
    """Whether the lattice points of a group in its own setting are those of the cell that it stands in."""
    if len(group.centrings) != lattice_points(centring):
        return False
    primitive = group.centrings @ basis @ np.linalg.inv(PRIMITIVE[centring])
    return bool((np.abs(primitive - np.round(primitive)) < SAME).all())


def is_absent(group: SpaceGroupPositions, hkl: Integers) -> NDArray[np.bool_]:
    """(n,) which reflections of a group's own setting its glides and screws forbid."""
    turned = np.einsum("ni,kij->knj", hkl, group.rotations)
    phase = np.einsum("ni,ki->kn", hkl, group.translations)
    fixed = (turned == hkl[None]).all(axis=2)
    return np.asarray((fixed & (np.abs(phase - np.round(phase)) > SAME)).any(axis=0))


def are_absent(group: SpaceGroupPositions, lines: ObservedLines, basis: Integers) -> NDArray[np.bool_]:
    """(n,) which lines a group forbids: all reflections of the line."""
    every = lines.hkl @ lines.rotations @ basis.T
    return np.asarray(is_absent(group, every.reshape(-1, 3)).reshape(every.shape[:2]).all(axis=0))


def line_terms(lines: ObservedLines) -> tuple[Array, Array]:
    """(n,) each: the logarithms of how likely a line looks as it does where it is absent, and where it is there.

    Intensities that are there are drawn from an exponential distribution (Wilson, Acta Cryst. 2 (1949) 318).
    """
    mean = np.maximum(lines.factor * lines.areas.sum() / lines.factor.sum(), 1e-12)
    sigma = np.minimum(lines.sigma, mean)
    return intensity_terms(lines.areas, sigma, mean)


def absence_evidence(absent: NDArray[np.bool_], gone: Array, seen: Array, settings: GroupSettings) -> float:
    """Natural logarithm of how likely the lines look as they do where some are forbidden."""
    low = np.maximum(gone, -settings.largest_line)
    allowed = max(
        float(np.logaddexp(np.log(share) + gone[~absent], np.log1p(-share) + seen[~absent]).sum())
        for share in ABSENT_SHARES
    )
    return settings.absence_weight * (float(low[absent].sum()) + allowed)
