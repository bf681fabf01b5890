"""Predicted spectra for entries of an index that have none."""

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from xsearch.builders import build_cif
from xsearch.builders.add import add_entries
from xsearch.builders.predicted import add_predicted, code
from xsearch.errors import BuildError
from xsearch.indexes import Index
from xsearch.models.forward import forward_ensemble


def rocksalt(cation: str, a: float) -> Structure:
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [cation, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])


@pytest.fixture
def oxides(xsearch_home: Path, tmp_path: Path) -> str:
    """An index of three oxides and a measured reference of one of them."""
    folder = tmp_path / "crystals"
    folder.mkdir()
    for cation, a in (("Ni", 4.18), ("Co", 4.26), ("Mg", 4.21)):
        rocksalt(cation, a).to(folder / f"{cation}O.cif")
    build_cif(folder, "oxides", licence="CC0-1.0", workers=1, progress=False)
    x = np.arange(8280.0, 8420.0, 0.5)
    y = 0.5 + np.arctan((x - 8346) / 2) / np.pi + 0.5 * np.exp(-0.5 * ((x - 8350) / 3) ** 2)
    np.savetxt(tmp_path / "NiO.dat", np.column_stack([x, y]), header="energy mu\nNi K edge")
    add_entries("oxides", xanes=tmp_path / "NiO.dat", progress=False)
    return "oxides"


def test_entries_get_marked_spectra_and_all_else_stays(oxides: str) -> None:
    before = Index.open(oxides)
    result = add_predicted(oxides, workers=1, progress=False)
    index = Index.open(oxides)
    assert (result.entries, result.spectra) == (3, 4)
    for row in range(len(before)):
        assert index.chunk(np.array([row])).to_bytes() == before.chunk(np.array([row])).to_bytes()
    kinds = dict(zip(index.xanes["Ni", "K"].spectrum_id, index.xanes["Ni", "K"].kind, strict=True))
    assert kinds == {"own-NiO.dat": "measured", "NiO-predicted-Ni-K": "predicted"}
    (cobalt,) = index.spectra(index.row_of("CoO"))
    assert (cobalt.kind, cobalt.code, cobalt.licence, cobalt.level) == ("predicted", code(), "CC0-1.0", "material")
    crystal = index.material(index.row_of("CoO")).crystal
    predicted = forward_ensemble().predict(crystal, "Co")
    np.testing.assert_allclose(cobalt.mu, predicted.mu[: len(cobalt.mu)], atol=1e-9)
    assert cobalt.energy_eV[-1] - cobalt.energy_eV[0] <= 35.0
    (magnesium,) = index.spectra(index.row_of("MgO"))
    assert (magnesium.spectrum_id, magnesium.kind, magnesium.edge) == ("MgO-predicted-Mg-K", "predicted", "K")
    index.verify()


def test_a_limit_is_raised_and_nothing_is_predicted_twice(oxides: str) -> None:
    assert add_predicted(oxides, limit=1, workers=1, progress=False).spectra == 2
    assert add_predicted(oxides, workers=1, progress=False).spectra == 4
    with pytest.raises(BuildError, match="Nothing to predict"):
        add_predicted(oxides, workers=1, progress=False)


def test_an_element_that_was_not_learned_is_refused(oxides: str) -> None:
    with pytest.raises(BuildError, match=r"has not learned O; it predicts K edges of Mg"):
        add_predicted(oxides, ["Ni", "O"], progress=False)
