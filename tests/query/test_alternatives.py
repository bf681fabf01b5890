"""An inference where at least one of several elements is there."""

import pytest

from xsearch.answers import Inference
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.errors import QueryError
from xsearch.query import Question, answer
from xsearch.query.alternatives import infer_alternatives
from xsearch.search import SearchIndex


def elements_of(candidate: object) -> set[str]:
    return {site.specie.symbol for site in candidate.structure}  # type: ignore[attr-defined]


@pytest.mark.slow
def test_the_choice_that_explains_the_pattern_comes_first(prototypes: SearchIndex) -> None:
    from xsearch.options import Constraints
    from xsearch.spectra.measurement import Measurement

    salt = next(m for m in prototypes.index.materials(range(len(prototypes))) if m.reduced_formula == "NaCl")
    constraints = Constraints.parse(only="Cl Na Cs", any_of="Na Cs")
    question = Question(
        Measurement(augmented_pattern(salt.crystal, 3)), constraints, search=False, infer=True, leave_out=("NaCl",)
    )
    found = answer(prototypes, question)
    assert isinstance(found, Inference)
    assert elements_of(found.candidates[0]) == {"Na", "Cl"}
    assert all(constraints.matches(elements_of(one)) for one in found.candidates)
    assert sum(one.probability for one in found.candidates) <= 1 + 1e-9
    assert [one.rank for one in found.candidates] == list(range(1, len(found.candidates) + 1))
    assert any("Each of these sets" in note for note in found.notes)


def test_too_many_choices_are_refused_before_anything_is_computed() -> None:
    def never(elements: frozenset[str]) -> Inference:
        raise AssertionError(elements)

    sets = [frozenset({"O", str(number)}) for number in range(15)]
    with pytest.raises(QueryError, match="15 choices"):
        infer_alternatives(never, sets)


def test_choices_without_a_measured_absorber_are_left_out() -> None:
    tried = []

    def note(elements: frozenset[str]) -> Inference:
        tried.append(elements)
        return Inference(tuple(sorted(elements)), (), "tentative")

    infer_alternatives(note, [frozenset({"Fe", "O"}), frozenset({"Mg", "O"})], frozenset({"Fe"}))
    assert tried == [frozenset({"Fe", "O"})]


def test_choices_that_no_template_can_hold_are_passed_over() -> None:
    def only_iron(elements: frozenset[str]) -> Inference:
        if "Fe" not in elements:
            raise QueryError("No template.")
        return Inference(tuple(sorted(elements)), (), "tentative")

    found = infer_alternatives(only_iron, [frozenset({"Fe", "O"}), frozenset({"Mg", "O"})])
    assert found.elements == ("Fe", "O")
    with pytest.raises(QueryError, match="No template"):
        infer_alternatives(only_iron, [frozenset({"Mn", "O"}), frozenset({"Mg", "O"})])
