"""Questions as people ask them."""

import numpy as np
import pytest

from xsearch.errors import SpectrumError
from xsearch.infer.question import read_edge


def test_an_edge_names_its_element(tmp_path):
    energy = np.arange(6500.0, 6600.0, 0.5)
    np.savetxt(tmp_path / "edge.dat", np.column_stack([energy, 1 / (1 + np.exp(-(energy - 6545)))]))
    spectrum = read_edge(f"{tmp_path / 'edge.dat'}:Mn:K")
    assert (spectrum.absorber, spectrum.edge) == ("Mn", "K")
    with pytest.raises(SpectrumError):
        read_edge(str(tmp_path / "none.dat") + ":Mn:K")
