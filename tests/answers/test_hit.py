"""Hits: their cells and crystals."""

from dataclasses import replace

import numpy as np
import pytest
from pymatgen.core.structure_matcher import StructureMatcher

from tests.crystals import rutile
from tests.report.conftest import STRAIN, silicon, wustite
from tests.report.conftest import hit as made_hit
from xsearch.answers import Hit
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import QueryError


@pytest.fixture(scope="module")
def hits() -> tuple[Hit, ...]:
    """Rutile strained; silicon from a primitive cell; a disordered oxide."""
    return (
        made_hit(1, "a", rutile(), STRAIN),
        made_hit(2, "b", silicon(), (0.01, 0.01, 0.01)),
        made_hit(3, "c", wustite()),
    )


def test_strained_crystal_has_the_cell_that_was_fitted(hits: tuple[Hit, ...]) -> None:
    for hit in hits:
        assert np.allclose(find_symmetry(hit.strained_crystal).cell, hit.cell, atol=1e-6)


def test_strained_crystal_keeps_the_arrangement_of_atoms(hits: tuple[Hit, ...]) -> None:
    for hit in hits:
        assert StructureMatcher(scale=True).fit(hit.structure, hit.strained_structure)


def test_strained_crystal_of_a_measured_cell_is_that_cells(hits: tuple[Hit, ...]) -> None:
    linked = replace(hits[0], material=hits[1].material, matched_cell=hits[0].material)
    assert linked.strained_structure.composition.reduced_formula == "TiO2"
    assert linked.structure.composition.reduced_formula == "Si"


def test_strain_is_isotropic_where_the_stored_setting_is_another(hits: tuple[Hit, ...]) -> None:
    hit = hits[0]
    odd = replace(hit, reflections=replace(hit.reflections, cell=hit.reflections.cell * [1, 1, 2, 1, 1, 1]))
    grown = odd.strained_crystal.volume_A3 / hit.material.crystal.volume_A3
    assert np.log(grown) / 3 == pytest.approx(hit.fitted.strain)


def test_a_hit_without_a_pattern_keeps_the_stored_cell(hits: tuple[Hit, ...]) -> None:
    plain = replace(hits[0], pattern_fit=None)
    assert plain.cell == pytest.approx(hits[0].reflections.cell)
    assert plain.strained_crystal is plain.material.crystal
    with pytest.raises(QueryError, match="no powder pattern was fitted"):
        _ = plain.fitted
