"""One list of what a database holds and what was inferred."""

import pytest

from xsearch.errors import QueryError
from xsearch.evaluate.disturbed import disturbed_pattern
from xsearch.infer import infer, library_of
from xsearch.infer.together import Together, elements_of, one_list


@pytest.fixture(scope="module")
def types(tmp_path_factory):
    from xsearch.builders import build
    from xsearch.builders.aflow import AflowSource
    from xsearch.search import open_index

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSEARCH_HOME", str(home))
        build(AflowSource(), "types", workers=1, measured_cells=False, progress=False)
        yield open_index("types")


def answers(types, crystal, elements):
    pattern = disturbed_pattern(crystal, 3)
    return types.search(pattern, exactly=elements), infer(library_of(types.index), elements, pattern)


def test_a_crystal_of_the_database_goes_before_what_was_inferred(types):
    salt = next(m for m in types.index.materials(range(len(types))) if m.reduced_formula == "NaCl")
    rows = one_list(*answers(types, salt.crystal, ["Na", "Cl"]))
    assert (rows[0]["kind"], rows[0]["id"]) == ("database", salt.material_id)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))


def test_every_row_says_which_kind_it_is_and_what_it_was_made_from(types):
    salt = next(m for m in types.index.materials(range(len(types))) if m.reduced_formula == "NaCl")
    for row in one_list(*answers(types, salt.crystal, ["Na", "Cl"])):
        assert (row["kind"] == "inferred") == row["id"].startswith("inferred:") == ("made_from" in row)


def test_one_answer_is_shown_and_saved_with_its_kinds_apart(types, tmp_path):
    salt = next(m for m in types.index.materials(range(len(types))) if m.reduced_formula == "NaCl")
    both = Together(*answers(types, salt.crystal, ["Na", "Cl"]))
    record = both.to_dict()
    assert record["hits"][0]["material_id"] == salt.material_id
    assert record["together"] == both.rows()
    assert record["inference"]["inferred"] is True
    files = both.write_cifs(tmp_path)
    assert {path.parent.name == "inferred" for path in files if "inferred" in path.name} <= {True}
    assert any(path.parent == tmp_path for path in files)


def test_elements_are_needed_to_infer():
    assert elements_of("Ca,O", None) == "Ca,O"
    assert elements_of("Ca,O,H", "Ca,O") == "Ca,O"
    with pytest.raises(QueryError, match="--exactly or --only"):
        elements_of(None, None)
