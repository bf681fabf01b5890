"""Where FEFF's energies lie, by edge."""

import numpy as np

from xsearch.xas.feff_energy import extra_shift_eV, offsets_eV


def test_deep_k_edges_lie_far_above_and_those_of_3d_metals_where_the_shift_was_found() -> None:
    assert extra_shift_eV("Fe", "K") == 0.0
    assert -32 < extra_shift_eV("I", "K") < -20
    assert extra_shift_eV("Ag", "K") > extra_shift_eV("I", "K")
    assert 0 < extra_shift_eV("O", "K") < 10  # of gases by the table, of oxides by FEFF and beamlines
    assert extra_shift_eV("Md", "K") is None


def test_every_edge_of_the_shipped_spectra_is_there() -> None:
    assert len(offsets_eV()) >= 60
    assert np.ptp(list(offsets_eV().values())) > 30
