"""From an address to a question."""

import pytest

from xsearch.errors import QueryError
from xsearch.spectra.measurement import Measurement
from xsearch.web.wishes import question_of_wishes


def test_mixed_sites_may_be_wished_and_stated_by_fractions() -> None:
    question = question_of_wishes({"infer": "yes", "formula": "Li0.5CoO2", "disorder": "yes"}, Measurement(), None)
    assert question.disorder
    assert question.formula == {"Li": 0.5, "Co": 1.0, "O": 2.0}


def test_an_unknown_may_have_a_formula_and_be_solved() -> None:
    wishes = {"infer": "yes", "formula": "Cu2O", "solve": "5m", "system": ""}
    question = question_of_wishes(wishes, Measurement(), None)
    assert question.infer
    assert question.formula == {"Cu": 2, "O": 1}
    assert question.constraints.allowed == {"Cu", "O"}
    assert question.solve_seconds == 300


def test_what_an_address_may_not_hold_is_refused() -> None:
    with pytest.raises(QueryError, match="no option 'relax'"):
        question_of_wishes({"relax": "5"}, Measurement(), None)
    with pytest.raises(QueryError, match="10m"):
        question_of_wishes({"infer": "yes", "formula": "Cu2O", "solve": "long"}, Measurement(), None)
