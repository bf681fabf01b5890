"""SpecFusionNet, small: densities written into white lines must be read back."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.training.oxides import METALS, spectrum, write_index
from xsearch.errors import SpectrumError
from xsearch.models.property_model import PropertyModel
from xsearch.preprocess.xanes import normalize, window
from xsearch.spectra.xanes import Xanes
from xsearch.training.property_samples import Labels, properties_of, read_properties
from xsearch.training.run_specfusion import make_specfusion


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """Spectra of 240 compounds of six metals, and their densities and whether they are metals."""
    chance = np.random.default_rng(0)
    spectra, properties = [], []
    for number in range(240):
        metal = METALS[number % 6]
        a_A = float(chance.uniform(4.0, 4.6))
        energy, mu = spectrum(metal, a_A)
        mu = mu + (a_A - 4.3) * np.exp(-(((energy - energy[0] - 21) / 4) ** 2))
        name = f"m-{number}"
        spectra.append({
            "id": name, "absorber": metal, "edge": "K", "material_id": name, "energy": energy, "mu": mu,
            "reduced_formula": f"{metal}{number + 2}O", "code": "made", "spectrum_level": "material",
            "site_index": None,
        })  # fmt: skip
        dense = None if number % 7 == 0 else 10 * (a_A - 3.9)
        properties.append({"material_id": name, "density": dense, "is_metal": bool(a_A > 4.3), "band_gap": None})
    pd.DataFrame(spectra).to_parquet(tmp_path / "spectra.parquet")
    pd.DataFrame(properties).to_parquet(tmp_path / "properties.parquet")
    return tmp_path / "spectra.parquet", tmp_path / "properties.parquet"


def test_what_spectra_tell_is_learned_and_what_has_no_labels_gets_no_head(
    tables: tuple[Path, Path], tmp_path: Path
) -> None:
    report = make_specfusion(tmp_path / "out", [tables[0]], [tables[1]], epochs=24)
    rows = {one.name: one for one in report.figures}
    assert set(rows) == {"density_g_cm3", "is_metal"}
    density = rows["density_g_cm3"]
    assert 0 < density.n < 90
    assert density.edges_and_formula < 0.6 * min(density.formula_alone, density.constant), "formulas say nothing of it"
    assert density.edges_and_elements < 0.6 * density.elements_alone
    assert density.wins
    model = PropertyModel.load(tmp_path / "out")
    small, large = (
        model.predict([window(normalize(Xanes(*spectrum("Ni", a), "Ni", "K")))], ["O"]).numbers["density_g_cm3"][0]
        for a in (4.1, 4.5)
    )
    assert large != small
    assert "xsearch train specfusion" in (tmp_path / "out" / "specfusion.md").read_text(encoding="utf-8")
    assert not list((tmp_path / "out").glob("*.checkpoint"))


def test_later_tables_fill_in_what_earlier_ones_lack(tmp_path: Path) -> None:
    first = pd.DataFrame({"material_id": ["a", "b"], "density": [4.0, None]})
    second = pd.DataFrame({"material_id": ["a", "b"], "density": [5.0, 6.0], "is_metal": [True, None]})
    paths = [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    for table, path in zip((first, second), paths, strict=True):
        table.to_parquet(path)
    found = read_properties(paths)
    assert found["a"] == {"density_g_cm3": 4.0, "is_metal": "yes"}
    assert found["b"]["density_g_cm3"] == 6.0
    with pytest.raises(SpectrumError, match="material_id"):
        read_properties([tmp_path / "none.parquet"])


def test_rare_and_constant_labels_get_no_head() -> None:
    numbers = {"few": torch.tensor([1.0, 2.0, *[float("nan")] * 198]), "many": torch.arange(200.0)}
    classes = {"is_metal": torch.arange(200) % 2, "is_magnetic": torch.zeros(200, dtype=torch.long)}
    heads = Labels(numbers, classes).heads()
    assert set(heads.numbers) == {"many"}
    assert heads.classes == ("is_metal",)


def test_properties_of_an_index_come_with_its_materials(tmp_path: Path) -> None:
    assert set(properties_of(write_index(tmp_path / "oxides"))) == {*(f"{m}-0" for m in METALS), "spinel"}


def test_a_property_that_spectra_do_not_improve_is_not_answered(tables: tuple[Path, Path], tmp_path: Path) -> None:
    table = pd.read_parquet(tables[1])
    table["is_magnetic"] = [number % 6 < 3 for number in range(len(table))]  # the metal says it all
    table.to_parquet(tables[1])
    report = make_specfusion(tmp_path / "out", [tables[0]], [tables[1]], epochs=24)
    assert {one.name: one.wins for one in report.figures}["is_magnetic"] is False
    edge = window(normalize(Xanes(*spectrum("Ni", 4.2), "Ni", "K")))
    assert "is_magnetic" not in PropertyModel.load(tmp_path / "out").predict([edge], ["O"]).classes


def test_several_edges_of_one_element_are_read(tables: tuple[Path, Path], tmp_path: Path) -> None:
    make_specfusion(tmp_path / "out", [tables[0]], [tables[1]], epochs=24)
    model = PropertyModel.load(tmp_path / "out")
    one, other = (window(normalize(Xanes(*spectrum("Ni", a), "Ni", "K"))) for a in (4.1, 4.5))
    alone, both = model.predict([one], ["O"]), model.predict([one, other], ["O"])
    assert alone.numbers != both.numbers
    assert model.predict([other, one], ["O"]).numbers["density_g_cm3"] == pytest.approx(
        both.numbers["density_g_cm3"], rel=1e-4
    ), "whatever their order"
    given = model.predict([one], (), {"Ni": 2, "O": 1})
    assert given.numbers != alone.numbers, "the formula is read as well"
