"""From the spectra of a question to what they say."""

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.infer.predictions import NOTHING
from xsearch.query import question_of
from xsearch.query.engine import answer
from xsearch.query.predictions import of_edges, of_pattern, pooled
from xsearch.search import SearchIndex
from xsearch.spectra import Xanes
from xsearch.spectra.measurement import Measurement


def edge(absorber: str = "Fe", e0_eV: float = 7124.0) -> Xanes:
    energy = np.arange(e0_eV - 60, e0_eV + 140, 0.5)
    rise = 0.5 + np.arctan((energy - e0_eV) / 1.5) / np.pi
    return Xanes(energy, rise + 0.4 * np.exp(-(((energy - e0_eV - 8) / 4) ** 2)), absorber, "K", "made")


def test_several_edges_of_an_absorber_are_pooled() -> None:
    one = pooled([{2: 0.5, 3: 0.5}, {2: 0.9, 3: 0.1}])
    assert sum(one.values()) == pytest.approx(1)
    assert one[2] == pytest.approx(0.75)
    assert pooled([{2: 0.25, 3: 0.75}]) == pytest.approx({2: 0.25, 3: 0.75})
    assert 0 < pooled([{2: 1.0}, {3: 1.0}])[2] < 1


def test_an_edge_gives_distributions_of_its_absorber() -> None:
    found, _ = of_edges([edge()], ["Fe", "O"])
    for said in (found.oxidation["Fe"], found.coordination["Fe"]):
        assert sum(said.values()) == pytest.approx(1, abs=0.02)
    assert max(found.neighbours["Fe"], key=found.neighbours["Fe"].__getitem__) == "O"
    assert found.properties["density"][0] == pytest.approx(5, abs=1.5)
    assert sum(found.properties["metal"]) == pytest.approx(1)
    mean_A, off_A = found.distances["Fe"]
    assert 1.8 < mean_A < 2.4
    assert 0 < off_A < 0.3


def test_an_edge_of_another_element_says_nothing_and_a_note_says_so() -> None:
    found, notes = of_edges([edge()], ["Ti", "O"])
    assert found == NOTHING
    assert notes == ("The Fe K edge says nothing of this compound: Fe is not among its elements.",)


def test_a_pattern_gives_the_crystal_system_of_a_compound_that_is_left_out(
    prototypes: SearchIndex, measured: Measure
) -> None:
    salt = next(m for m in prototypes.index.materials(range(len(prototypes))) if m.reduced_formula == "NaCl")
    systems, extinction = of_pattern(prototypes, measured(prototypes.index.row_of(salt.material_id)), ["NaCl"])
    assert sum(systems.values()) == pytest.approx(1)
    assert sum(extinction.values()) == pytest.approx(1)
    assert max(systems, key=systems.__getitem__) == "cubic"
    assert len(extinction) == 97


def test_an_inference_takes_its_predictions_from_the_spectra_of_the_question(
    prototypes: SearchIndex, measured: Measure
) -> None:
    pattern = measured(0)
    question = question_of(exactly="Fe,O", infer=True, search=False, top=3)
    alone = answer(prototypes, _with(question, Measurement(edges=(edge(),))))
    assert {link.name for link in alone.chain} == {"oxidation states of Fe", "coordination of Fe"}
    assert sum(note.startswith("Predicted ") for note in alone.notes) == len(alone.chain)
    both = answer(prototypes, _with(question, Measurement(pattern, (edge(),))))
    assert {link.name for link in both.chain} == {"oxidation states of Fe", "crystal system"}
    stated = question_of(
        exactly="Fe,O", infer=True, search=False, system="cubic", oxidation=["Fe=3"], coordination=["Fe=4,6"]
    )
    known = _with(stated, Measurement(pattern, (edge(),), {"Fe": (3,)}, {"Fe": (4, 6)}))
    assert answer(prototypes, known).chain == ()


def _with(question, measurement):
    from dataclasses import replace

    return replace(question, measurement=measurement)
