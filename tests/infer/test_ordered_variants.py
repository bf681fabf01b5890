"""Orders of elements that no template has."""

from dataclasses import replace

import numpy as np
import pytest

from tests.crystals import FCC, template_library
from xsearch.chemistry.crystal import Crystal
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.errors import QueryError
from xsearch.infer import infer
from xsearch.infer import ordered_variants as module
from xsearch.infer.evidence import TERMS
from xsearch.infer.final_refinement import look_again
from xsearch.infer.ordered_variants import add_variants
from xsearch.infer.proposals import propose
from xsearch.infer.refinement import fit_candidates

ELEMENTS = ["Ba", "Mg", "W", "O"]


def layered(big: str, one: str, other: str, a: float) -> Crystal:
    """A perovskite with two small cations in turn along c: a cell of two cubes."""
    coords = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    lower, upper = coords * [1, 1, 0.5], coords * [1, 1, 0.5] + [0, 0, 0.5]
    elements = [big, one, "O", "O", "O", big, other, "O", "O", "O"]
    return Crystal.ordered(np.diag([a, a, 2 * a]), np.vstack([lower, upper]), elements)


def alternating(big: str, one: str, other: str, a: float) -> Crystal:
    """A perovskite with two small cations in turn along every axis, in its primitive cell."""
    x = 0.25
    oxygen = [(x, x, -x), (-x, -x, x), (x, -x, x), (-x, x, -x), (-x, x, x), (x, -x, -x)]
    coords = [(0.25, 0.25, 0.25), (0.75, 0.75, 0.75), (0, 0, 0), (0.5, 0.5, 0.5), *oxygen]
    return Crystal.ordered(FCC * 2 * a, np.array(coords) % 1, [big, big, one, other, *["O"] * 6])


@pytest.fixture(scope="module")
def library():
    """Perovskites whose small cations alternate in layers, as in no real one."""
    return template_library([layered("Sr", "Ca", "Mo", 4.05), layered("Sr", "Ni", "Te", 3.98)])


@pytest.fixture(scope="module")
def pattern():
    return augmented_pattern(alternating("Ba", "Mg", "W", 4.05), seed=2)


@pytest.fixture(scope="module")
def refined(library, pattern):
    return look_again(fit_candidates(library, propose(library, ELEMENTS), pattern), pattern)


def test_an_order_that_no_template_has_is_found(library, pattern):
    best = infer(library, ELEMENTS, pattern).best()
    assert (best.formula, best.space_group) == ("Ba2MgWO6", 225)
    assert any("ordered anew" in line for line in best.assumptions)
    assert best.template == "ABC2D6_225_a_b_c_e"


def test_variants_stand_beside_the_candidates_that_they_come_from(library, pattern, refined):
    more = add_variants(refined, pattern, library, propose(library, ELEMENTS))
    kept = len(refined.fits)
    assert [symmetry.number for symmetry in more.symmetries[:kept]] == [s.number for s in refined.symmetries]
    assert more.changes[:kept] == ("",) * kept
    assert all(more.changes[kept:])
    assert more.refined[:kept] == refined.refined
    assert more.evidence.shape == (len(more.fits), len(TERMS))


def test_a_variant_counts_less_unless_it_explains_clearly_more(library, pattern, refined):
    more = add_variants(refined, pattern, library, propose(library, ELEMENTS))
    changed = more.evidence[:, TERMS.index("changed")]
    ahead = np.array([r.log_evidence for r in more.refined]) - max(r.log_evidence for r in refined.refined)
    new = np.array([bool(change) for change in more.changes])
    assert (changed[~new] == 0).all()
    assert (changed[new & (ahead <= 0)] == 1).all()
    assert changed[np.argmax(ahead)] == 0


def test_nothing_is_varied_where_nothing_is_left_to_explain(library, pattern, refined):
    well = replace(refined, refined=tuple(replace(r, misfit=0.1) for r in refined.refined))
    assert add_variants(well, pattern, library, propose(library, ELEMENTS)) is well


def test_nothing_is_varied_where_the_framework_is_another(library, pattern, refined):
    badly = replace(refined, refined=tuple(replace(r, misfit=19.0) for r in refined.refined))
    assert add_variants(badly, pattern, library, propose(library, ELEMENTS)) is badly


def test_conditions_of_the_question_hold_for_variants_too(library, pattern, refined):
    known = propose(library, ELEMENTS)
    cubic = add_variants(refined, pattern, library, known, system="cubic")
    systems = {s.crystal_system for s, change in zip(cubic.symmetries, cubic.changes, strict=True) if change}
    assert systems == {"cubic"}
    four = add_variants(refined, pattern, library, known, coordination={"W": (4,)})
    assert not any(four.changes)
    with pytest.raises(QueryError):
        infer(library, ELEMENTS, pattern, system="no such system")


def test_elements_that_never_mix_are_not_ordered_anew(library, pattern, refined, monkeypatch):
    monkeypatch.setattr(module, "LEAST_LIFT", 99.0)
    assert add_variants(refined, pattern, library, propose(library, ELEMENTS)) is refined
