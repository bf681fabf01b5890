"""Inference from elements and patterns."""

import json

import numpy as np
import pytest

from xsearch import report
from xsearch.chemistry.crystal import Crystal
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.errors import QueryError, SpectrumError
from xsearch.infer import infer
from xsearch.infer.settings import InferenceSettings, VerdictSettings
from xsearch.spectra import PowderPattern


def scaled(crystal: Crystal, factor: float, change: dict[str, str]) -> Crystal:
    elements = [change.get(e, e) for e in crystal.elements]
    return Crystal.ordered(crystal.lattice_A * factor, crystal.frac_coords, elements)


def test_a_perovskite_in_no_database_is_found_with_its_cell(library, crystals):
    # CaZrO3 in its cubic form: neither the formula nor the pair of cations is in the library
    unknown = scaled(crystals[9], 4.10 / 3.905, {"Sr": "Ca", "Ti": "Zr"})
    answer = infer(library, ["Ca", "Zr", "O"], augmented_pattern(unknown, seed=4))
    best = answer.best()
    assert best.formula == "CaZrO3"
    assert best.space_group == 221
    assert best.crystal.volume_A3 == pytest.approx(unknown.volume_A3, rel=0.06)
    assert best.inferred_id.startswith("inferred:CaZrO3:book-")
    assert best.substitution["O"] == "O"
    assert any("nothing was relaxed" in line for line in best.assumptions)


def test_a_removed_formula_is_rebuilt_from_its_relatives(library, crystals):
    answer = infer(library, ["Sn", "O"], augmented_pattern(crystals[15], seed=2), excluded=["SnO2"])
    assert answer.best().formula == "SnO2"
    assert answer.best().space_group == 136
    assert answer.best().source_formula != "SnO2"


def test_an_intermetallic_needs_no_charges(library, crystals):
    unknown = scaled(crystals[7], 2.99 / 3.015, {"Ni": "Co"})
    assert infer(library, ["Co", "Ti"], augmented_pattern(unknown, seed=1)).best().space_group == 221


def test_a_pattern_of_something_else_is_refused_not_explained(library, crystals):
    answer = infer(library, ["Na", "Br"], augmented_pattern(crystals[14], seed=5))
    assert answer.refused
    assert answer.verdict == "no confident match"
    with pytest.raises(QueryError, match="Nothing was inferred"):
        answer.best()


def test_what_was_refused_gives_its_best_tries_with_low_probabilities(library, crystals):
    answer = infer(library, ["Na", "Br"], augmented_pattern(crystals[14], seed=5), excluded=["NaBr"])
    assert answer.refused
    assert [c.rank for c in answer.candidates] == list(range(1, len(answer.candidates) + 1))
    assert 0 < answer.candidates[0].probability <= VerdictSettings().refused_up_to
    assert "best tries" in answer.notes[-1]
    assert json.loads(report.to_json(answer))["candidates"][0]["formula"] == answer.candidates[0].formula
    assert report.table(answer).row_count == len(answer.candidates)


def test_a_likely_formula_that_does_not_account_for_the_pattern_is_refused(library, crystals):
    unknown = scaled(crystals[9], 4.10 / 3.905, {"Sr": "Ca", "Ti": "Zr"})
    strict = InferenceSettings(verdict=VerdictSettings(least_correlation=1.01))
    answer = infer(library, ["Ca", "Zr", "O"], augmented_pattern(unknown, seed=4), settings=strict)
    assert answer.refused
    assert answer.candidates[0].formula == "CaZrO3"
    assert answer.candidates[0].probability <= VerdictSettings().refused_up_to


def test_random_lines_are_refused(library):
    chance = np.random.default_rng(3)
    x = np.arange(8.0, 88.0, 0.02)
    y = sum(chance.uniform(20, 1000) * np.exp(-(((x - a) / 0.1) ** 2)) for a in chance.uniform(12, 85, 40))
    answer = infer(library, ["Sr", "Ti", "O"], PowderPattern(x, y + chance.poisson(20, len(x)), 1.5406))
    assert answer.verdict == "no confident match"


def test_pure_noise_is_refused_in_one_line(library):
    chance = np.random.default_rng(3)
    x = np.arange(8.0, 88.0, 0.02)
    with pytest.raises(SpectrumError) as error:
        infer(library, ["Sr", "Ti", "O"], PowderPattern(x, chance.poisson(100, len(x)).astype(float), 1.5406))
    assert "\n" not in str(error.value)


def test_without_a_pattern_chemistry_ranks_and_says_so(library):
    answer = infer(library, ["Ca", "Ti", "O"], top=3)
    assert answer.best().formula == "CaTiO3"
    assert answer.verdict == "tentative"
    assert any("chemistry alone" in note for note in answer.notes)
    assert [c.rank for c in answer.candidates] == [1, 2, 3][: len(answer.candidates)]


def test_conditions_on_system_states_and_coordination_hold(library):
    octahedral = infer(library, ["Mn", "O"], system="tetragonal", oxidation={"Mn": 4}, must_balance=True, top=5)
    assert {c.crystal_system for c in octahedral.candidates} == {"tetragonal"}
    assert octahedral.best().formula == "MnO2"
    eightfold = infer(library, ["Mn", "O"], coordination={"Mn": (8,)}, top=5)
    assert octahedral.best().space_group == 136
    assert 136 not in {c.space_group for c in eightfold.candidates}


def test_space_group_and_templates_that_are_stated_hold(library, crystals):
    rutile = infer(library, ["Sn", "O"], augmented_pattern(crystals[15], seed=2), space_group=136)
    assert {c.space_group for c in rutile.candidates} == {136}
    used = rutile.candidates[0].source_id
    others = library.material_ids != used
    narrowed = infer(library, ["Sn", "O"], space_group=136, templates=others)
    assert used not in {c.source_id for c in narrowed.candidates}
    with pytest.raises(QueryError, match="225 is cubic, not tetragonal"):
        infer(library, ["Sn", "O"], system="tetragonal", space_group=225)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"system": "pentagonal"}, "Unknown crystal system"),
        ({"oxidation": {"Fe": 3}}, "Fe is not among"),
        ({"top": 0}, "top = 0"),
    ],
)
def test_contradictory_questions_are_refused_in_one_line(library, options, expected):
    with pytest.raises(QueryError, match=expected) as error:
        infer(library, ["Ca", "Ti", "O"], **options)
    assert "\n" not in str(error.value)


def test_an_answer_can_be_saved_and_read_back(library, crystals, tmp_path):
    from pymatgen.core import Structure

    answer = infer(
        library, ["Ba", "Sn", "O"], augmented_pattern(scaled(crystals[9], 1.05, {"Sr": "Ba", "Ti": "Sn"}), 7)
    )
    record = json.loads(report.to_json(answer, tmp_path / "answer.json"))
    assert record["kind"] == "inference"
    assert record["candidates"][0]["id"] == answer.best().inferred_id
    paths = report.write_cifs(answer, tmp_path / "cifs", top=1)
    assert "inferred by xsearch" in paths[0].read_text(encoding="utf-8").splitlines()[0]
    assert Structure.from_file(paths[0]).composition.reduced_formula == answer.best().formula
    assert len(report.to_dataframe(answer)) == len(answer.candidates)
    assert report.table(answer).row_count == len(answer.candidates)
