"""Inference where it is not certain which elements a compound holds."""

import numpy as np
import pytest

from xsearch.answers import Inference
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.errors import QueryError
from xsearch.infer.element_sets import elements_note, propose_sets, usable_sets
from xsearch.infer.proposals import propose
from xsearch.infer.template_library import TemplateLibrary
from xsearch.options import Constraints
from xsearch.query import Question, answer
from xsearch.search import SearchIndex
from xsearch.spectra.measurement import Measurement


def elements_of(candidate: object) -> set[str]:
    return {site.specie.symbol for site in candidate.structure}  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("demands", [{"only": "Cl Na Cs", "any_of": "Na Cs"}, {"may": "Cl Na Cs"}])
def test_the_choice_that_explains_the_pattern_comes_first(prototypes: SearchIndex, demands: dict[str, str]) -> None:
    salt = next(m for m in prototypes.index.materials(range(len(prototypes))) if m.reduced_formula == "NaCl")
    constraints = Constraints.parse(**demands)
    question = Question(
        Measurement(augmented_pattern(salt.crystal, 3)), constraints, search=False, infer=True, leave_out=("NaCl",)
    )
    found = answer(prototypes, question)
    assert isinstance(found, Inference)
    assert elements_of(found.candidates[0]) == {"Na", "Cl"}
    assert all(constraints.matches(elements_of(one)) for one in found.candidates)
    assert sum(one.probability for one in found.candidates) <= 1 + 1e-9
    assert [one.rank for one in found.candidates] == list(range(1, len(found.candidates) + 1))
    assert any("sets of elements were tried" in note for note in found.notes)


def test_one_set_is_proposed_as_before(library: TemplateLibrary) -> None:
    plain, among = propose(library, ["Ca", "Ti", "O"]), propose_sets(library, [{"Ca", "Ti", "O"}])
    assert among.elements == plain.elements
    np.testing.assert_array_equal(among.row, plain.row)
    np.testing.assert_array_equal(among.prior, plain.prior)


def test_the_proposals_of_several_sets_share_one_probability(library: TemplateLibrary) -> None:
    sets = [{"Ca", "O"}, {"Ti", "O"}, {"Ca", "Ti", "O"}]
    found = propose_sets(library, sets)
    assert found.elements == ("O", "Ca", "Ti")
    held = {frozenset(np.array(found.elements)[row > 0].tolist()) for row in found.coefficients}
    assert held == {frozenset(one) for one in sets}
    binary = (found.coefficients > 0).sum(axis=1) == 2
    calcia = binary & (found.coefficients[:, 1] > 0)
    alone = propose(library, ["Ca", "O"])
    np.testing.assert_allclose(found.prior[calcia], alone.prior - np.log(3))
    np.testing.assert_allclose(found.log_formula[calcia], alone.log_formula - np.log(3))


def test_too_many_choices_are_refused() -> None:
    with pytest.raises(QueryError, match="126 choices"):
        usable_sets(Constraints.parse(may="Fe O Mg Si Al Ca Ti").alternatives)
    assert len(usable_sets(Constraints.parse(may="Fe O Mg Si Al Ca").alternatives)) == 63
    with pytest.raises(QueryError, match="--may"):
        usable_sets([])


def test_choices_without_a_measured_absorber_are_left_out() -> None:
    assert usable_sets([{"Fe", "O"}, {"Mg", "O"}], {"Fe"}) == [frozenset({"Fe", "O"})]
    assert len(usable_sets([{"Ti", "O"}, {"Mg", "O"}], {"Fe"})) == 2


def test_a_set_that_no_template_can_hold_is_passed_over(library: TemplateLibrary) -> None:
    many = {"Ca", "Ti", "O", "Na", "Cl", "Zr"}
    assert len(propose_sets(library, [many, {"Ca", "O"}])) == len(propose(library, ["Ca", "O"]))
    assert not len(propose_sets(library, [many]))


def test_the_note_names_what_is_certain() -> None:
    assert elements_note([{"O", "Fe"}]) == "Every candidate holds all of O, Fe and nothing else."
    assert "all of O, some or none of Mg, Fe" in elements_note([{"O"}, {"O", "Fe"}, {"O", "Mg"}])
    assert "some of Mg, Fe" in elements_note([{"Mg"}, {"Fe"}])
