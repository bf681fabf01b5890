"""Questions as people ask them."""

import numpy as np
import pytest

from xsearch.errors import QueryError, SpectrumError
from xsearch.infer.question import parse_elements, parse_numbers, read_edge


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
