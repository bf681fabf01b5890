"""Questions as people ask them."""

import numpy as np
import pytest

from xsearch.errors import QueryError, SpectrumError
from xsearch.infer.question import parse_elements, parse_numbers, read_edge
from xsearch.xas.forward import xanes_of_cif


def test_elements_may_be_divided_by_commas_or_blanks():
    assert parse_elements("Ca,Mn Al; O") == ("Ca", "Mn", "Al", "O")
    with pytest.raises(QueryError, match="--elements"):
        parse_elements(" ")


def test_states_and_coordination_numbers_are_read():
    assert parse_numbers(["Mn=3,4", "O = -2"], "oxidation states") == {"Mn": (3, 4), "O": (-2,)}
    for wrong in ("Mn", "Mn=", "Mn=three", "mn=3", "=3"):
        with pytest.raises(QueryError, match="like Mn=3"):
            parse_numbers([wrong], "oxidation states")


def test_an_edge_names_its_element(tmp_path):
    energy = np.arange(6500.0, 6600.0, 0.5)
    np.savetxt(tmp_path / "edge.dat", np.column_stack([energy, 1 / (1 + np.exp(-(energy - 6545)))]))
    spectrum = read_edge(f"{tmp_path / 'edge.dat'}:Mn:K")
    assert (spectrum.absorber, spectrum.edge) == ("Mn", "K")
    with pytest.raises(SpectrumError):
        read_edge(str(tmp_path / "none.dat") + ":Mn:K")


def test_a_crystal_file_gives_a_predicted_edge(tmp_path, crystals):
    from pymatgen.io.cif import CifWriter

    CifWriter(crystals[5].to_structure()).write_file(tmp_path / "nio.cif")
    spectrum = xanes_of_cif(tmp_path / "nio.cif", "Ni")
    assert spectrum.method == "predicted"
    assert spectrum.to_dict()["mu"][-1] == pytest.approx(1.0, abs=0.1)
    spectrum.write_xy(tmp_path / "nio.xy")
    assert np.loadtxt(tmp_path / "nio.xy").shape == (len(spectrum.mu), 3)
    with pytest.raises(QueryError, match="holds no Cu"):
        xanes_of_cif(tmp_path / "nio.cif", "Cu")
    with pytest.raises(QueryError, match="no such file"):
        xanes_of_cif(tmp_path / "none.cif", "Cu")
