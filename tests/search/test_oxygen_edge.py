"""The K edge of oxygen, which no model was trained on: added to an index, found there, and said not to be known."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pymatgen.core import Lattice, Structure

from xsearch.builders import build_cif
from xsearch.builders.add import add_entries
from xsearch.search import SearchIndex, open_index
from xsearch.spectra.xanes import Xanes
from xsearch.xas.prediction import predict

LINES = {"MgO": (537.5, 540.0, 546.5, 558.0), "CaO": (533.5, 537.0, 540.5, 549.0), "NiO": (532.0, 537.5, 540.5, 552.0)}
"""eV, about where the maxima of three oxides with the structure of rock salt lie."""


def oxygen_edge(compound: str, shift_eV: float = 0.0, noise: float = 0.0) -> Xanes:
    energy = np.arange(515.0, 590.0, 0.2)
    mu = 0.5 + np.arctan((energy - shift_eV - LINES[compound][0]) / 0.8) / np.pi
    for place, width in zip(LINES[compound], (1.0, 1.5, 3.0, 5.0), strict=True):
        mu = mu + 0.5 * np.exp(-(((energy - shift_eV - place) / width) ** 2))
    mu = mu + np.random.default_rng(0).normal(0, noise, len(mu))
    return Xanes(energy, mu, "O", "K", f"{compound} O K")


@pytest.fixture(scope="module")
def oxides(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    home = tmp_path_factory.mktemp("oxides")
    patch = pytest.MonkeyPatch()
    patch.setenv("XSEARCH_HOME", str(home))
    folder = home / "cifs"
    folder.mkdir()
    for compound, a in (("MgO", 4.21), ("CaO", 4.81), ("NiO", 4.18)):
        sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
        Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [compound[:2], "O"], sites).to(folder / f"{compound}.cif")
    build_cif(folder, "oxides", workers=1, progress=False)
    rows = [
        {"id": f"{name} O", "absorber": "O", "edge": "K", "formula": name, "kind": "measured", "code": "beamline"}
        | {"source": "test", "licence": "CC0", "energy": edge.energy_eV, "mu": edge.mu}
        for name in LINES
        for edge in [oxygen_edge(name)]
    ]
    pq.write_table(pa.Table.from_pylist(rows), home / "oxygen.parquet")
    add_entries("oxides", xanes=[home / "oxygen.parquet"], progress=False)
    opened = open_index("oxides")
    patch.undo()
    return opened


@pytest.mark.parametrize("compound", sorted(LINES))
def test_an_oxygen_edge_finds_its_oxide(oxides: SearchIndex, compound: str) -> None:
    found = oxides.search(xanes=oxygen_edge(compound, shift_eV=0.7, noise=0.01))
    assert found.hits[0].formula == compound
    assert found.hits[0].edges[0].edge == "O K"


def test_a_prediction_says_that_the_edge_was_not_trained(tmp_path: Path) -> None:
    (found,) = predict([oxygen_edge("MgO")], amounts={"Mg": 1.0, "O": 1.0})
    assert found.site.unfamiliar[0].startswith("No O K edge was among the training spectra")
    states = dict(found.site.classes["oxidation_state"])
    assert max(states, key=lambda state: states[state]) == -2  # by the formula's charges
    (alone,) = predict([oxygen_edge("MgO")])
    assert alone.site.classes["oxidation_state"][0][0] == -2  # as oxygen mostly has, whatever the network reads
    assert found.site.numbers["mnnd_A"][0] == pytest.approx(2.1, abs=0.15)
