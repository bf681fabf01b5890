"""Relaxation, where its extra is installed, and what is said where it is not."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.crystals import rutile
from xsearch.answers import Candidate, Inference
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import MissingExtra
from xsearch.infer.potentials import KNOWN_ELEMENTS, Pull, can_relax, check_extra, is_installed, load_potential
from xsearch.infer.relax import Relaxation, relax
from xsearch.infer.relaxed_candidates import relax_candidates
from xsearch.options import Potential


def candidate(rank: int, crystal: Crystal, probability: float) -> Candidate:
    return Candidate(
        rank=rank, formula="TiO2", crystal=crystal, space_group=136, crystal_system="tetragonal", template="t",
        source_id=f"mp-{rank}", source_formula="SnO2", substitution={"Sn": "Ti"}, probability=probability, members=1,
        evidence={"prior": 0.0}, cell=(4.65, 4.65, 2.96, 90, 90, 90),
        assumptions=("The atoms stand where they do in SnO2 (mp-1); nothing was relaxed.",),
    )  # fmt: skip


@pytest.fixture(params=list(Potential), ids=lambda one: one.value)
def potential(request: pytest.FixtureRequest) -> Potential:
    """Each potential that is installed."""
    if not is_installed(request.param):
        pytest.skip(f"the extra of {request.param.value} is not installed")
    return request.param


@pytest.fixture
def chgnet() -> Potential:
    if not is_installed(Potential.CHGNET):
        pytest.skip("the extra `relax` is not installed")
    return Potential.CHGNET


@pytest.mark.parametrize("one", list(Potential), ids=lambda one: one.value)
def test_without_its_extra_one_line_says_what_to_install(one: Potential) -> None:
    if is_installed(one):
        pytest.skip("the extra is installed")
    with pytest.raises(MissingExtra, match=r'pip install "xsearch\[\w+\]"'):
        check_extra(one)


def test_forces_are_the_slopes_of_the_energy(potential: Potential) -> None:
    """The slow reference: energies of crystals that are moved and strained a little."""
    step, pulls, crystal = 0.01, load_potential(potential), rutile(u=0.32, a=4.65)
    (found,) = pulls([crystal])

    def energy_eV(atoms_A: np.ndarray, strain: np.ndarray) -> float:
        lattice = crystal.lattice_A @ (np.eye(3) + strain)
        moved = Crystal.ordered(lattice, crystal.frac_coords + atoms_A @ np.linalg.inv(lattice), crystal.elements)
        return float(pulls([moved])[0].energy_eV * len(crystal))

    move, strain = np.zeros((len(crystal), 3)), np.zeros((3, 3))
    move[2] = [step, 0, 0]
    slope = (energy_eV(move, strain) - energy_eV(-move, strain)) / (2 * step)
    assert -slope == pytest.approx(found.forces_eV_A[2, 0], abs=0.08)
    strain[2, 2] = step / 4
    slope = (energy_eV(0 * move, strain) - energy_eV(0 * move, -strain)) / (step / 2)
    assert slope * 160.21766 / crystal.volume_A3 == pytest.approx(found.stress_GPa[2, 2], abs=1.0)


def test_crystals_are_judged_one_by_one(potential: Potential) -> None:
    pulls, pair = load_potential(potential), [rutile(u=0.32), rutile(a=4.8)]
    for together, alone in zip(pulls(pair), (pulls([one])[0] for one in pair), strict=True):
        assert together.energy_eV == pytest.approx(alone.energy_eV, abs=1e-4)
        np.testing.assert_allclose(together.forces_eV_A, alone.forces_eV_A, atol=1e-3)


def test_atoms_move_to_where_no_force_is_left(potential: Potential) -> None:
    (found,) = relax([rutile(u=0.32, a=4.65)], load_potential(potential), free_cell=False)
    assert found.converged
    assert found.energy_eV < found.start_energy_eV
    np.testing.assert_allclose(found.crystal.lattice_A, rutile(u=0.32, a=4.65).lattice_A)
    assert found.crystal.frac_coords[2, 0] == pytest.approx(0.305, abs=0.005)


def test_a_free_cell_finds_its_volume(potential: Potential) -> None:
    (found,) = relax([rutile(a=4.9)], load_potential(potential))
    assert found.converged
    assert np.linalg.norm(found.crystal.lattice_A[0]) == pytest.approx(4.62, abs=0.07)


def test_the_symmetry_is_kept(potential: Potential) -> None:
    (found,) = relax([rutile(u=0.32, a=4.9)], load_potential(potential))
    assert find_symmetry(found.crystal).number == 136


def test_time_bounds_the_steps_and_the_lower_energy_goes_first(chgnet: Potential) -> None:
    bad, good = candidate(1, rutile(u=0.22, a=4.65), 0.5), candidate(2, rutile(a=4.65), 0.3)
    answer = Inference(("O", "Ti"), (bad, good), "tentative")
    found = relax_candidates(answer, Relaxation(2, chgnet, 1e-6))
    assert [c.source_id for c in found.candidates] == ["mp-2", "mp-1"]
    assert [c.rank for c in found.candidates] == [1, 2]
    assert sum(c.probability for c in found.candidates) == pytest.approx(0.8)
    assert "not to the end" in found.notes[-1]
    assert "relaxed with CHGNet" in found.candidates[0].assumptions[-1]


def test_candidates_that_explain_nothing_are_not_relaxed(chgnet: Potential) -> None:
    answer = Inference(("O", "Ti"), (candidate(1, rutile(u=0.22, a=4.65), 0.1),), "no confident match")
    assert relax_candidates(answer, Relaxation(1, chgnet)) is answer


def spring(crystals: Sequence[Crystal]) -> list[Pull]:
    """Rutile whose oxygen is held at u = 0.305 by springs of 10 eV/Å²; the energy has no other part."""
    found = []
    for crystal in crystals:
        away = (crystal.frac_coords - rutile().frac_coords) @ crystal.lattice_A
        energy = 5 * float((away**2).sum())
        found.append(Pull(energy / len(crystal), -10 * away, np.zeros((3, 3))))
    return found


def test_steps_end_where_a_known_energy_is_least() -> None:
    (found,) = relax([rutile(u=0.35)], spring, free_cell=False)
    assert found.converged
    assert found.steps < 12
    np.testing.assert_allclose(found.crystal.frac_coords, rutile().frac_coords, atol=0.002)
    assert found.moved_A == pytest.approx(np.sqrt(4 / 6) * 0.045 * np.sqrt(2) * 4.594, rel=0.05)


def test_atoms_on_one_another_are_no_crystal() -> None:
    assert can_relax(rutile())
    assert not can_relax(rutile(u=0.0))
    assert not can_relax(rutile(cation="Am"))


def test_known_elements_are_those_of_the_materials_project() -> None:
    assert len(KNOWN_ELEMENTS) == 89
    assert {"H", "Pu", "Xe"} <= KNOWN_ELEMENTS
    assert not {"Am", "Po"} & KNOWN_ELEMENTS
