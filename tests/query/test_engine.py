"""Answers to questions: hits, candidates, and both in one ranking."""

from dataclasses import replace

import numpy as np
import pytest

from xsearch import report
from xsearch.answers import Inference, MixtureResult, SearchResult
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer import infer, library_of
from xsearch.options import Constraints
from xsearch.query import Question, answer
from xsearch.query.combined import combine
from xsearch.report.combined_table import INFERRED
from xsearch.spectra import Xanes
from xsearch.spectra.measurement import Measurement


@pytest.fixture(scope="module")
def types(prototypes):
    return prototypes


@pytest.fixture(scope="module")
def salt(types):
    return next(m for m in types.index.materials(range(len(types))) if m.reduced_formula == "NaCl")


@pytest.fixture(scope="module")
def answers(types, salt):
    """Hits and candidates for a pattern of salt, which no test changes."""
    pattern = augmented_pattern(salt.crystal, 3)
    return types.search(pattern, exactly=["Na", "Cl"]), infer(library_of(types.index), ["Na", "Cl"], pattern)


def test_a_crystal_of_the_database_goes_before_what_was_inferred(salt, answers):
    ranking = combine(*answers).ranking
    assert (ranking[0].kind, ranking[0].id) == ("database", salt.material_id)
    assert [one.rank for one in ranking] == list(range(1, len(ranking) + 1))


def test_every_row_says_which_kind_it_is_and_what_it_was_made_from(answers):
    for row in report.to_dict(combine(*answers))["ranking"]:
        assert (row["kind"] == "inferred") == row["id"].startswith("inferred:") == ("substitution" in row)


def test_one_answer_is_shown_and_saved_with_its_kinds_apart(tmp_path, salt, answers):
    both = combine(*answers)
    record = report.to_dict(both)
    assert record["hits"][0]["material_id"] == salt.material_id
    assert [row["id"] for row in record["ranking"]] == [one.id for one in both.ranking]
    assert record["inference"]["kind"] == "inference"
    files = report.write_cifs(both, tmp_path)
    assert {path.parent.name == "inferred" for path in files if "inferred" in path.name} <= {True}
    assert any(path.parent == tmp_path for path in files)


def test_hits_and_candidates_are_compared_by_one_refinement(answers):
    both = combine(*answers)
    first = both.ranking[0]
    assert first.refined.residuals.r_wp < 0.5
    others = [one for one in both.ranking[1:] if one.refined and one.formula != "NaCl"]
    assert others
    assert all(one.refined.log_evidence < first.refined.log_evidence for one in others)
    row = report.to_dict(both)["ranking"][0]
    assert row["log_evidence"] == first.refined.log_evidence
    assert row["r_wp"] == first.refined.residuals.r_wp


def test_evidence_brings_an_inferred_crystal_before_a_hit_that_fits_badly(types, answers):
    result, inference = answers
    wrong = next(m for m in types.index.materials(range(len(types))) if m.reduced_formula == "CsCl")
    hit = replace(result.hits[0], material=wrong, score=0.6, duplicates=())
    inference = replace(inference, verdict="tentative")
    ranking = combine(replace(result, hits=(hit,)), inference).ranking
    assert ranking[0].kind == "inferred"
    assert sum(one.score for one in ranking[:2]) <= 1


def test_best_tries_that_explain_nothing_stay_out_of_the_list_and_of_the_files(types, tmp_path, answers):
    result, _ = answers
    both = combine(result, infer(library_of(types.index, shipped=False), ["Cs", "Au", "I"], result.pattern))
    assert both.inference.refused
    assert both.inference.candidates
    assert {one.kind for one in both.ranking} == {"database"}
    report.write_cifs(both, tmp_path)
    assert not (tmp_path / INFERRED).exists()
    assert report.write_cifs(both.inference, tmp_path / "requested", top=1)


def test_what_the_index_cannot_compare_with_is_told_and_not_an_error(types, salt):
    pattern = augmented_pattern(salt.crystal, 3)
    energy = np.arange(4900.0, 5080.0, 0.5)
    edge = Xanes(energy, 1 / (1 + np.exp(-(energy - 4966))) + 0.2 * np.exp(-(((energy - 4985) / 6) ** 2)), "Ti", "K")
    found = both(types, Measurement(pattern), exactly="Na Cl")
    assert found.search.hits
    assert found.inference.pattern is pattern
    nothing = both(types, Measurement(pattern), exactly="Rb Br")
    assert nothing.search.hits == ()
    assert "holds nothing" in nothing.search.notes[0]
    assert nothing.ranking or nothing.inference.refused
    alone = both(types, Measurement(pattern, (edge,)), only="Na Cl Ti")
    assert alone.search.hits
    assert "pattern alone" in alone.search.notes[-1]


def both(types, measurement, **elements):
    return answer(types, Question(measurement, Constraints.parse(**elements), infer=True, top=3))


def test_a_question_decides_what_kind_of_answer_there_is(types, salt):
    measurement = Measurement(augmented_pattern(salt.crystal, 3))
    elements = Constraints.parse(exactly="Na,Cl")
    hits = answer(types, Question(measurement, elements, top=2))
    assert isinstance(hits, SearchResult)
    assert len(hits.hits) <= 2
    assert hits.hits[0].material_id == types.search(measurement.pattern, exactly="Na Cl").hits[0].material_id
    mixture = answer(types, Question(measurement, elements, phases=2))
    assert isinstance(mixture, MixtureResult)
    candidates = answer(types, Question(measurement, elements, search=False, infer=True, leave_out=("NaCl",), top=2))
    assert isinstance(candidates, Inference)
    assert candidates.options["excluded"] == ["NaCl"]
    assert len(candidates.candidates) <= 2
