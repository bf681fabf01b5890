"""Conditions on symmetry and metadata narrow every kind of search, and each hit meets them."""

import pytest

from tests.prototypes import Measure
from tests.search.test_search import row_by_formula
from xsearch.errors import NothingSearched, QueryError
from xsearch.search import SearchIndex


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({"system": "cubic"}, lambda hit: hit.material.crystal_system == "cubic"),
        ({"space_group": 225}, lambda hit: hit.material.space_group == 225),
        ({"space_group": "P4_2/mnm"}, lambda hit: hit.material.space_group == 136),
        ({"where": "n_elements = 2 and n_sites < 5"}, lambda hit: len(hit.material.elements) == 2),
    ],
)
def test_every_hit_meets_the_conditions(prototypes: SearchIndex, measured: Measure, conditions, holds) -> None:
    pattern = measured(row_by_formula(prototypes, "TiO2"))
    found = prototypes.search(pattern, **conditions)
    assert found.hits
    assert all(holds(hit) for hit in found.hits)
    assert found.n_searched < len(prototypes)
    mixture = prototypes.search_mixture(pattern, phases=2, **conditions)
    assert all(holds(hit) for hit in mixture.hits)


def test_a_note_says_of_how_many_entries_the_condition_is_not_known(prototypes: SearchIndex, measured: Measure) -> None:
    result = prototypes.search(measured(row_by_formula(prototypes, "TiO2")), where="strukturbericht <> 'C4'")
    assert any("it is not known whether strukturbericht <> 'C4'" in note for note in result.notes)


def test_conditions_that_leave_nothing_are_named(prototypes: SearchIndex, measured: Measure) -> None:
    with pytest.raises(NothingSearched, match=r"cubic; space group 136; where n_sites > 1; loosen"):
        prototypes.search(
            measured(row_by_formula(prototypes, "TiO2")), system="cubic", space_group=136, where="n_sites > 1"
        )


def test_an_unknown_column_is_refused_with_those_there_are(prototypes: SearchIndex, measured: Measure) -> None:
    with pytest.raises(QueryError, match=r"band_gap.*Columns of.*n_sites"):
        prototypes.search(measured(row_by_formula(prototypes, "TiO2")), where="band_gap > 1")
