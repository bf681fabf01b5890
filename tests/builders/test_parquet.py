"""Parquet files as a source."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xsearch.builders.material import complete
from xsearch.builders.parquet import ParquetSource, process_row
from xsearch.builders.source import Item
from xsearch.errors import BuildError, CrystalError

CSCL = {
    "material_id": "mp-7",
    **dict.fromkeys("abc", 4.1),
    **dict.fromkeys(("alpha", "beta", "gamma"), 90.0),
    "species": ["Cs", "Cl"],
    "frac_coords": [0.0, 0.0, 0.0, 0.5, 0.5, 0.5],
}


def write(path: Path, *rows: dict) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def first(path: Path):
    return process_row(next(ParquetSource.of(path).items()))


def test_a_row_with_the_least_columns_becomes_a_material(tmp_path: Path) -> None:
    material = first(write(tmp_path / "a.parquet", CSCL))
    assert (material.material_id, material.reduced_formula, material.source) == ("mp-7", "CsCl", "Materials Project")
    assert material.is_measured is False
    assert material.energy_above_hull_eV is None
    assert complete(material)[0].space_group == 221


def test_properties_keep_their_units_and_sources(tmp_path: Path) -> None:
    row = CSCL | {
        "band_gap": np.float32(5.43), "band_gap_src": "pbe", "theoretical": True, "duplicate_of": "mp-3",
        "energy_above_hull": None, "energy_above_hull_formula_sg_min": np.float32(0.0262), "licence": "CC-BY-4.0",
        "spacegroup_number": 225,
    }  # fmt: skip
    table = pa.Table.from_pylist([row])
    place = table.column_names.index("band_gap")
    path = tmp_path / "a.parquet"
    pq.write_table(table.set_column(place, "band_gap", pa.array([5.43], pa.float32())), path)
    material = first(path)
    assert material.properties["band_gap_eV"] == 5.43
    assert material.properties["band_gap_source"] == "pbe"
    assert material.energy_above_hull_eV == pytest.approx(0.0262)
    assert "formula and space group" in str(material.properties["energy_above_hull_source"])
    assert (material.is_theoretical, material.duplicate_of, material.licence) == (True, "mp-3", "CC-BY-4.0")
    assert material.properties["stated_space_group"] == 225
    right = complete(process_row(Item("mp-7", row | {"spacegroup_number": 221})))[0]
    assert "stated_space_group" not in right.properties


def test_more_than_six_published_digits_leave_a_hint(tmp_path: Path) -> None:
    for x, beyond in ((0.123457, None), (0.12345678, True)):
        row = CSCL | {"frac_coords": np.array([0, 0, 0, x, 0.5, 0.5], np.float32)}
        assert first(write(tmp_path / "a.parquet", row)).properties.get("coordinates_beyond_six_digits") is beyond


def test_several_files_are_read_one_after_another(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{n}.parquet", CSCL | {"material_id": f"mp-{n}"}) for n in (2, 1)]
    source = ParquetSource.of(files)
    assert [item.item_id for item in source.items()] == ["mp-2", "mp-1"]
    assert source.count() == 2
    assert (source.name, source.licence) == ("Materials Project", "not stated")
    assert source.citation.startswith("A. Jain et al.")
    assert source.fingerprint() != ParquetSource.of(files[:1]).fingerprint()


def test_formulas_are_those_of_the_column(tmp_path: Path) -> None:
    assert ParquetSource.of(write(tmp_path / "a.parquet", CSCL)).formulas() is None
    reduced = write(tmp_path / "b.parquet", CSCL | {"reduced_formula": "CsCl"})
    assert ParquetSource.of(reduced).formulas() == {"CsCl"}
    stated = write(tmp_path / "c.parquet", CSCL | {"formula": "Cs2Cl2"}, CSCL | {"formula": "?"})
    assert ParquetSource.of(stated).formulas() == {"CsCl"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"species": ["Cs", "Xx"]}, "Unknown element Xx"),
        ({"frac_coords": [0.0, 0.0, 0.0]}, "2 species need 6 coordinates"),
        ({"a": None}, "No value for a"),
        ({"alpha": 179.0, "beta": 10.0}, "do not make a cell"),
        ({"frac_coords": [0.0, 0.0, float("nan"), 0.5, 0.5, 0.5]}, "not a finite number"),
    ],
)
def test_a_bad_row_is_refused_in_one_line(change: dict, said: str) -> None:
    with pytest.raises(CrystalError, match=said):
        process_row(Item("mp-7", CSCL | change))


def test_a_file_that_is_no_such_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no such file"):
        ParquetSource.of(tmp_path / "nowhere.parquet")
    (tmp_path / "text.parquet").write_text("hello", encoding="utf-8")
    with pytest.raises(BuildError, match="not a Parquet file"):
        ParquetSource.of(tmp_path / "text.parquet")
    with pytest.raises(BuildError, match="lacks the columns material_id or source_id, a, "):
        ParquetSource.of(write(tmp_path / "other.parquet", {"x": 1}))


def test_measured_structures_are_marked_so(data_folder: Path) -> None:
    materials = [process_row(item) for item, _ in zip(
        ParquetSource.of(data_folder / "cod_structures.parquet").items(), range(20), strict=False)]  # fmt: skip
    assert all(m.material_id.startswith("cod-") and m.is_measured for m in materials)
    assert {m.source for m in materials} == {"Crystallography Open Database"}


def test_our_space_groups_agree_with_the_stated_ones(data_folder: Path) -> None:
    items = list(zip(ParquetSource.of(data_folder / "mp_structures.parquet").items(), range(2000), strict=False))
    materials = [complete(process_row(item))[0] for item, number in items if number % 8 == 0]
    assert sum("stated_space_group" in m.properties for m in materials) <= 2
