"""Crystals solved without a template, beside those of templates."""

import json

import numpy as np
import pytest
from pymatgen.core.structure_matcher import StructureMatcher

from tests.solve.conftest import pattern_of
from xsearch import report
from xsearch.answers import Inference
from xsearch.chemistry.crystal import Crystal
from xsearch.errors import QueryError
from xsearch.infer import infer

CUPRITE = Crystal.ordered(
    np.eye(3) * 4.27,
    np.array([[0.25] * 3, [0.25, 0.75, 0.75], [0.75, 0.25, 0.75], [0.75, 0.75, 0.25], [0, 0, 0], [0.5] * 3]),
    ["Cu"] * 4 + ["O"] * 2,
)


@pytest.fixture(scope="module")
def solved(library) -> Inference:
    """Cuprite, whose structure type the library lacks."""
    return infer(library, ["Cu", "O"], pattern_of(CUPRITE), formula={"Cu": 2, "O": 1}, solve_seconds=90.0)


def test_a_type_that_no_template_has_is_solved(solved: Inference) -> None:
    best = solved.best()
    assert best.solved
    assert best.space_group == 224
    assert StructureMatcher().fit(best.structure, CUPRITE.to_structure())
    assert "solved from the pattern" in " ".join(solved.notes)
    assert solved.options["formula"] == {"Cu": 2, "O": 1}


def test_it_says_that_it_was_solved_wherever_a_template_is_named(solved: Inference) -> None:
    best = solved.best()
    assert best.origin == "solved without a template"
    assert best.inferred_id == "inferred:Cu2O:solved-1"
    assert "without a template" in best.assumptions[0]
    assert "solved without a template" in solved._repr_html_()
    record = json.loads(report.to_json(solved))["candidates"][0]
    assert (record["source_id"], record["substitution"], record["members"]) == ("", {}, 0)


def test_every_candidate_has_the_stated_formula(solved: Inference) -> None:
    assert {one.formula for one in solved.candidates} == {"Cu2O"}


def test_templates_alone_do_not_explain_it(library) -> None:
    answer = infer(library, ["Cu", "O"], pattern_of(CUPRITE), formula={"Cu": 2, "O": 1})
    assert answer.refused
    assert "--solve 10m" in answer.notes[-1]


def test_a_formula_that_no_template_gives_can_still_be_solved(library) -> None:
    answer = infer(library, ["Cu", "O"], pattern_of(CUPRITE), formula={"Cu": 7, "O": 5}, solve_seconds=1.0)
    assert answer.refused
    with pytest.raises(QueryError, match="No template"):
        infer(library, ["Cu", "O"], pattern_of(CUPRITE), formula={"Cu": 7, "O": 5})


def test_what_cannot_be_solved_is_said(library) -> None:
    with pytest.raises(QueryError, match="formula holds"):
        infer(library, ["Cu", "O"], pattern_of(CUPRITE), formula={"Cu": 1})
    with pytest.raises(QueryError, match="powder pattern"):
        infer(library, ["Cu", "O"], solve_seconds=1.0)
