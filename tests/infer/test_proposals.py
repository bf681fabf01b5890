"""Which element goes where."""

from itertools import permutations

import numpy as np
import pytest

from xsearch.chemistry.space_groups import SYSTEM_OF_GROUP
from xsearch.elements import ATOMIC_NUMBERS as Z
from xsearch.errors import QueryError
from xsearch.infer.proposals import propose
from xsearch.infer.settings import ProposalSettings
from xsearch.infer.substitute import substituted


def test_every_assignment_of_every_entry_is_considered(library):
    found = propose(library, ["Ca", "Ti", "O"], merge=False, settings=ProposalSettings(per_template=100))
    rows = np.flatnonzero(library.n_elements == 3)
    plain = {(int(row), p) for row in rows for p in permutations((Z["O"], Z["Ca"], Z["Ti"]))}
    assert {(int(r), tuple(t[:3].tolist())) for r, t in zip(found.row, found.targets, strict=True)} == plain


def test_the_likeliest_puts_ions_where_their_kind_stood(library):
    found = propose(library, ["Ca", "Ti", "O"], merge=False)
    best = dict(zip(library.atomic_numbers[found.row[0], :3], found.targets[0, :3], strict=True))
    assert {int(k): int(v) for k, v in best.items()} == {Z["O"]: Z["O"], Z["Ti"]: Z["Ti"], Z["Sr"]: Z["Ca"]}
    assert found.coefficients[0].tolist() == [3, 1, 1]


def test_excluded_formulas_give_no_template(library):
    found = propose(library, ["Sr", "Ti", "O"], excluded=["SrTiO3"])
    assert 9 not in found.row
    assert 10 in found.row


def test_one_element_may_take_two_slots_of_a_larger_template(library):
    merged = propose(library, ["Fe", "O"])
    assert merged.merged.any()
    formulas = {tuple(c) for c in merged.coefficients[merged.merged].tolist()}
    assert (3, 2) in formulas  # iron on both cation sites of a perovskite
    assert not propose(library, ["Fe", "O"], merge=False).merged.any()


def test_unbalanced_formulas_are_dropped_when_asked(library):
    everything = propose(library, ["Na", "Cl"])
    balanced = propose(library, ["Na", "Cl"], must_balance=True)
    assert {tuple(c) for c in balanced.coefficients.tolist()} == {(1, 1)}
    assert len(everything) > len(balanced)


def test_alloys_are_not_held_against_charge_balance(library):
    found = propose(library, ["Co", "Ti"])
    assert (found.log_charge == 0).all()


def test_the_same_question_gets_the_same_answer(library):
    one, two = propose(library, ["Ca", "Zr", "O"]), propose(library, ["O", "Zr", "Ca"])
    assert np.array_equal(one.row, two.row)
    assert np.array_equal(one.targets, two.targets)


def test_unknown_elements_are_refused(library):
    with pytest.raises(QueryError, match="Qq"):
        propose(library, ["Qq", "O"])


def test_substituted_cells_grow_with_their_ions(library):
    found = propose(library, ["Cs", "Br"], merge=False)
    made = substituted(library, found.take(np.arange(2)))[0]
    source = library.fetch([int(found.row[0])])[0]
    assert set(made.elements) == {"Cs", "Br"}
    assert made.volume_A3 > source.volume_A3
    assert np.allclose(made.frac_coords, source.frac_coords)


def test_shares_of_formulas_add_up_to_one_and_those_of_systems_to_their_formula(library):
    found = propose(library, ["Ca", "Ti", "O"])
    formulas, first = np.unique(found.coefficients, axis=0, return_index=True)
    assert np.exp(found.log_formula[first]).sum() == pytest.approx(1.0, abs=1e-6)
    for formula in formulas:
        same = (found.coefficients == formula).all(axis=1)
        assert len(set(found.log_formula[same])) == 1
        shares = set(np.exp(found.log_system[same]).tolist())
        assert sum(shares) == pytest.approx(np.exp(found.log_formula[same][0]), abs=1e-6)


def test_one_proposal_holds_what_its_row_does(library):
    found = propose(library, ["Ca", "Ti", "O"])
    one = found[2]
    assert (one.row, one.prior) == (found.row[2], found.prior[2])
    assert one.coefficients == tuple(found.coefficients[2].tolist())
    assert found.log_shares()[one.coefficients, SYSTEM_OF_GROUP[one.space_group]] == one.log_system
