"""Descriptors of crystals whose surroundings every textbook gives."""

import time

import numpy as np
import pytest

from tests.crystals import rock_salt, rutile
from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.descriptors import describe_all, describe_sites, point_group_order
from xsearch.chemistry.oxidation import oxidation_states
from xsearch.errors import CrystalError


def spinel(u: float = 0.2631, a: float = 8.084) -> Crystal:
    """Co3O4: Co(II) in tetrahedra, Co(III) in octahedra."""
    from pymatgen.core import Lattice, Structure

    full = Structure.from_spacegroup("Fd-3m:2", Lattice.cubic(a), ["Co", "Co", "O"], [[0.125] * 3, [0.5] * 3, [u] * 3])
    return Crystal.from_structure(full.get_primitive_structure())


def test_rocksalt_is_a_perfect_octahedron() -> None:
    (nickel,) = describe_sites(rock_salt("Ni", "O", 4.18), [0])
    assert (nickel.cn, nickel.ocn, nickel.cn2, nickel.psgo) == (6, 6, 12, 48)
    assert nickel.oxidation_state == 2
    assert nickel.nnosm == -2
    assert nickel.mnnd_A == pytest.approx(2.09)
    assert nickel.mood_A == pytest.approx(2.09 * np.sqrt(2))
    assert nickel.nnrs_A == pytest.approx(0, abs=1e-6)
    assert (nickel.neighbor, nickel.neighbors, nickel.ambiguous) == ("O", ("O",), False)


def test_rutile_has_two_bond_lengths_and_a_short_shared_edge() -> None:
    titanium = describe_sites(rutile(), [0, 1])
    near, far = 4.594 * np.sqrt(2 * (0.5 - 0.305) ** 2 + (2.959 / 2 / 4.594) ** 2), 0.305 * np.sqrt(2) * 4.594
    bonds = np.array([near] * 4 + [far] * 2)
    for site in titanium:
        assert (site.cn, site.oxidation_state, site.site_symmetry_order) == (6, 4, 8)
        assert site.mnnd_A == pytest.approx(bonds.mean(), abs=1e-4)
        assert site.nnrs_A == pytest.approx(bonds.std(), abs=1e-4)
        assert site.mood_A == pytest.approx((1 - 2 * 0.305) * np.sqrt(2) * 4.594, abs=1e-3)


def test_spinel_tells_its_two_cobalt_sites_apart() -> None:
    crystal = spinel()
    cobalt = describe_sites(crystal, [i for i, e in enumerate(crystal.elements) if e == "Co"])
    kinds = {(s.cn, s.oxidation_state, s.site_symmetry_order) for s in cobalt}
    assert kinds == {(4, 2, 24), (6, 3, 12)}


def test_the_point_group_of_a_crystal_is_not_that_of_its_sites() -> None:
    (titanium,) = describe_sites(rutile(), [0])
    assert (titanium.psgo, titanium.site_symmetry_order) == (16, 8)  # 4/mmm, mmm
    cobalt = describe_sites(spinel(), [0, 2])
    assert [site.psgo for site in cobalt] == [48, 48]


def test_centring_counts_nothing_in_the_order_of_a_point_group() -> None:
    from pymatgen.core import Lattice, Structure

    assert point_group_order(rock_salt("Ni", "O", 4.18)) == 48
    conventional = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.18), ["Ni", "O"], [[0] * 3, [0.5] * 3])
    assert len(conventional) == 8
    assert point_group_order(Crystal.from_structure(conventional)) == 48


def test_metal_has_no_oxygen_and_no_charge() -> None:
    copper = Crystal.ordered(1.805 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]), np.zeros((1, 3)), ["Cu"])
    (site,) = describe_sites(copper, [0])
    assert (site.cn, site.ocn, site.mood_A, site.oxidation_state) == (12, 0, None, 0)


def test_a_crystal_that_fails_gives_its_reason_beside_the_others() -> None:
    mixed = Crystal(np.eye(3) * 4, np.zeros((2, 3)), ("Ni", "Co"), np.array([0.5, 0.5]))
    good, bad = describe_all([(rock_salt("Ni", "O", 4.18), [0]), (mixed, [0])])
    assert not isinstance(good, str)
    assert isinstance(bad, str)
    assert "full occupancies" in bad


def test_site_outside_the_crystal_is_refused() -> None:
    with pytest.raises(CrystalError, match="Site 7 does not exist; the crystal has 2 atoms"):
        describe_sites(rock_salt("Ni", "O", 4.18), [7])


def test_oxygen_is_charged_less_only_where_it_is_bonded_to_oxygen() -> None:
    """YBa2Cu3O7: copper of the chains is +3; left free, the assignment makes it +2 and one oxygen -1."""
    half = [("Ba", 0.5, 0.5, 0.1843), ("Cu", 0, 0, 0.3556), ("O", 0.5, 0, 0.3773), ("O", 0, 0.5, 0.3789),
            ("O", 0, 0, 0.1584)]  # fmt: skip
    sites = [("Cu", 0, 0, 0), ("Y", 0.5, 0.5, 0.5), ("O", 0, 0.5, 0), *half]
    sites += [(element, x, y, 1 - z) for element, x, y, z in half]
    lattice = lattice_from_parameters(3.8227, 3.8872, 11.6802, 90, 90, 90)
    cuprate = Crystal.ordered(lattice, np.array([site[1:] for site in sites]), [site[0] for site in sites])
    chain, plane = describe_sites(cuprate, [0, 4])
    assert (chain.cn, chain.oxidation_state, chain.nnosm) == (4, 3, -2)
    assert plane.oxidation_state == 2
    peroxide = np.array([[0, 0, 0], [0.5, 0.5, 0.5 - 0.75 / 6.85], [0.5, 0.5, 0.5 + 0.75 / 6.85]])
    barium = Crystal.ordered(np.diag([3.81, 3.81, 6.85]), peroxide, ["Ba", "O", "O"])
    assert describe_sites(barium, [0, 1])[1].oxidation_state == -1


def test_large_molecules_do_not_hold_up_the_others() -> None:
    """Guessing the states of 32 carbon atoms takes minutes."""
    grid = np.stack(np.meshgrid(*[np.arange(n) / n for n in (5, 4, 2)], indexing="ij"), -1).reshape(-1, 3)
    atoms = ["Cr"] + ["O"] * 5 + ["C"] * 34
    start = time.process_time()
    found = oxidation_states(Crystal.ordered(np.diag([10.0, 8.0, 4.0]), grid, atoms).to_structure())
    assert found.composition is None
    assert time.process_time() - start < 10
