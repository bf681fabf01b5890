"""An open index gives back what was put in, row by row and as whole arrays, and selects by elements."""

import itertools
import random
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.indexes.samples import BINS, SYMBOLS, build, chunk, entry
from tests.indexes.test_chunk import assert_same_entry, assert_same_material
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.errors import MissingIndex, QueryError, XSearchError
from xsearch.indexes import Chunk, Entry, Failure, Index, Staging
from xsearch.options import Constraints

N = 60


@pytest.fixture(scope="module")
def index(built: Path) -> Index:
    return Index.open(built)


def test_every_row_comes_back_as_it_was_built(index: Index) -> None:
    assert len(index) == N
    for row in range(N):
        assert_same_entry(entry(row), index.entry(row))
        assert_same_material(entry(row).material, index.material(row))


def test_rows_turn_back_into_the_chunk_they_came_from(index: Index) -> None:
    rows = [3, 50, 9, 10, 11, 0, 45]
    again = index.chunk(np.array(rows))
    assert again.to_bytes() == Chunk.from_entries([entry(row) for row in rows]).to_bytes()
    assert len(index.chunk(np.array([], np.int64))) == 0


def test_an_index_made_of_an_index_has_the_same_bytes(index: Index, tmp_path: Path) -> None:
    with Staging.open(tmp_path / "again", "again", {}) as staging:
        staging.write(0, index.chunk(np.arange(N)))
        staging.publish(1)
    again = Index.open(tmp_path / "again")
    for name in index.manifest.files:
        if not name.startswith("failures"):
            assert (again.folder / name).read_bytes() == (index.folder / name).read_bytes(), name


def test_scattered_materials_come_in_the_order_asked_for(index: Index) -> None:
    rows = [41, 3, 3, 59, 0]
    for row, material in zip(rows, index.materials(rows), strict=True):
        assert_same_material(material, entry(row).material)
    assert index.materials([]) == []
    for row in (-1, N):
        with pytest.raises(QueryError, match="60 rows"):
            index.material(row)


def test_rows_are_found_by_id(index: Index) -> None:
    assert index.row_of("x-17") == 17
    with pytest.raises(QueryError, match="'x-1700'"):
        index.row_of("x-1700")


def test_reflection_arrays_are_the_rows_reflections_end_to_end(index: Index) -> None:
    offsets, hkl, squares, multiplicity = index.reflection_arrays
    assert offsets[-1] == len(hkl) == len(squares) == len(multiplicity) == index.manifest.counts["reflections"]
    assert (hkl.dtype, squares.dtype, multiplicity.dtype, offsets.dtype) == (np.int16, np.float32, np.int16, np.int64)
    for row in range(N):
        expected = entry(row).reflections
        found = index.reflections(row)
        assert len(found) == (0 if expected is None else len(expected))
        if expected is not None:
            np.testing.assert_array_equal(hkl[offsets[row] : offsets[row + 1]], expected.hkl)
            np.testing.assert_array_equal(found.cell, expected.cell)
            assert found.crystal_system == expected.crystal_system


def test_columns_say_the_same_as_the_materials(index: Index) -> None:
    columns = index.columns
    assert len(columns) == N
    formulas = [entry(row).material.reduced_formula for row in range(N)]
    for row in range(N):
        material = entry(row).material
        code = columns.crystal_system[row]
        has_none = entry(row).reflections is None and material.crystal_system is None
        assert (code == 255) if has_none else (CRYSTAL_SYSTEMS[code] == "cubic")
        assert columns.space_group[row] == (material.space_group or 0)
        assert columns.is_theoretical[row] == {None: -1, False: 0, True: 1}[material.is_theoretical]
        assert columns.is_measured[row] == {None: -1, False: 0, True: 1}[material.is_measured]
        assert columns.n_elements[row] == len(material.elements)
        hull = material.energy_above_hull_eV
        np.testing.assert_equal(columns.energy_above_hull_eV[row], np.float32(np.nan if hull is None else hull))
        assert columns.cell_of[row] == (-1 if material.cell_of is None else row - 1)
        known = material.duplicate_of is not None and row + 1 < N
        assert columns.duplicate_of[row] == (row + 1 if known else -1)
    for left, right in itertools.combinations(range(N), 2):
        assert (columns.formula_group[left] == columns.formula_group[right]) == (formulas[left] == formulas[right])


def test_profiles_are_a_view_of_the_file_and_faiss_agrees_with_them(index: Index) -> None:
    assert index.profiles.shape == (N, BINS)
    assert index.profiles.dtype == np.float16
    assert index.profiles.flags.aligned
    assert not index.profiles.flags.owndata
    queries = np.random.default_rng(5).random((7, BINS)).astype(np.float32)
    exact = queries @ index.profiles.astype(np.float32).T
    scores, rows = index.faiss.search(queries, 5)
    np.testing.assert_allclose(scores, -np.sort(-exact, axis=1)[:, :5], rtol=1e-3)
    np.testing.assert_array_equal(rows, np.argsort(-exact, axis=1, kind="stable")[:, :5])


def random_query(dice: random.Random) -> Constraints:
    def some(k: int) -> set[str]:
        return set(dice.sample(SYMBOLS, dice.randint(1, k)))

    kind = dice.randrange(6)
    if kind == 0:
        return Constraints.parse(only=some(5))
    if kind == 1:
        must = some(2)
        return Constraints.parse(must=must, exclude=some(3) - must)
    if kind == 2:
        must, may = some(2), some(4)
        return Constraints.parse(must=must, may=may, exclude=some(3) - must - may)
    if kind == 3:
        return Constraints.parse(exactly=some(3))
    if kind == 4:
        must = some(2)
        return Constraints.parse(must=must, only=must | some(3))
    if dice.random() < 0.5:
        return Constraints.parse(any_of=some(2), must=some(1))
    return Constraints.parse(exclude=some(4))


def test_element_logic_in_sql_agrees_with_plain_sets(index: Index) -> None:
    dice = random.Random(3)
    materials = [entry(row).material for row in range(N)]
    found_some = 0
    for _ in range(150):
        query, with_cells = random_query(dice), dice.random() < 0.5
        expected = [
            row
            for row, material in enumerate(materials)
            if query.matches(material.elements) and (with_cells or material.cell_of is None)
        ]
        assert index.select(query, measured_cells=with_cells).tolist() == expected
        found_some += bool(expected)
    assert found_some > 50


def test_no_element_logic_selects_every_row(index: Index) -> None:
    assert index.select(Constraints()).tolist() == list(range(N))
    without = [row for row in range(N) if entry(row).material.cell_of is None]
    assert index.select(Constraints(), measured_cells=False).tolist() == without


def test_the_catalog_answers_sql(index: Index) -> None:
    gap = "select material_id, (properties->>'$.band_gap_eV')::double from materials where material_id = ?"
    assert index.sql(gap, ["x-6"]).fetchall() == [("x-6", 2.0)]
    assert index.sql("select count(*) from failures where reason like ?", ["invented%"]).fetchall() == [(6,)]
    assert index.sql("select sum(len(elements)) from materials").fetchall() == [(int(index.columns.n_elements.sum()),)]


def test_failures_are_kept_with_their_reasons(index: Index) -> None:
    assert index.failures() == [Failure(f"bad-{number}", "invented to fail") for number in range(6)]


def test_threads_share_an_index(index: Index) -> None:
    expected = index.select(Constraints.parse(must="O")).tolist()
    wrong: list[object] = []

    def ask() -> None:
        answers = ((index.select(Constraints.parse(must="O")).tolist(), index.row_of("x-5")) for _ in range(20))
        wrong.extend(answer for answer in answers if answer != (expected, 5))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_info_tells_counts_sources_and_size(index: Index) -> None:
    info = index.info()
    assert info["counts"]["materials"] == N
    assert info["sources"] == {"invented": 45, "invented, second source": 15}
    assert info["licences"] == {"CC0": 60}
    assert info["bytes"] == sum(p.stat().st_size for p in index.folder.iterdir() if p.name != "manifest.json")
    assert info["source"] == "invented"


def test_an_index_is_opened_by_name_or_folder(xsearch_home: Path) -> None:
    build(xsearch_home / "indexes" / "lab", 1)
    assert len(Index.open("lab")) == len(Index.open(xsearch_home / "indexes" / "lab")) == 10
    for name in ("nothing", str(xsearch_home / "nothing"), xsearch_home):
        with pytest.raises(MissingIndex):
            Index.open(name)
    for name in ("", "a b", ".hidden", "x" * 65):
        with pytest.raises(XSearchError, match="name of an index"):
            Index.open(name)


def test_an_index_without_profiles_or_reflections_works(tmp_path: Path) -> None:
    with Staging.open(tmp_path / "bare", "bare", {}) as staging:
        staging.write(0, Chunk.from_entries([Entry(entry(i).material) for i in range(3)]))
        staging.publish(1)
    index = Index.open(tmp_path / "bare")
    index.verify()
    assert index.profiles.shape == (3, 0)
    assert index.faiss is None
    assert len(index.reflections(1)) == 0
    assert_same_material(index.material(2), entry(2).material)


def test_an_opened_index_survives_the_removal_of_its_version(own: Path) -> None:
    index = Index.open(own)
    first = index.version
    for fingerprint in ("second", "third"):
        build_other(own, fingerprint)
    assert not (own / "versions" / first).exists()
    assert_same_entry(index.entry(7), entry(7))
    assert index.faiss.ntotal == N
    assert len(index.failures()) == 6
    assert index.columns.n_elements[5] == len(entry(5).material.elements)


def build_other(folder: Path, fingerprint: str) -> str:
    with Staging.open(folder, fingerprint, {"which": fingerprint}) as staging:
        staging.write(0, chunk(0))
        return staging.publish(1)
