"""The cluster and the cards that FEFF is given."""

import numpy as np
import pytest

from tests.crystals import FCC, rock_salt
from xsearch.chemistry.crystal import Crystal
from xsearch.errors import QueryError
from xsearch.simulate.feff_input import FeffSettings, cluster_around, feff_input


@pytest.fixture
def nickel_oxide() -> Crystal:
    return rock_salt("Ni", "O", 4.18)


def test_the_absorber_is_in_the_middle_of_its_cluster(nickel_oxide: Crystal) -> None:
    text = feff_input(nickel_oxide, 0)
    rows = [line.split() for line in text[text.index("ATOMS") :].splitlines()[1:-1]]
    assert rows[0][3:] == ["0", "Ni", "0.00000"]
    assert {(row[3], row[4]) for row in rows[1:]} == {("1", "O"), ("2", "Ni")}
    distances = [float(row[5]) for row in rows]
    assert distances == sorted(distances)
    assert distances[1:7] == pytest.approx([2.09] * 6, abs=1e-3)
    assert distances[7:19] == pytest.approx([4.18 / np.sqrt(2)] * 12, abs=1e-3)
    assert max(distances) <= 10.0
    for row in rows:
        assert np.linalg.norm([float(word) for word in row[:3]]) == pytest.approx(float(row[5]), abs=1e-4)


def test_a_cluster_holds_every_atom_within_its_radius() -> None:
    skewed = Crystal.ordered(
        np.array([[3.0, 0, 0], [2.7, 1.4, 0], [1.0, 0.6, 5.0]]),
        np.array([[0.9, 0.1, 0.2], [0.3, 0.6, 0.7]]),
        ["Fe", "S"],
    )
    cluster = cluster_around(skewed, 1, 7.0)
    plain = sorted(
        one.nn_distance
        for one in skewed.to_structure().get_sites_in_sphere(skewed.frac_coords[1] @ skewed.lattice_A, 7.0)
    )
    assert cluster.distances_A == pytest.approx(plain, abs=1e-6)
    assert cluster.elements[0] == "S"


def test_the_cards_are_those_of_the_tables(nickel_oxide: Crystal) -> None:
    text = feff_input(nickel_oxide, 0, "L3")
    for card in ("EDGE L3", "SCF 4.5 0 30 0.2 1", "FMS 5 0", "TOLSCF 0.001 0.01 0.005", "XANES 3.7 0.04 0.1"):
        assert card in text.splitlines()
    assert FeffSettings().cards == (
        "SCF 4.5 A, FMS 5.0 A, COREHOLE FSR, EXCHANGE 0, XANES 3.7 0.04 0.1, TOLSCF .001 .01 .005"
    )


def test_what_feff_cannot_compute_is_refused(nickel_oxide: Crystal) -> None:
    with pytest.raises(QueryError, match="2 atoms"):
        feff_input(nickel_oxide, 2)
    with pytest.raises(QueryError, match="one edge"):
        feff_input(nickel_oxide, 0, "L2,3")
    half = Crystal(nickel_oxide.lattice_A, nickel_oxide.frac_coords, nickel_oxide.elements, np.array([1.0, 0.5]))
    with pytest.raises(QueryError, match="one element"):
        feff_input(half, 0)
    with pytest.raises(QueryError, match="needs neighbours"):
        feff_input(Crystal.ordered(FCC * 40, np.zeros((1, 3)), ["Xe"]), 0)
