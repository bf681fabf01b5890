"""Known phases: found by what is given, fitted first, and the rest searched for."""

from pathlib import Path

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.chemistry.standards import HOLDERS, find_standard
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import QueryError
from xsearch.search import SearchIndex
from xsearch.search.known import find_known
from xsearch.search.known_rest import take_off
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.profile_curve import pattern_curve
from xsearch.spectra import PowderPattern

MAJOR = 120
ALUMINIUM = next(one for one in HOLDERS if one.name == "Al")


def with_phase(pattern: PowderPattern, standard, height: float, zero_deg: float = 0.0, off_deg: float = 0.0):
    """A pattern with the lines of a standard or a metal added, and its angle scale changed."""
    reflections = simulate_reflections([find_symmetry(standard.crystal, 0.01)])[0]
    angles = pattern.two_theta_deg
    curve = pattern_curve(reflections, reflections.cell, angles, pattern.wavelength_A, 0.12, 0.0)
    counts = pattern.intensity + height * np.ptp(pattern.intensity) * curve / curve.max()
    seen = angles + zero_deg + off_deg * np.cos(np.radians(angles / 2))
    return PowderPattern(seen, counts, pattern.wavelength_A)


def test_a_known_phase_is_taken_off_and_told_with_its_share(prototypes: SearchIndex, measured: Measure) -> None:
    plain = measured(MAJOR)
    first = prototypes.search(plain).hits[0].material_id
    both = with_phase(plain, find_standard("Si640"), 0.8)
    assert any("second phase" in note or "holder" in note for note in prototypes.search(both).notes)
    result = prototypes.search(both, known="Si")
    assert result.hits[0].material_id == first
    assert result.verdict == "match"
    assert not any("second phase" in note for note in result.notes)
    (silicon,) = result.known
    assert silicon.formula == "Si"
    assert silicon.space_group == 227
    assert silicon.cell[0] == pytest.approx(5.4311, abs=0.003)
    assert 0.05 < silicon.intensity < 0.95
    assert silicon.weight_fraction is not None


def test_weights_are_those_that_were_mixed(prototypes: SearchIndex, measured: Measure) -> None:
    from xsearch.search.mixture_hits import cell_volume, crystal_mass

    plain = measured(MAJOR)
    standard = find_standard("Si640")
    weights = []
    for height in (0.3, 0.9):
        (silicon,) = prototypes.search(with_phase(plain, standard, height), known="Si").known
        weights.append(silicon.weight_fraction / (1 - silicon.weight_fraction))
    assert weights[1] / weights[0] == pytest.approx(3, rel=0.15)
    reflections = prototypes.index.reflections(MAJOR)
    assert crystal_mass(prototypes.index.material(MAJOR).crystal, reflections.cell) > 0
    assert cell_volume(reflections.cell) > 0


def test_a_standard_fixes_zero_shift_and_displacement(prototypes: SearchIndex, measured: Measure) -> None:
    plain = measured(MAJOR)
    shifted = with_phase(plain, find_standard("Si640"), 0.8, zero_deg=0.06, off_deg=-0.15)
    result = prototypes.search(shifted, standard="Si640")
    assert result.hits[0].material_id == prototypes.search(plain).hits[0].material_id
    assert "SRM 640g" in result.notes[0]
    assert np.abs(result.powder.two_theta_deg - plain.two_theta_deg[: len(result.powder)]).max() < 0.02
    assert result.hits[0].cell[0] == pytest.approx(prototypes.search(plain).hits[0].cell[0], rel=3e-4)


def test_a_standard_that_is_not_there_is_refused(prototypes: SearchIndex, measured: Measure) -> None:
    with pytest.raises(QueryError, match="lines of the standard"):
        prototypes.search(measured(MAJOR), standard="LaB6_660")


def test_a_known_phase_that_is_not_there_is_told(prototypes: SearchIndex, measured: Measure) -> None:
    result = prototypes.search(measured(MAJOR), known="LaB6")
    assert any("LaB6" in note and "not in the pattern" in note for note in result.notes)
    assert result.known[0].intensity == 0
    assert result.hits[0].material_id == prototypes.search(measured(MAJOR)).hits[0].material_id


def test_nothing_left_is_no_match(prototypes: SearchIndex, measured: Measure) -> None:
    plain = measured(MAJOR)
    flat = PowderPattern(
        plain.two_theta_deg,
        np.random.default_rng(0).poisson(100 + 0 * plain.intensity).astype(float),
        plain.wavelength_A,
    )
    reflections = simulate_reflections([find_symmetry(find_standard("Si640").crystal, 0.01)])[0]
    curve = pattern_curve(reflections, reflections.cell, flat.two_theta_deg, flat.wavelength_A, 0.12, 0.0)
    alone = PowderPattern(flat.two_theta_deg, flat.intensity + 20_000 * curve / curve.max(), flat.wavelength_A)
    result = prototypes.search(alone, known="Si")
    assert result.hits == ()
    assert result.verdict == "no confident match"
    assert any("Nothing is left" in note for note in result.notes)


def test_a_holder_is_named(prototypes: SearchIndex, measured: Measure) -> None:
    (note,) = prototypes.search(with_phase(measured(60), ALUMINIUM, 0.4)).notes
    assert "aluminium" in note
    assert "--known Al" in note


def test_a_mixture_shares_its_weights_with_known_phases(prototypes: SearchIndex, measured: Measure) -> None:
    both = with_phase(measured(MAJOR), find_standard("Si640"), 0.8)
    result = prototypes.search_mixture(both, phases=2, known="Si")
    total = sum(one.weight_fraction for one in result.best.components) + sum(
        one.weight_fraction or 0.0 for one in result.known
    )
    assert total == pytest.approx(1)


def test_weights_of_known_phases_are_corrected_for_absorption_too(prototypes: SearchIndex, measured: Measure) -> None:
    both = with_phase(measured(MAJOR), find_standard("Si640"), 0.8)
    fine, coarse = (
        prototypes.search_mixture(both, phases=1, known="Si", particle_size_um=size) for size in (None, 20.0)
    )
    (silicon,), (corrected,) = fine.known, coarse.known
    assert silicon.weight_fraction is not None
    assert corrected.weight_fraction is not None
    assert abs(corrected.weight_fraction - silicon.weight_fraction) > 0.01
    total = corrected.weight_fraction + sum(one.weight_fraction for one in coarse.best.components)
    assert total == pytest.approx(1)


def test_known_phases_are_found_by_id_formula_file_and_name(prototypes: SearchIndex, tmp_path: Path) -> None:
    index = prototypes.index
    material = index.material(MAJOR)
    file = tmp_path / "film.cif"
    material.crystal.to_structure().to(str(file), fmt="cif")
    found = find_known(index, [material.material_id, material.reduced_formula, str(file), "aluminium", "Al2O3"])
    assert found[0].source == material.material_id
    assert found[1].formula == found[2].formula == material.reduced_formula
    assert found[2].source == "film.cif"
    assert found[3].formula == "Al"
    assert "676a" in found[4].source


def test_what_is_no_phase_is_refused(prototypes: SearchIndex) -> None:
    with pytest.raises(QueryError, match="no known phase"):
        find_known(prototypes.index, "Pu3Xe7")
    with pytest.raises(QueryError, match="between two commas"):
        find_known(prototypes.index, "Si,,Al")
    with pytest.raises(QueryError, match="no file"):
        find_known(prototypes.index, "nowhere.cif")


def test_the_noise_of_the_rest_is_that_of_what_was_measured(prototypes: SearchIndex, measured: Measure) -> None:
    both = with_phase(measured(MAJOR), find_standard("Si640"), 0.8)
    rest = take_off(both, find_known(prototypes.index, "Si"), prototypes.settings).pattern
    assert rest.sigma is not None
    assert rest.sigma == pytest.approx(np.sqrt(np.maximum(both.intensity, 1.0)), rel=0.6)
    assert rest.sigma.min() > 0
