"""The compound of a reference: stated by a table, by the file, or by its name, and none where none is certain."""

from pathlib import Path

import pandas as pd
import pytest

from xsearch.builders.stated_compound import compound_of, is_table_of_formulas, read_formulas, sample_fields
from xsearch.chemistry.formula import parse_formula, reduced_formula


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("Fe2O3_hematite.xdi", "Fe2O3"),
        ("Fe foil", "Fe"),
        ("Fe_metal_rt_01.xdi", "Fe"),
        ("LiFePO4-charged.dat", "LiFePO4"),
        ("standard_Fe3O4.nor", "Fe3O4"),
        ("fe2o3_100K_scan1.xdi", "Fe2O3"),
        ("Fe_FeS_rt_01.xdi", "FeS"),
        ("FeSO4 7H2O", "FeH14SO11"),
        ("FeO.001", "FeO"),
        ("sample7.dat", ""),
        ("NaCl.dat", ""),
        ("Fe_K.dat", ""),
        ("FeO-OH.dat", ""),
        ("FeOH2_rt.xdi", ""),
        ("Fe2O3_Fe3O4.dat", ""),
        ("Fe2O3 doped", ""),
        ("Fe2O3 and TiO2", ""),
        ("FeSO4_rt_01.xdi", ""),
        ("Fe(II) in solution", ""),
        ("Fe(III)Cl3 aq", ""),
        ("scan1.dat", ""),
    ],
)
def test_a_compound_is_read_from_a_name_if_it_alone_can_be_meant(name: str, formula: str) -> None:
    assert compound_of({}, name, "Fe").formula == formula


def test_the_stated_formula_goes_before_any_name() -> None:
    assert compound_of({"formula": "CoSe", "name": "reference"}, "Se_Cu2Se_rt_01.xdi", "Se").formula == "CoSe"
    assert compound_of({"formula": "As2O5"}, "as2o3_room_scan1.xdi", "As").formula == "As2O5"
    assert compound_of({"formula": "CoSe"}, "a.xdi", "Se", {"a.xdi": "ZnSe"}).formula == "ZnSe"


@pytest.mark.parametrize("stated", ["NaCl", "rust", "Fe(II)"])
def test_a_stated_formula_that_cannot_be_is_not_replaced_by_the_name(stated: str) -> None:
    found = compound_of({"formula": stated}, "CuO_scan.xdi", "Cu")
    assert found.formula == ""
    assert stated in found.source


def test_fields_of_a_sample_are_found_in_a_header() -> None:
    data = b"# XDI/1.0\n# Sample.formula: CoSe\n# sample.name:  a reference \n# Element.symbol: Se\n1 2\n"
    assert sample_fields(data) == {"formula": "CoSe", "name": "a reference"}


def test_a_table_of_formulas_is_told_from_a_spectrum(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("file;formula\na.dat;FeO\nfolder/b.dat;Fe2O3\n", encoding="utf-8")
    (tmp_path / "scan.csv").write_text("energy,mu\n7000,0.1\n7001,0.2\n", encoding="utf-8")
    assert read_formulas(tmp_path) == {"a.dat": "FeO", "b.dat": "Fe2O3"}
    assert is_table_of_formulas(tmp_path / "names.csv")
    assert not is_table_of_formulas(tmp_path / "scan.csv")


@pytest.mark.data
def test_no_spectrum_of_the_public_library_gets_a_wrong_formula(data_folder: Path) -> None:
    table = pd.read_parquet(data_folder / "xas_references.parquet")
    placed = {"stated": 0, "named": 0}
    for row in table.itertuples():
        truth = reduced_formula(parse_formula(row.formula)) if isinstance(row.formula, str) else ""
        name, file = str(row.sample).partition(" [")[0], Path(row.source_file).name
        stated = compound_of({"formula": row.formula, "name": name} if truth else {"name": name}, file, row.element)
        named = compound_of({"name": name}, file, row.element)
        assert stated.formula in ("", truth), (name, file, stated)
        assert named.formula in ("", truth), (name, file, named)
        placed["stated"] += bool(stated.formula)
        placed["named"] += bool(named.formula)
    assert placed["stated"] > 260
    assert placed["named"] > 200
