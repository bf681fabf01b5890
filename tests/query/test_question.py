"""Questions: what contradicts itself is refused with what to do."""

import pytest

from xsearch.errors import QueryError
from xsearch.options import Prior
from xsearch.query import question_of


def test_a_question_is_read_from_text() -> None:
    question = question_of(
        exactly="ca mn,o", oxidation=["mn=3,4"], coordination=["Mn=6"], infer=True, prior="none", leave_out=["MnO"]
    )
    assert question.constraints.allowed == {"Ca", "Mn", "O"}
    assert question.measurement.oxidation == {"Mn": (3, 4)}
    assert question.measurement.coordination == {"Mn": (6,)}
    assert (question.prior, question.leave_out) == (Prior.NONE, ("MnO",))


@pytest.mark.parametrize("elements", [{"only": "Ca,O"}, {"exactly": "Ca,O"}, {"must": "Ca", "may": "O"}])
def test_an_inference_takes_its_elements_from_any_closed_set(elements: dict[str, str]) -> None:
    assert question_of(infer=True, **elements).constraints.allowed == {"Ca", "O"}


def test_a_formula_gives_the_elements_and_is_reduced() -> None:
    question = question_of(infer=True, formula="Ca4Mn2Al2O10", solve="1.5m")
    assert question.formula == {"Ca": 2, "Mn": 1, "Al": 1, "O": 5}
    assert question.constraints.allowed == {"Ca", "Mn", "Al", "O"}
    assert question.solve_seconds == 90
    assert question_of(infer=True, formula="CaO", only="Ca,O").constraints.allowed == {"Ca", "O"}


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"infer": True}, "--exactly or --only"),
        ({"infer": True, "must": "Ca"}, "--exactly or --only"),
        ({"infer": True, "only": "Ca,O", "phases": 2}, "one compound"),
        ({"space_group": "Fd-9m"}, "Unknown space group 'Fd-9m'"),
        ({"space_group": 231}, "1 to 230"),
        ({"where": " "}, "no condition"),
        ({"oxidation": ["Mn=3"]}, "add --infer"),
        ({"alloy": False}, "add --infer"),
        ({"infer": True, "only": "Ca", "system": "round"}, "Unknown crystal system 'round'"),
        ({"search": False}, "Nothing is to be done"),
        ({"prior": "some"}, "Unknown prior"),
        ({"oxidation": ["Rb:1"]}, "such as Mn=3"),
        ({"formula": "CaO", "exactly": "Ca,O"}, "add --infer"),
        ({"infer": True, "formula": "Xx0.5O"}, "no element"),
        ({"infer": True, "formula": "Ca)O"}, "not a formula"),
        ({"infer": True, "formula": "CaO", "solve": "soon"}, "write it as 90s, 10m or 1h"),
        ({"infer": True, "formula": "CaO", "solve": "0s"}, "write it as 90s, 10m or 1h"),
    ],
)
def test_what_contradicts_itself_is_refused(options: dict[str, object], hint: str) -> None:
    with pytest.raises(QueryError, match=hint):
        question_of(**options)  # type: ignore[arg-type]
