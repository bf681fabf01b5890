"""Relaxation, where its extra is installed, and what is said where it is not."""

from importlib.util import find_spec

import numpy as np
import pytest

from tests.crystals import rutile
from xsearch.answers import Candidate, Inference
from xsearch.chemistry.crystal import Crystal
from xsearch.errors import MissingExtra
from xsearch.infer.relax import check_extra, relax, relax_candidates

needs_chgnet = pytest.mark.skipif(find_spec("chgnet") is None, reason="the extra `relax` is not installed")


def candidate(rank: int, crystal: Crystal, probability: float) -> Candidate:
    return Candidate(
        rank=rank, formula="TiO2", crystal=crystal, space_group=136, crystal_system="tetragonal", template="t",
        source_id=f"mp-{rank}", source_formula="SnO2", substitution={"Sn": "Ti"}, probability=probability, members=1,
        evidence={"prior": 0.0}, cell=(4.65, 4.65, 2.96, 90, 90, 90),
        assumptions=("The atoms stand where they do in SnO2 (mp-1); nothing was relaxed.",),
    )  # fmt: skip


@pytest.mark.skipif(find_spec("chgnet") is not None, reason="the extra `relax` is installed")
def test_without_the_extra_one_line_says_what_to_install():
    with pytest.raises(MissingExtra, match=r'pip install "xsearch\[relax\]"'):
        check_extra()


@needs_chgnet
def test_atoms_move_to_where_no_force_is_left():
    (found,) = relax([rutile(u=0.32, a=4.65)], free_cell=False)
    assert found.converged
    np.testing.assert_allclose(found.crystal.lattice_A, rutile(u=0.32, a=4.65).lattice_A)
    assert found.crystal.frac_coords[2, 0] == pytest.approx(0.305, abs=0.004)


@needs_chgnet
def test_a_free_cell_finds_its_volume():
    (found,) = relax([rutile(a=4.9)])
    assert found.converged
    assert np.linalg.norm(found.crystal.lattice_A[0]) == pytest.approx(4.66, abs=0.04)


@needs_chgnet
def test_time_bounds_the_steps_and_the_lower_energy_goes_first():
    bad, good = candidate(1, rutile(u=0.22, a=4.65), 0.5), candidate(2, rutile(a=4.65), 0.3)
    answer = Inference(("O", "Ti"), (bad, good), "tentative")
    found = relax_candidates(answer, 2, seconds=1e-6)
    assert [c.source_id for c in found.candidates] == ["mp-2", "mp-1"]
    assert [c.rank for c in found.candidates] == [1, 2]
    assert sum(c.probability for c in found.candidates) == pytest.approx(0.8)
    assert "not to the end" in found.notes[-1]
    assert "relaxed with CHGNet" in found.candidates[0].assumptions[-1]


@needs_chgnet
def test_candidates_that_explain_nothing_are_not_relaxed():
    answer = Inference(("O", "Ti"), (candidate(1, rutile(u=0.22, a=4.65), 0.1),), "no confident match")
    assert relax_candidates(answer, 1) is answer
