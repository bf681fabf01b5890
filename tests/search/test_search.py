"""A whole search over a real index."""

from dataclasses import Field, fields, replace

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.chemistry.crystal import cell_parameters
from xsearch.errors import MissingIndex, QueryError, SpectrumError
from xsearch.search import SearchIndex, open_index
from xsearch.search.settings import DEFAULTS, PowderSettings, VerdictSettings
from xsearch.settings import described, settings_record
from xsearch.spectra import PowderPattern, Xanes

ROWS = range(0, 288, 12)


def row_by_formula(index: SearchIndex, formula: str) -> int:
    found = index.index.sql("select row_id from materials where reduced_formula = ? order by row_id", [formula])
    return int(found.fetchall()[0][0])


def is_right(index: SearchIndex, row: int, material_id: str) -> bool:
    """Whether a hit is the row, or has its formula and space group."""
    other = index.index.row_of(material_id)
    columns = index.index.columns
    return bool(
        columns.formula_group[row] == columns.formula_group[other]
        and columns.space_group[row] == columns.space_group[other]
    )


def test_strained_noisy_patterns_find_their_crystals(prototypes: SearchIndex, measured: Measure) -> None:
    ranks = []
    for row in ROWS:
        result = prototypes.search(measured(row, strain=-0.011, zero_deg=0.03), top=10)
        ranks.append(next((h.rank for h in result.hits if is_right(prototypes, row, h.material_id)), 99))
    assert np.mean(np.array(ranks) == 1) >= 0.9
    assert np.mean(np.array(ranks) <= 5) >= 0.95


def test_strain_zero_shift_and_cell_are_reported(prototypes: SearchIndex, measured: Measure) -> None:
    row = row_by_formula(prototypes, "TiO2")
    found = prototypes.index.reflections(row)
    hit = prototypes.search(measured(row, strain=-0.008, axial=0.006, zero_deg=0.04)).hits[0]
    assert is_right(prototypes, row, hit.material_id)
    assert hit.fitted.strain == pytest.approx(-0.008 + 0.006 / 3, abs=1e-3)
    assert hit.cell[0] == pytest.approx(found.cell[0] * np.exp(-0.008), rel=1.5e-3)
    assert hit.cell[2] == pytest.approx(found.cell[2] * np.exp(-0.002), rel=1.5e-3)
    assert hit.fitted.zero_shift_deg == pytest.approx(0.04, abs=0.03)
    assert hit.fitted.unexplained < 0.15
    lengths = cell_parameters(hit.strained_structure.lattice.matrix)
    assert np.isfinite(lengths).all()


def test_another_wavelength_finds_the_same_crystal(prototypes: SearchIndex, measured: Measure) -> None:
    row = row_by_formula(prototypes, "TiO2")
    for wavelength in (0.70932, 1.788965, 2.28972):
        hit = prototypes.search(measured(row, wavelength_A=wavelength)).hits[0]
        assert is_right(prototypes, row, hit.material_id)


def test_a_wrong_wavelength_does_not_find_it_with_confidence(prototypes: SearchIndex, measured: Measure) -> None:
    row = row_by_formula(prototypes, "TiO2")
    right = measured(row, wavelength_A=1.788965)
    result = prototypes.search(PowderPattern(right.two_theta_deg, right.intensity, 1.540593))
    assert not is_right(prototypes, row, result.hits[0].material_id) or not result.confident


def test_element_conditions_hold_for_every_hit(prototypes: SearchIndex, measured: Measure) -> None:
    pattern = measured(row_by_formula(prototypes, "TiO2"))
    for hit in prototypes.search(pattern, only="Ti,O,Fe").hits:
        assert set(hit.material.elements) <= {"Ti", "O", "Fe"}
    for hit in prototypes.search(pattern, must=["O"], exclude="Ti").hits:
        assert "O" in hit.material.elements
        assert "Ti" not in hit.material.elements


def test_the_answer_is_the_same_every_time_and_with_any_threads(prototypes: SearchIndex, measured: Measure) -> None:
    pattern = measured(20, strain=0.01)
    alone = SearchIndex(prototypes.index, threads=1)
    answers = [s.search(pattern) for s in (prototypes, prototypes, alone)]
    ids = [[(h.material_id, h.score) for h in answer.hits] for answer in answers]
    assert ids[0] == ids[1] == ids[2]


def test_folding_keeps_every_entry(prototypes: SearchIndex, measured: Measure) -> None:
    pattern = measured(20)
    folded = prototypes.search(pattern, top=500)
    apart = prototypes.search(pattern, top=500, fold=False)
    held = sorted(one.matched.material_id for hit in folded.hits for one in (hit, *hit.duplicates))
    assert held == sorted(hit.matched.material_id for hit in apart.hits)
    assert [hit.rank for hit in folded.hits] == list(range(1, len(folded.hits) + 1))


def test_the_prior_can_be_switched_off(prototypes: SearchIndex, measured: Measure) -> None:
    hits = prototypes.search(measured(20), prior="none").hits
    assert {hit.evidence.prior for hit in hits} == {0.0}
    with pytest.raises(QueryError, match="Unknown prior 'guess'"):
        prototypes.search(measured(20), prior="guess")


def test_what_cannot_be_searched_is_refused(prototypes: SearchIndex, measured: Measure) -> None:
    with pytest.raises(QueryError, match="holds nothing with only He"):
        prototypes.search(measured(0), only="He")
    with pytest.raises(QueryError, match="top = 0"):
        prototypes.search(measured(0), top=0)
    spectrum = Xanes(np.linspace(7000, 7200, 50), np.linspace(0, 1, 50), "Fe", "K", source="Fe.xdi")
    with pytest.raises(QueryError, match="Nothing to search for"):
        prototypes.search()
    with pytest.raises(SpectrumError, match=r"Fe\.xdi .*No absorption edge"):
        prototypes.search(spectrum)
    with pytest.raises(SpectrumError, match=r"Fe\.xdi .*No absorption edge"):
        prototypes.search_mixture(spectrum)


def test_settings_decide_a_search_and_stand_in_its_record(prototypes: SearchIndex, measured: Measure) -> None:
    pattern = measured(ROWS[3])
    strict = replace(DEFAULTS, recall=replace(DEFAULTS.recall, rows=3), verdict=VerdictSettings(confident=1.1))
    narrow = SearchIndex(prototypes.index, 1, strict)
    usual, found = prototypes.search(pattern), narrow.search(pattern, ranking="physics")
    assert usual.verdict == "match"
    assert found.verdict == "tentative"
    assert sum(1 + len(hit.duplicates) for hit in found.hits) <= 6
    assert usual.settings == {"powder": settings_record(DEFAULTS)}
    assert found.settings == {"powder": settings_record(strict)}
    mixture = prototypes.search_mixture(pattern, phases=1)
    assert mixture.settings == {"powder": settings_record(DEFAULTS)}


@pytest.mark.parametrize("stage", fields(PowderSettings), ids=lambda stage: stage.name)
def test_every_number_has_a_unit_and_a_source(stage: Field[object]) -> None:
    listed = described(getattr(DEFAULTS, stage.name))
    assert listed
    assert all(unit and source for _, _, unit, source in listed)


def test_a_missing_index_is_named(xsearch_home: object) -> None:
    with pytest.raises(MissingIndex, match="nowhere"):
        open_index("nowhere")
