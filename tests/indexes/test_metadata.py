"""The metadata as users ask them: flat tables, read only, the same in plain DuckDB; conditions narrow a selection."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.architecture import ROOT
from xsearch.chemistry import Crystal, Material
from xsearch.errors import QueryError
from xsearch.indexes import Chunk, Entry, Failure, Index, Staging
from xsearch.indexes.metadata import MATERIALS, flat_materials
from xsearch.indexes.spectra import SpectraChunk
from xsearch.options import Constraints
from xsearch.spectra.xas import XasSpectrum

PAGE = (ROOT / "docs" / "metadata.md").read_text(encoding="utf-8")
QUESTIONS = [shlex.split(line)[4] for line in re.findall(r"^xsearch index sql .*$", PAGE, re.MULTILINE)]


def entry(name: str, formula: str, group: int, system: str, owner: str | None = None, **more: object) -> Entry:
    """A material of one oxygen and one metal atom with stated metadata."""
    elements = tuple(sorted(re.findall("[A-Z][a-z]?", formula)))
    known = {"is_theoretical": False, "energy_above_hull_eV": 0.0} | more
    properties = known.pop("properties", {})
    material = Material(
        material_id=name, source="invented", licence="CC0",
        crystal=Crystal.ordered(np.eye(3) * 4.0, np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]), ("Mn", "O")),
        formula=formula, reduced_formula=formula, anonymous_formula="AB", elements=elements, space_group=group,
        crystal_system=system, template=f"AB_{group}_a_b", cell_of=owner, properties=properties, **known,  # type: ignore[arg-type]
    )  # fmt: skip
    return Entry(material)


ENTRIES = [
    entry("m-1", "MnO", 225, "cubic", properties={"band_gap_eV": 1.8, "year": 1999, "is_metal": False}),
    entry("m-2", "MnO", 166, "trigonal", is_theoretical=True, energy_above_hull_eV=0.2, properties={"band_gap_eV": 0}),
    entry("m-2-cell", "MnO", 166, "trigonal", "m-2", is_theoretical=None, energy_above_hull_eV=None),
    entry("m-3", "MgO", 225, "cubic", properties={"band_gap_eV": 4.5, "label": "a \u00e5"}),
    entry("m-4", "FeO", 225, "cubic", energy_above_hull_eV=None),
    entry("m-5", "SrTiO3", 221, "cubic", properties={"band_gap_eV": 1.9}),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Six rows, one of them a measured cell, with a spectrum and a failure."""
    energy = np.linspace(6500.0, 6700.0, 201)
    mu = 0.5 + np.arctan((energy - 6540.0) / 3.0) / np.pi
    spectrum = XasSpectrum(
        spectrum_id="s-1", material_id="m-1", reduced_formula="MnO", absorber="Mn", edge="K", energy_eV=energy, mu=mu,
        source="invented", licence="CC0", kind="measured", spectrum_type="XANES", level="material", code="",
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("home") / "mp"
    with Staging.open(folder, "metadata", {}) as staging:
        staging.write(0, Chunk.from_entries(ENTRIES, [Failure("bad-1", "no atoms"), Failure("bad-2", "no atoms")]))
        staging.write_spectra(0, SpectraChunk.from_spectra([spectrum]))
        staging.publish(1, spectra=1)
    return Index.open(folder)


def names(index: Index, **conditions: object) -> list[str]:
    rows = index.select(Constraints.parse(**conditions))  # type: ignore[arg-type]
    return [material.material_id for material in index.materials(rows)]


def test_a_property_is_a_column_of_its_type(index: Index) -> None:
    types = dict(index.metadata.select("select column_name, column_type from (describe materials)").to_pydict().items())
    kinds = dict(zip(types["column_name"], types["column_type"], strict=True))
    assert (kinds["band_gap_eV"], kinds["year"], kinds["is_metal"]) == ("DOUBLE", "BIGINT", "BOOLEAN")
    assert (kinds["label"], kinds["n_elements"], kinds["n_sites"]) == ("VARCHAR", "INTEGER", "INTEGER")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"where": "band_gap > 1 and e_above_hull < 0.05"}, "m-1 m-3 m-5"),
        ({"where": "band_gap_eV > 1", "must": "Mn"}, "m-1"),
        ({"system": "trigonal"}, "m-2 m-2-cell"),
        ({"space_group": 225, "where": "list_contains(elements, 'Mn') or formula = 'FeO'"}, "m-1 m-4"),
        ({"where": "is_theoretical"}, "m-2 m-2-cell"),
        ({"where": "e_above_hull is null"}, "m-4"),
        ({"where": "material_id in (select material_id from spectra)"}, "m-1"),
        ({"where": "year = 1999 -- a remark"}, "m-1"),
    ],
)
def test_conditions_select_entries_and_a_measured_cell_goes_with_its_entry(
    index: Index, conditions: dict[str, object], expected: str
) -> None:
    assert names(index, **conditions) == expected.split()


def test_a_linked_measured_cell_can_be_left_out(index: Index) -> None:
    rows = index.select(Constraints(where="is_theoretical"), measured_cells=False)
    assert [material.material_id for material in index.materials(rows)] == ["m-2"]


def test_what_is_not_known_is_counted(index: Index) -> None:
    assert index.metadata.unknown("band_gap > 1") == 1
    assert index.metadata.unknown("space_group > 1") == 0


@pytest.mark.parametrize(
    "condition",
    ["band_gapp > 1", "band_gap >", "true) or (true", "true; drop view materials", "formula", "sum(year)>1"],
)
def test_a_condition_that_is_none_ends_in_one_line_that_lists_the_columns(index: Index, condition: str) -> None:
    with pytest.raises(QueryError, match=r"Columns of 'mp': row_id, .*band_gap_eV.*\.$") as refused:
        index.select(Constraints(where=condition))
    assert "\n" not in str(refused.value)
    assert names(index, where="band_gap > 4") == ["m-3"]


@pytest.mark.parametrize(
    "statement",
    [
        "drop view materials",
        "create table mine as select 1",
        "copy materials to 'stolen.csv'",
        "select 1; select 2",
        "attach 'other.db'",
        "set threads = 8",
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from ENTRIES",
        "",
    ],
)
def test_statements_that_are_no_question_are_refused(
    index: Index, statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryError):
        index.metadata.select(statement)
    assert not list(tmp_path.iterdir())


def test_plain_duckdb_opens_the_tables_and_gives_the_same_rows(index: Index) -> None:
    files = {name: index.folder / f"{name}.parquet" for name in ("materials", "spectra", "failures")}
    statement = "select material_id, band_gap_eV, n_sites from materials where space_group = 225 order by row_id"
    with duckdb.connect() as plain:
        for name, file in files.items():
            plain.execute(f"create view {name} as from '{file.as_posix()}'")
        assert plain.execute(statement).fetchall() == [
            tuple(row.values()) for row in index.metadata.select(statement).to_pylist()
        ]
        assert plain.execute("select spectrum_id, absorber from spectra").fetchall() == [("s-1", "Mn")]
        assert plain.execute("select count(*) from failures").fetchall() == [(2,)]


def test_an_index_without_the_tables_gives_the_same(index: Index) -> None:
    assert MATERIALS in index.manifest.files
    flat = flat_materials(index.catalog)
    stored = index.metadata.select(f"select {', '.join(flat.schema.names)} from materials order by row_id")
    assert flat.to_pylist() == stored.to_pylist()


def test_the_page_shows_five_questions() -> None:
    assert len(QUESTIONS) == 5


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_of_the_page_have_an_answer(index: Index, question: str) -> None:
    assert index.metadata.select(question).num_rows >= 1


def test_asking_loads_no_pandas(index: Index) -> None:
    code = (
        "import sys; from pathlib import Path; from xsearch.indexes import Index; "
        f"found = Index.open(Path({str(index.folder.parents[1])!r})).metadata.select('select 1 as one'); "
        "assert found.to_pylist() == [{'one': 1}]; print('pandas' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], encoding="utf-8").strip() == "False"
