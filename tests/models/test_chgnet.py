"""CHGNet's features of atoms, where the extra is installed, and the models that read them."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.crystals import rutile
from tests.xas_tables import simulated, write
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.surroundings import site_features
from xsearch.data.chgnet_atoms import atoms_of
from xsearch.data.forward_sites import read_forward_examples
from xsearch.errors import CrystalError, MissingExtra
from xsearch.models.chgnet import CHGNET_FEATURES, chgnet_features
from xsearch.models.forward_features import COUNTS, SiteFeatures, columns_of, features_of

INSTALLED = find_spec("chgnet") is not None
needs_chgnet = pytest.mark.skipif(not INSTALLED, reason="the extra `relax` is not installed")


def cuprite(a_A: float = 4.27) -> Crystal:
    coords = [[0.25] * 3, [0.25, 0.75, 0.75], [0.75, 0.25, 0.75], [0.75, 0.75, 0.25], [0, 0, 0], [0.5] * 3]
    return Crystal.ordered(np.eye(3) * a_A, np.array(coords), ["Cu"] * 4 + ["O"] * 2)


@pytest.mark.skipif(INSTALLED, reason="the extra `relax` is installed")
def test_without_its_extra_one_line_says_what_to_install() -> None:
    with pytest.raises(MissingExtra, match=r"xsearch\[relax\]"):
        features_of(rutile(), [0], SiteFeatures.BOTH)


def test_the_surroundings_need_no_extra() -> None:
    np.testing.assert_array_equal(
        features_of(rutile(), [0, 1], SiteFeatures.SURROUNDINGS), site_features(rutile(), [0, 1])
    )


def test_given_features_stand_beside_the_surroundings() -> None:
    atoms = np.random.default_rng(0).normal(size=(len(rutile()), CHGNET_FEATURES)).astype(np.float32)
    both = features_of(rutile(), [3, 0], SiteFeatures.BOTH, atoms)
    assert both.shape == (2, COUNTS[SiteFeatures.BOTH])
    np.testing.assert_array_equal(both[:, columns_of(SiteFeatures.CHGNET)], atoms[[3, 0]])
    np.testing.assert_array_equal(both[:, columns_of(SiteFeatures.SURROUNDINGS)], site_features(rutile(), [3, 0]))
    np.testing.assert_array_equal(features_of(rutile(), [3, 0], SiteFeatures.CHGNET, atoms), atoms[[3, 0]])


@needs_chgnet
def test_equal_atoms_have_equal_features_however_the_crystal_is_written() -> None:
    one = cuprite()
    two = Crystal.ordered(one.lattice_A, one.frac_coords[::-1] + 0.21, one.elements[::-1])
    first, second = chgnet_features([one, two])
    assert first.shape == (6, CHGNET_FEATURES)
    np.testing.assert_allclose(first[:4], np.tile(first[:1], (4, 1)), atol=1e-3)
    np.testing.assert_allclose(second[::-1], first, atol=1e-3)
    assert np.abs(first[0] - first[4]).max() > 0.1
    assert np.abs(chgnet_features([cuprite(4.5)])[0][0] - first[0]).max() > 0.01


@needs_chgnet
def test_crystals_in_one_call_and_alone_have_the_same_features(tmp_path: Path) -> None:
    alone_in_space = Crystal.ordered(np.eye(3) * 30.0, np.zeros((1, 3)), ["Cu"])
    found = atoms_of([cuprite(), alone_in_space, rutile()], tmp_path)
    assert found[1] is None
    for one, crystal in ((found[0], cuprite()), (found[2], rutile())):
        assert one is not None
        np.testing.assert_allclose(one, chgnet_features([crystal])[0], atol=1e-4)
    again = atoms_of([cuprite(), alone_in_space, rutile()], tmp_path)
    assert again[1] is None
    np.testing.assert_array_equal(again[0], found[0])
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(CrystalError, match="CHGNet cannot read"):
        chgnet_features([alone_in_space])


@needs_chgnet
def test_a_table_gives_the_same_examples_with_the_features_that_are_wanted(tmp_path: Path) -> None:
    structures = {f"mp-{i}": cuprite(4.2 + 0.05 * i) for i in range(3)}
    rows = [
        simulated(name, 0.3, site_index=0, spectrum_level="site", structure_json=json_of(crystal), id=f"{name} 0")
        for name, crystal in structures.items()
    ]
    path = write(tmp_path / "sites.parquet", *rows)
    assert len(pd.read_parquet(path)) == 3
    found = {kind: read_forward_examples([path], kind=kind, cache=tmp_path / "kept") for kind in SiteFeatures}
    both = found[SiteFeatures.BOTH].features
    for kind, examples in found.items():
        assert examples.features.shape == (3, COUNTS[kind])
        np.testing.assert_array_equal(examples.features, both[:, columns_of(kind)])


def json_of(crystal: Crystal) -> str:
    return str(crystal.to_structure().to_json())
