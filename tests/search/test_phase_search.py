"""Mixtures of crystals of a real index, as an instrument would see them."""

import io
import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from rich.console import Console

from tests.prototypes import Measure
from xsearch import report
from xsearch.answers import MixtureResult
from xsearch.errors import QueryError
from xsearch.fit.multiphase import MixturePattern
from xsearch.options import Prior
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.search.match import match
from xsearch.search.mixture_hits import cell_mass, cell_volume, weight_fractions
from xsearch.search.phase_search import PhaseSearch, components
from xsearch.search.selection import Selection
from xsearch.simulate.profile_curve import pattern_curve
from xsearch.spectra import PowderPattern

Mix = Callable[..., PowderPattern]


def row_by_formula(index: SearchIndex, formula: str) -> int:
    found = index.index.sql("select row_id from materials where reduced_formula = ? order by row_id", [formula])
    return int(found.fetchall()[0][0])


@pytest.fixture(scope="module")
def mix(prototypes: SearchIndex) -> Mix:
    """Makes the pattern of weighed crystals, each strained on its own, with background and counting noise."""

    def make(
        formulas: Sequence[str], weights: Sequence[float], strains: Sequence[float], seed: int = 0
    ) -> PowderPattern:
        angles = np.arange(10.0, 85.0, 0.02)
        curve = np.zeros(len(angles))
        for formula, weight, strain in zip(formulas, weights, strains, strict=True):
            row = row_by_formula(prototypes, formula)
            material, found = prototypes.index.material(row), prototypes.index.reflections(row)
            cell = found.cell * np.array([*np.exp([strain] * 3), 1, 1, 1])
            density = float(material.crystal.to_structure().composition.weight) / material.crystal.volume_A3
            mass_times_volume = density * cell_volume(found.cell) * cell_volume(cell)
            curve += weight / mass_times_volume * pattern_curve(found, cell, angles, 1.540593, 0.12)
        expected = 30_000 * curve / curve.max() + 150 * np.exp(-angles / 30) + 30
        counts = np.random.default_rng(0).poisson(expected).astype(float)
        return PowderPattern(angles, counts, 1.540593, source="mixture")

    return make


def formulas_of(result: MixtureResult) -> set[str]:
    return {hit.formula for hit in result.hits}


PAIRS = [(("TiO2", "NaCl"), (0.7, 0.3)), (("ZnS", "CaF2"), (0.4, 0.6)), (("CaCO3", "SiO2"), (0.8, 0.2))]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "+".join(pair[0]))
def test_two_phases_are_found_and_weighed(prototypes: SearchIndex, mix: Mix, pair: tuple) -> None:
    formulas, weights = pair
    elements = "Ti O Na Cl Zn S Ca F C Si"
    result = prototypes.search_mixture(mix(formulas, weights, (-0.006, 0.004)), only=elements)
    assert formulas_of(result) == set(formulas)
    found = {one.hit.formula: one.weight_fraction for one in result.best.components}
    assert sum(found.values()) == pytest.approx(1)
    assert found[formulas[0]] == pytest.approx(weights[0], abs=0.05)
    strains = {hit.formula: hit.fitted.strain for hit in result.hits}
    assert strains[formulas[0]] == pytest.approx(-0.006, abs=1.5e-3)
    assert strains[formulas[1]] == pytest.approx(0.004, abs=1.5e-3)


def test_a_pure_phase_stays_one(prototypes: SearchIndex, measured: Measure) -> None:
    single = 0
    rows = range(0, 288, 24)
    for row in rows:
        elements = prototypes.index.material(row).elements
        result = prototypes.search_mixture(measured(row, strain=0.004), only=elements, phases=2)
        single += len(result.hits) == 1
    assert single >= len(rows) - 1


def test_the_answer_states_its_amounts(prototypes: SearchIndex, mix: Mix) -> None:
    result = prototypes.search_mixture(mix(("TiO2", "NaCl"), (0.7, 0.3), (0, 0)), exactly="Ti O Na Cl")
    record = json.loads(report.to_json(result))
    assert [one["formula"] for one in record["mixtures"][1]["components"]] == ["TiO2", "NaCl"]
    assert record["mixtures"][1]["unexplained"] < record["mixtures"][0]["unexplained"]
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(report.table(result))
    text = console.export_text()
    assert "weight %" in text
    assert "TiO2" in text.splitlines()[0]
    assert "NaCl" in text.splitlines()[0]


def test_no_more_phases_than_requested(prototypes: SearchIndex, mix: Mix) -> None:
    result = prototypes.search_mixture(mix(("TiO2", "NaCl"), (0.5, 0.5), (0, 0)), phases=1)
    assert len(result.hits) == 1
    for wrong in (0, 7):
        with pytest.raises(QueryError, match="a number from 1 to 6"):
            prototypes.search_mixture(mix(("TiO2", "NaCl"), (0.5, 0.5), (0, 0)), phases=wrong)


def test_elements_bind_each_phase_and_must_be_held_together(prototypes: SearchIndex, mix: Mix) -> None:
    pattern = mix(("TiO2", "NaCl"), (0.5, 0.5), (0, 0))
    for hit in prototypes.search_mixture(pattern, only="Ti O Na Cl").hits:
        assert set(hit.material.elements) <= {"Ti", "O", "Na", "Cl"}
    held = set().union(*(hit.material.elements for hit in prototypes.search_mixture(pattern, must="Ti Cl").hits))
    assert {"Ti", "Cl"} <= held


def test_threads_do_not_change_the_answer(prototypes: SearchIndex, mix: Mix) -> None:
    pattern = mix(("TiO2", "NaCl"), (0.5, 0.5), (0, 0))
    answers = [s.search_mixture(pattern, phases=2) for s in (prototypes, SearchIndex(prototypes.index, threads=1))]
    found = [[(one.hit.material_id, one.weight_fraction) for one in r.best.components] for r in answers]
    assert found[0] == found[1]


def test_amounts_of_a_sum_made_by_hand_come_back(prototypes: SearchIndex, measured: Measure) -> None:
    rows = [row_by_formula(prototypes, formula) for formula in ("TiO2", "NaCl")]
    pattern = net_pattern(measured(rows[0]))
    parts = components(prototypes.index, pattern, match(prototypes.index, pattern, np.array(rows)), Prior.NONE)
    target = MixturePattern(pattern, len(rows))
    target.linear = np.array([0.3 * a + 0.7 * b for a, b in zip(parts[0].profiles, parts[1].profiles, strict=True)])
    assert target.fit(tuple(parts)).amounts == pytest.approx([0.3, 0.7], rel=1e-6)
    assert target.fit((parts[0],)).amounts.shape == (1,)


def test_what_is_explained_is_taken_off(prototypes: SearchIndex, mix: Mix, measured: Measure) -> None:
    row = row_by_formula(prototypes, "NaCl")
    pattern = net_pattern(measured(row))
    rows = np.arange(len(prototypes))
    explored = PhaseSearch(Selection(prototypes.index, rows, prototypes.profiles(rows), Prior.NONE, 1), pattern)
    target = explored.target
    (part,) = components(prototypes.index, pattern, match(prototypes.index, pattern, np.array([row])), Prior.NONE)
    hypothesis = target.fit((part,))
    assert target.unexplained(hypothesis) < 0.1
    left = explored.remainder(hypothesis)
    if left is not None:
        height = (left.net / left.noise * pattern.noise).max()
        assert height < 0.1


def test_weights_follow_mass_and_volume(prototypes: SearchIndex, measured: Measure) -> None:
    hit = prototypes.search(measured(row_by_formula(prototypes, "NaCl"))).hits[0]
    material = hit.matched.crystal
    assert cell_mass(hit) / cell_volume(hit.reflections.cell) == pytest.approx(
        material.to_structure().composition.weight / material.volume_A3
    )
    assert weight_fractions((hit, hit), np.array([3.0, 1.0])) == pytest.approx([0.75, 0.25])


def test_coarse_particles_that_absorb_more_hide_a_part_of_their_weight(prototypes: SearchIndex, mix: Mix) -> None:
    pattern = mix(("TiO2", "NaCl"), (0.5, 0.5), (0.004, -0.003))
    fine, coarse = (
        {
            one.hit.formula: one
            for one in prototypes.search_mixture(pattern, phases=2, particle_size_um=size).best.components
        }
        for size in (None, 20.0)
    )
    assert fine["TiO2"].absorption_factor is None
    factors = {formula: one.absorption_factor for formula, one in coarse.items()}
    assert factors["TiO2"] < 1 < factors["NaCl"]  # 0.053 and 0.016 per µm with Cu Kα
    assert coarse["TiO2"].weight_fraction > fine["TiO2"].weight_fraction + 0.02
    assert sum(one.weight_fraction for one in coarse.values()) == pytest.approx(1)
