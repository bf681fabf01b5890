"""Nearest neighbours and how usual they are."""

import numpy as np
import pytest

from tests.crystals import perovskite, rock_salt
from xsearch.chemistry.contacts import contact_scores, contact_table, contacts, count_contacts, write_contact_table
from xsearch.chemistry.crystal import Crystal


def test_nearest_neighbours_agree_with_pymatgen():
    rng = np.random.default_rng(1)
    lattice = np.array([[3.0, 0.2, 0.1], [-0.4, 4.1, 0.3], [1.9, 0.7, 6.5]])
    crystal = Crystal.ordered(lattice, rng.random((7, 3)) * 2 - 0.5, ["Ca", "O", "O", "Ti", "O", "H", "Ca"])
    near, distance, own = contacts(crystal)
    for i, site in enumerate(crystal.to_structure()):
        found = min(site_neighbours(crystal, site), key=lambda neighbour: neighbour.nn_distance)
        assert distance[i] == pytest.approx(found.nn_distance, rel=1e-5)
        assert near[i] == found.specie.Z
        assert own[i] == site.specie.Z


def site_neighbours(crystal, site):
    return crystal.to_structure().get_neighbors(site, 4.5)


def test_usual_crystals_score_better_than_stretched_or_exchanged_ones():
    good, wide = (contact_scores(c) for c in (rock_salt("Na", "Cl", 5.64), rock_salt("Na", "Cl", 7.2)))
    assert good[0] < 2 < wide[0]
    small, large = (contact_scores(perovskite(a, b, 3.85)) for a, b in (("Ca", "Ti"), ("Ti", "Ca")))
    assert small[0] < large[0]


def test_a_counted_table_survives_its_file(tmp_path, monkeypatch):
    table = count_contacts([rock_salt("Na", "Cl", 5.6), rock_salt("Na", "Cl", 5.7), rock_salt("K", "Cl", 6.3)])
    assert table.counts[11, 17] == 2
    assert table.log_distance[11, 17] == pytest.approx(np.log([2.8, 2.85]).mean())
    write_contact_table(table, tmp_path / "table.csv")
    monkeypatch.setattr("xsearch.chemistry.contacts.TABLE", tmp_path / "table.csv")
    again = contact_table.__wrapped__()
    assert np.array_equal(again.counts, table.counts)
    assert np.allclose(again.log_distance, table.log_distance, atol=1e-4)


def test_pairs_never_seen_take_their_distance_from_the_elements_sizes():
    table = contact_table()
    assert table.counts[2, 55] == 0
    assert 2.0 < np.exp(table.log_distance[2, 55]) < 5.0
