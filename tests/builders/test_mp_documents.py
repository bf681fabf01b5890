"""Documents of the Materials Project."""

import pytest
from emmet.core.mpid import AlphaID

from tests.mp_library import alpha_id
from xsearch.builders.mp_collection import Owners
from xsearch.builders.mp_documents import canonical_id, crystal_of, functional_of, licence_of, updated_of
from xsearch.errors import CrystalError


@pytest.mark.parametrize("number", [1, 25, 26, 149, 1265, 779827, 3_347_530, 99_000_000])
def test_every_way_to_write_an_id_comes_to_one(number: int) -> None:
    canonical = f"mp-{number}"
    project = AlphaID(number, padlen=8, prefix="mp")
    assert canonical_id(str(project)) == canonical
    assert canonical_id(str(AlphaID(number, padlen=8))) == canonical
    assert canonical_id(canonical) == canonical_id(str(number)) == canonical
    assert canonical_id(alpha_id(number)) == canonical
    assert int(project) == number


@pytest.mark.parametrize("nonsense", ["", "mp-", "mp-12a", "mp-Ab", "mp-1.5", "mp-ä", None])
def test_what_is_no_id_is_refused(nonsense: object) -> None:
    with pytest.raises(CrystalError, match="no identifier"):
        canonical_id(nonsense)


def test_series_are_not_mixed_up() -> None:
    owners = Owners([("mp-1", ["mvc-2"]), ("mvc-1", ["mp-2"])])
    assert [owners.of(task) for task in ("mp-1", "mvc-1", "mp-2", "mvc-2", "mp-3")] == [
        "mp-1", "mvc-1", "mvc-1", "mp-1", None,
    ]  # fmt: skip
    assert owners.tasks() == ["mvc-2", "mvc-1", "mp-1", "mp-2"]


def test_a_materials_own_id_goes_before_a_task_of_another() -> None:
    owners = Owners([("mp-7", ["mp-9"]), ("mp-9", ["mp-7"])])
    assert (owners.of("mp-7"), owners.of("mp-aaaaaaaj")) == ("mp-7", "mp-9")


def test_a_structure_with_oxidation_states_and_mixed_sites_is_read() -> None:
    structure = {
        "lattice": {"matrix": [[4, 0, 0], [0, 4, 0], [0, 0, 4]]},
        "sites": [
            {
                "abc": [0, 0, 0],
                "species": [{"element": "Fe", "oxidation_state": 3, "occu": 0.5}, {"element": "Cr", "occu": 0.5}],
            },
            {"abc": [0.5, 0.5, 0.5], "species": [{"element": "D", "occu": 1}]},
        ],
    }
    crystal = crystal_of(structure)
    assert crystal.elements == ("Fe", "Cr", "H")
    assert crystal.occupancies.tolist() == [0.5, 0.5, 1]


@pytest.mark.parametrize(
    "structure", [None, {}, {"lattice": {}, "sites": []}, {"lattice": {"matrix": []}, "sites": [{}]}]
)
def test_a_document_without_a_structure_fails_in_one_line(structure: object) -> None:
    with pytest.raises(CrystalError):
        crystal_of(structure)


def test_licences_and_times_have_one_form() -> None:
    assert licence_of({"builder_meta": {"license": "BY-NC"}}) == "CC-BY-NC-4.0"
    assert licence_of({"builder_meta": None}) == licence_of({}) == "CC-BY-4.0"
    assert updated_of({"last_updated": {"$date": "2025-01-01"}}) == updated_of({"last_updated": "2025-01-01"})
    assert updated_of({}) == ""


def test_the_functional_is_that_of_the_structures_own_calculation() -> None:
    document = {
        "origins": [{"name": "energy", "task_id": "mp-2"}, {"name": "structure", "task_id": "mp-aaaaaaad"}],
        "run_types": {"mp-2": "R2SCAN", "aaaaaaad": "GGA"},
    }
    assert functional_of(document) == "PBE"
    assert functional_of({**document, "run_types": {"mp-2": "GGA"}}) is None
    assert functional_of({}) is None
