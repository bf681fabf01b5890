"""Extinction groups against the operations of the space groups."""

from collections import defaultdict
from itertools import permutations, product

import gemmi
import numpy as np
import pytest

from xsearch.chemistry.extinction import EXTINCTION_GROUPS, EXTINCTION_OF_GROUP, of_extinction
from xsearch.chemistry.space_groups import primitive_share

HOLOHEDRY = ((2, 2), (15, 10), (74, 47), (142, 123), (194, 191), (230, 221))
"""The last space group of each crystal family, and one with its highest symmetry and no condition."""


def present(group: int, hkl: np.ndarray) -> bytes:
    """Which powder lines may be there: those with a plane, of all that lie on them, that is not absent."""
    holohedry = next(best for last, best in HOLOHEDRY if group <= last)
    moves = gemmi.get_spacegroup_reference_setting(holohedry).operations().sym_ops
    operations = gemmi.get_spacegroup_reference_setting(group).operations()
    there = np.zeros(len(hkl), bool)
    for move in moves:
        there |= ~operations.systematic_absences((hkl @ (np.array(move.rot) // 24)).astype(np.int32))
    return there.tobytes()


def test_groups_are_alike_where_the_same_powder_lines_are_missing() -> None:
    found = defaultdict(list)
    hkl = np.array(list(product(range(5), range(-4, 5), range(13))))
    cube = np.array(list(product(range(9), repeat=3)))
    for group in range(1, 231):
        family = next(best for last, best in HOLOHEDRY if group <= last)
        orthorhombic = family == 47
        signature = (
            min(present(group, cube[:, order]) for order in permutations(range(3)))
            if orthorhombic
            else present(group, hkl)
        )
        found[family, signature].append(group)
    assert sorted(tuple(groups) for groups in found.values()) == sorted(EXTINCTION_GROUPS)


def test_probabilities_of_space_groups_sum_up_to_those_of_their_extinction_group() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(230), size=3)
    summed = of_extinction(shares)
    assert summed.sum(axis=1) == pytest.approx(np.ones(3))
    assert summed[:, EXTINCTION_OF_GROUP[2]] == pytest.approx(shares[:, :2].sum(axis=1))


@pytest.mark.parametrize(("group", "share"), [(2, 1), (12, 1 / 2), (225, 1 / 4), (166, 1 / 3), (229, 1 / 2), (194, 1)])
def test_centring_says_how_much_smaller_the_primitive_cell_is(group: int, share: float) -> None:
    assert primitive_share(group) == share
