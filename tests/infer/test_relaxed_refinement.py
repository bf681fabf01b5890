"""Candidates refined again from where a potential puts their atoms, and weighed by their energies."""

from dataclasses import replace

import numpy as np
import pytest

from tests.crystals import rutile
from tests.infer.conftest import task_of
from tests.solve.conftest import pattern_of
from xsearch.answers import Inference
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import MissingExtra
from xsearch.fit.rietveld import refine
from xsearch.fit.strain_fit import fit_strain
from xsearch.infer import infer
from xsearch.infer.pipeline import compare
from xsearch.infer.potentials import is_installed
from xsearch.infer.relax import Relaxation, Relaxed
from xsearch.infer.relaxed_refinement import energy_terms, refined_again, relax_refined, relaxed_notes
from xsearch.infer.settings import RELAXATION_SETTINGS
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import RefinedCandidate
from xsearch.options import POTENTIAL
from xsearch.simulate.powder import simulate_reflections


@pytest.fixture(scope="module")
def task(library) -> InferenceTask:
    return task_of(library, ["O", "Ti"], pattern_of(rutile()))


@pytest.fixture(scope="module")
def candidates(task: InferenceTask) -> list[RefinedCandidate]:
    return compare(task).refined


@pytest.fixture(scope="module")
def right(candidates: list[RefinedCandidate]) -> RefinedCandidate:
    return max(candidates, key=lambda one: one.refined.log_evidence)


def relaxed_to(crystal: Crystal, energy_eV: float = -9.0) -> Relaxed:
    return Relaxed(crystal, energy_eV, energy_eV + 0.1, 0.01, 5, 0.1, True)


def with_energies(some: list[RefinedCandidate], *energies_eV: float) -> list[RefinedCandidate]:
    return [
        replace(one, relaxed=relaxed_to(one.refined.crystal, energy))
        for one, energy in zip(some, energies_eV, strict=True)
    ]


def started_at(task: InferenceTask, right: RefinedCandidate, u: float) -> RefinedCandidate:
    """Rutile refined with oxygen from some other place."""
    symmetry = find_symmetry(rutile(u=u))
    (reflections,) = simulate_reflections([symmetry], d_min_A=0.8)
    fit = fit_strain(reflections, task.prepared.log_q, 0.0)
    refined = refine(reflections, symmetry, fit, task.prepared.points)
    return replace(right, symmetry=symmetry, reflections=reflections, fit=fit, refined=refined)


def test_atoms_that_a_refinement_lost_are_found_from_where_they_relax(
    task: InferenceTask, right: RefinedCandidate
) -> None:
    lost = started_at(task, right, 0.45)
    assert lost.refined.log_evidence < right.refined.log_evidence - 10
    found = refined_again(task, lost, relaxed_to(rutile()))
    assert found.from_relaxed
    assert found.refined.log_evidence == pytest.approx(right.refined.log_evidence, abs=5)


def test_a_refinement_that_the_pattern_prefers_is_kept_with_the_energy(
    task: InferenceTask, right: RefinedCandidate
) -> None:
    found = refined_again(task, right, relaxed_to(rutile(u=0.45)))
    assert not found.from_relaxed
    assert found.refined is right.refined
    assert found.relaxed is not None
    assert found.relaxed.energy_eV == -9.0


def test_a_crystal_of_another_symmetry_is_not_taken(task: InferenceTask, right: RefinedCandidate) -> None:
    """Atoms that relaxed onto a higher symmetry, of another space group."""
    assert refined_again(task, right, relaxed_to(rutile(u=0.25, c=4.594 / np.sqrt(2)))).refined is right.refined


def test_energies_share_out_what_those_of_one_formula_have(candidates: list[RefinedCandidate]) -> None:
    formula = candidates[0].proposal.coefficients
    same = [one for one in candidates if one.proposal.coefficients == formula][:3]
    other = replace(same[0], proposal=replace(same[0].proposal, coefficients=(9, 9)))
    total = np.array([1.0, 0.5, 0.2, 0.7])[: len(same) + 1]
    ranked = [*with_energies(same, *[-9.0, -9.1, -8.0][: len(same)]), *with_energies([other], -50.0)]
    added = energy_terms(ranked, total)
    assert added[-1] == 0.0
    assert np.exp(total + added)[:-1].sum() == pytest.approx(np.exp(total)[:-1].sum())
    assert added[1] - added[0] == pytest.approx(0.1 / RELAXATION_SETTINGS.energy_scale_eV)
    assert added.argmax() == 1


def test_an_energy_costs_no_more_than_its_bound(right: RefinedCandidate) -> None:
    added = energy_terms(with_energies([right, right], -9.0, 400.0), np.zeros(2))
    assert added[0] - added[1] == pytest.approx(RELAXATION_SETTINGS.most_energy)


def test_what_was_not_relaxed_keeps_its_log_evidence(right: RefinedCandidate) -> None:
    assert not energy_terms([right, right], np.zeros(2)).any()
    assert not energy_terms([*with_energies([right], -9.0), right], np.zeros(2)).any()
    assert "Nothing could be relaxed" in relaxed_notes([right], Relaxation(2))[0]


def test_without_the_extra_nothing_is_begun(task: InferenceTask, candidates: list[RefinedCandidate]) -> None:
    if is_installed(POTENTIAL):
        pytest.skip("the extra `relax` is installed")
    with pytest.raises(MissingExtra, match="pip install"):
        relax_refined(task, candidates, Relaxation(1))


@pytest.fixture(scope="module")
def answer(library) -> Inference:
    if not is_installed(POTENTIAL):
        pytest.skip("the extra `relax` is not installed")
    return infer(library, ["O", "Ti"], pattern_of(rutile()), relaxation=Relaxation(3))


def test_an_answer_says_what_was_relaxed(answer: Inference) -> None:
    best = answer.best()
    assert (best.formula, best.space_group) == ("TiO2", 136)
    assert best.evidence["energy_eV_per_atom"] < -5
    assert "relaxed in this cell" in best.assumptions[-1]
    assert any("relaxed in their cells" in note for note in answer.notes)
    assert answer.options["potential"] == POTENTIAL.value
    assert answer.timings_ms["relaxation"] > 0


def test_the_cell_stays_that_of_the_pattern(answer: Inference) -> None:
    assert answer.best().cell[0] == pytest.approx(4.594, abs=0.01)
