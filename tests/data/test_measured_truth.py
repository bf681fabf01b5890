"""Measured spectra paired with known structures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.chemistry.test_descriptors import spinel
from tests.crystals import rock_salt
from xsearch.chemistry.crystal import Crystal
from xsearch.data.measured_truth import measured_truths, truth_table, usable_spectra
from xsearch.data.structure_sites import structure_sites, usual_structures
from xsearch.errors import SpectrumError


def cell(name: str, crystal: Crystal, formula: str, group: int, hull: float = 0.0) -> dict[str, object]:
    from xsearch.chemistry.crystal import cell_parameters

    a, b, c, alpha, beta, gamma = cell_parameters(crystal.lattice_A)
    return {
        "material_id": name, "reduced_formula": formula, "spacegroup_number": group, "energy_above_hull": hull,
        "theoretical": False, "nsites": len(crystal), "a": a, "b": b, "c": c, "alpha": alpha, "beta": beta,
        "gamma": gamma, "species": list(crystal.elements), "frac_coords": crystal.frac_coords.ravel(),
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    zinc_blende = rock_salt("Mn", "S", 5.6)
    zinc_blende = Crystal.ordered(zinc_blende.lattice_A, np.array([[0, 0, 0], [0.25, 0.25, 0.25]]), ["Mn", "S"])
    pd.DataFrame(
        [
            cell("nio", rock_salt("Ni", "O", 4.18), "NiO", 225),
            cell("mns", rock_salt("Mn", "S", 5.2), "MnS", 225),
            cell("mns-t", zinc_blende, "MnS", 216, 0.01),
            cell("spinel", spinel(), "Co3O4", 227),
        ]
    ).to_parquet(tmp_path / "structures.parquet")
    rows = [
        ("a", "Ni", "NiO", None, True), ("b", "Mn", "MnS", None, True), ("c", "Mn", "MnS", "sphalerite", True),
        ("d", "Ni", "NiO", None, False), ("e", "Fe", "FeO", None, True),
    ]  # fmt: skip
    columns = ["id", "element", "formula", "phase", "usable_query"]
    pd.DataFrame(rows, columns=columns).assign(edge="K").to_parquet(tmp_path / "measured.parquet")
    return tmp_path


def test_truth_comes_from_the_structures_of_the_formula(folder: Path) -> None:
    spectra = usable_spectra(folder / "measured.parquet")
    found = {t.id: t for t in measured_truths(spectra, folder / "structures.parquet", folder / "sites.parquet")}
    assert set(found) == {"a", "b", "c"}, "one is not usable, one has no structure"
    assert found["a"].cn == {6: 1.0}
    assert found["a"].oxidation_state == {2: 1.0}
    assert found["a"].neighbors == {"O"}
    assert found["a"].mnnd_A == pytest.approx(2.09, abs=0.01)
    assert found["b"].cn == {}, "two structures disagree"
    assert found["b"].oxidation_state == {2: 1.0}
    assert found["c"].cn == {4: 1.0}, "the phase decides"
    assert truth_table(list(found.values())).row_count == 3


def test_sites_are_described_once_and_kept(folder: Path) -> None:
    said: list[str] = []
    structures, cache = folder / "structures.parquet", folder / "sites.parquet"
    first = structure_sites(structures, cache, ["nio"], say=said.append)
    again = structure_sites(structures, cache, ["nio", "mns"], say=said.append)
    assert len(first) == 2
    assert set(again.material_id) == {"nio", "mns"}
    assert len(said) == 2
    assert said[1].startswith("1 of 1"), "only what was new"
    assert set(usual_structures(structures, {"NiO"})) == {"mns", "mns-t", "spinel"}


def test_other_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpectrumError, match="no such file"):
        usable_spectra(tmp_path / "none.parquet")
    pd.DataFrame({"id": ["a"]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SpectrumError, match="columns element"):
        usable_spectra(tmp_path / "a.parquet")
