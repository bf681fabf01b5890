"""SpecFusionNet, small: densities written into white lines must be read back."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.training.oxides import METALS, spectrum, write_index
from xsearch.errors import SpectrumError
from xsearch.models.property_model import PropertyModel
from xsearch.preprocess.xanes import XanesWindow, normalize, window
from xsearch.spectra.xanes import Xanes
from xsearch.training.property_samples import Labels, properties_of, read_properties
from xsearch.training.run_specfusion import PropertyReport, make_specfusion


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> PropertyReport:
    """Trained on 240 compounds of six metals: white lines tell density and metals, formulas magnetism."""
    folder = tmp_path_factory.mktemp("specfusion")
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
        properties.append({
            "material_id": name, "density": dense, "is_metal": bool(a_A > 4.3), "band_gap": None,
            "is_magnetic": number % 6 < 3,
        })  # fmt: skip
    pd.DataFrame(spectra).to_parquet(folder / "spectra.parquet")
    pd.DataFrame(properties).to_parquet(folder / "properties.parquet")
    return make_specfusion(folder / "out", [folder / "spectra.parquet"], [folder / "properties.parquet"], epochs=14)


def edge_of(a_A: float) -> XanesWindow:
    """A nickel edge."""
    return window(normalize(Xanes(*spectrum("Ni", a_A), "Ni", "K")))


def test_what_spectra_tell_is_learned_and_what_has_no_labels_gets_no_head(made: PropertyReport) -> None:
    rows = {one.name: one for one in made.figures}
    assert set(rows) == {"density_g_cm3", "is_metal", "is_magnetic"}
    density = rows["density_g_cm3"]
    assert 0 < density.n < 90
    assert density.edges_and_formula < 0.6 * min(density.formula_alone, density.constant), "formulas say nothing of it"
    assert density.edges_and_elements < 0.6 * density.elements_alone
    assert density.wins
    assert "xsearch train specfusion" in (made.folder / "specfusion.md").read_text(encoding="utf-8")
    assert not list(made.folder.glob("*.checkpoint"))


def test_a_property_that_spectra_do_not_improve_is_not_answered(made: PropertyReport) -> None:
    assert {one.name: one.wins for one in made.figures}["is_magnetic"] is False
    answer = PropertyModel.load(made.folder).predict([edge_of(4.2)], ["O"])
    assert "is_magnetic" not in answer.classes
    assert "density_g_cm3" in answer.numbers


def test_any_number_of_edges_is_read_whatever_their_order(made: PropertyReport) -> None:
    model = PropertyModel.load(made.folder)
    one, other = edge_of(4.1), edge_of(4.5)
    alone, both = model.predict([one], ["O"]), model.predict([one, other], ["O"])
    assert alone.numbers != both.numbers
    assert model.predict([other, one], ["O"]).numbers["density_g_cm3"] == pytest.approx(
        both.numbers["density_g_cm3"], rel=1e-4
    )
    given = model.predict([one], (), {"Ni": 2, "O": 1})
    assert given.numbers != alone.numbers, "the formula is read as well"


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
