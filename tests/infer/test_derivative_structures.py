"""Orders of two elements on shared sites."""

from collections import Counter

import numpy as np
import pytest

from tests.crystals import FCC, perovskite
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.infer import derivative_structures as module
from xsearch.infer.derivative_structures import hermite_forms, orderings

COPPER = Crystal.ordered(FCC * 3.6, np.zeros((1, 3)), ["Cu"])


def test_there_are_as_many_multiples_of_a_cell_as_theory_says():
    assert [len(hermite_forms(multiple)) for multiple in (1, 2, 3, 4)] == [1, 7, 13, 35]
    assert all(round(np.linalg.det(cell)) == 4 for cell in hermite_forms(4))


def test_there_are_as_many_ordered_alloys_as_hart_and_forcade_count():
    # 2, 3 and 12 on a face-centred lattice if the two elements may change places; 5 of the 12 are then themselves
    found = Counter(ordering.multiple for ordering in orderings(find_symmetry(COPPER).primitive, "Cu", "Au"))
    assert found == {2: 2, 3: 2 * 3, 4: 2 * 12 - 5}


def test_the_ordered_alloys_of_textbooks_are_among_them():
    found = [ordering.crystal() for ordering in orderings(find_symmetry(COPPER).primitive, "Cu", "Au")]
    kinds = {(crystal.elements.count("Cu"), len(crystal), find_symmetry(crystal).number) for crystal in found}
    assert {(1, 2, 123), (1, 2, 166), (3, 4, 221), (3, 4, 139)} <= kinds  # CuAu, CuPt, Cu3Au, Al3Ti


def test_no_two_orders_are_the_same_crystal():
    from pymatgen.core.structure_matcher import StructureMatcher

    found = [o.crystal().to_structure() for o in orderings(find_symmetry(COPPER).primitive, "Cu", "Au")]
    matcher = StructureMatcher(scale=False)
    assert len(matcher.group_structures(found)) == len(found)


def test_elements_that_share_no_site_stay_where_they_are():
    base = find_symmetry(perovskite("Sr", "Ti", 3.9)).primitive
    for ordering in orderings(base, "Ti", "Zr"):
        crystal = ordering.crystal()
        assert crystal.elements.count("Zr") == ordering.second.sum()
        assert crystal.elements.count("Sr") == ordering.multiple == crystal.elements.count("O") / 3
        assert crystal.volume_A3 == pytest.approx(ordering.multiple * base.volume_A3)


def test_rock_salt_order_of_perovskites_keeps_half_of_the_symmetry():
    base = find_symmetry(perovskite("Sr", "Ti", 3.9)).primitive
    doubled = [o for o in orderings(base, "Ti", "Zr") if find_symmetry(o.crystal()).number == 225]
    assert doubled[0].kept == pytest.approx(0.5)


def test_too_many_orders_are_left_out(monkeypatch):
    base = find_symmetry(COPPER).primitive
    monkeypatch.setattr(module, "MOST_SITES", 2)
    assert max(ordering.multiple for ordering in orderings(base, "Cu", "Au")) == 2
    monkeypatch.setattr(module, "MOST_ORDERS", 0)
    assert not list(orderings(base, "Cu", "Au"))
