"""`xsearch build`."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.cli.conftest import Xsearch
from tests.crystals import rutile
from tests.report.conftest import silicon
from xsearch.chemistry.crystal import cell_parameters
from xsearch.report.structures import cif_text


def counts(xsearch: Xsearch, name: str) -> dict[str, int]:
    return json.loads(xsearch("index", "info", name, "--json", "-").stdout)["counts"]


def test_a_folder_of_cifs_becomes_an_index_and_bad_ones_are_told(
    xsearch: Xsearch, xsearch_home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "cifs" / "deep"
    folder.mkdir(parents=True)
    (folder / "rutile.cif").write_text(cif_text(rutile(), 136), encoding="utf-8")
    (folder / "silicon.cif").write_text(cif_text(silicon(), 227), encoding="utf-8")
    (folder / "broken.cif").write_text("data_x\n_cell_length_a oops\n", encoding="utf-8")
    done = xsearch("build", "cif", tmp_path / "cifs", "--name", "mine", "--licence", "CC0", "--workers", 1)
    assert done.exit_code == 0, done.stderr
    assert "Index mine: 2 entries" in done.stderr
    assert counts(xsearch, "mine")["failures"] == 1
    assert "broken" in xsearch("index", "info", "mine").stdout


def test_parquet_tables_become_an_index(xsearch: Xsearch, xsearch_home: Path, tmp_path: Path) -> None:
    for name, make in (("a", rutile), ("b", silicon)):
        crystal = make()
        cell = dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), cell_parameters(crystal.lattice_A), strict=True))
        row = {"material_id": name, "species": list(crystal.elements), **cell}
        pq.write_table(
            pa.Table.from_pylist([{**row, "frac_coords": crystal.frac_coords.ravel().tolist()}]),
            tmp_path / f"{name}.pq",
        )
    done = xsearch(
        "build", "parquet", tmp_path / "a.pq", tmp_path / "b.pq", "--name", "two", "--no-measured-cells", "--workers", 1
    )
    assert done.exit_code == 0, done.stderr
    assert counts(xsearch, "two")["materials"] == 2


def test_nothing_to_build_from_is_one_line(xsearch: Xsearch, xsearch_home: Path, tmp_path: Path) -> None:
    for words in (("cif", tmp_path), ("parquet", tmp_path / "none.parquet")):
        done = xsearch("build", *words, "--name", "x")
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("xsearch: ")


def test_predictions_of_an_element_that_was_not_learned_are_refused(xsearch: Xsearch, own_lab: Path) -> None:
    done = xsearch("build", "predicted", "lab", "--absorbers", "He,Ti")
    assert done.exit_code == 1
    assert "has not learned He" in done.stderr


def test_entries_get_predicted_spectra(xsearch: Xsearch, own_lab: Path) -> None:
    done = xsearch("build", "predicted", "lab", "--absorbers", "Ti", "--limit", 3, "--workers", 1)
    assert done.exit_code == 0, done.stderr
    assert "It holds 3 absorption spectra." in done.stderr
