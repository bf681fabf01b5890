"""XANES of a crystal in a file, by the shipped forward model."""

from pathlib import Path

import numpy as np
import pytest

from tests.crystals import rutile
from xsearch import report
from xsearch.errors import QueryError
from xsearch.report.structures import cif_text
from xsearch.xas.forward import xanes_of_cif


def test_a_crystal_file_gives_a_predicted_edge(tmp_path: Path) -> None:
    path = tmp_path / "rutile.cif"
    path.write_text(cif_text(rutile(), 136), encoding="utf-8")
    spectrum = xanes_of_cif(path, "Ti")
    assert spectrum.method == "predicted"
    assert report.to_dict(spectrum)["mu"][-1] == pytest.approx(1.0, abs=0.1)
    assert np.loadtxt(report.write_xy(spectrum, tmp_path / "ti.xy")).shape == (len(spectrum.mu), 3)
    with pytest.raises(QueryError, match="holds no Cu"):
        xanes_of_cif(path, "Cu")
    with pytest.raises(QueryError, match="no such file"):
        xanes_of_cif(tmp_path / "none.cif", "Cu")


def test_the_usual_edge_of_a_heavy_element_is_predicted_and_another_is_refused(tmp_path: Path) -> None:
    crystal = rutile()
    path = tmp_path / "lead.cif"
    heavy = type(crystal).ordered(
        crystal.lattice_A, crystal.frac_coords, ["Pb" if element == "Ti" else element for element in crystal.elements]
    )
    path.write_text(cif_text(heavy, 136), encoding="utf-8")
    assert xanes_of_cif(path, "Pb").edge == "L3"
    with pytest.raises(QueryError, match="has not learned the Pb K edge; its L3 edge is known"):
        xanes_of_cif(path, "Pb", edge="K")
