"""One list of what a database holds and what was inferred."""

import pytest

from xsearch.evaluate.disturbed import disturbed_pattern
from xsearch.infer import infer, library_of
from xsearch.infer.together import one_list


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
