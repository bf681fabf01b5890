"""Spectra of several kinds of sites, and energies on one scale."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.test_site_model import made
from xsearch.data.site_mixtures import mixtures, with_common_energies
from xsearch.data.xanes_sites import Examples, one_kind
from xsearch.models.tasks import CLASSES


def spinel() -> Examples:
    """Two sites of one material: one four-fold and two-valent, two six-fold and three-valent."""
    examples = made(40, 3)
    first = int(np.flatnonzero(examples.labels["cn"] == 4)[0])
    second = int(np.flatnonzero(examples.labels["cn"] == 6)[0])
    pair = examples.take(np.array([first, second]))
    labels = pair.labels | {"neighbor_z": np.full(2, 8, np.float32)}
    return replace(
        pair, material=np.array(["spinel"] * 2, object), multiplicity=np.array([1, 2], np.float32), labels=labels,
        shares=one_kind(labels),
    )  # fmt: skip


def test_a_mixture_has_the_shares_of_the_crystal() -> None:
    mixed = mixtures(spinel(), None)
    assert len(mixed) == 1
    assert mixed.shares["cn"][0, CLASSES["cn"].index(4)] == pytest.approx(1 / 3)
    assert mixed.shares["oxidation_state"][0, CLASSES["oxidation_state"].index(3)] == pytest.approx(2 / 3)
    assert mixed.labels["mixed"][0] == 1
    assert np.isnan(mixed.labels["cn"][0])
    doubtful = replace(spinel(), ambiguous=np.array([False, True]))
    assert mixtures(doubtful, None).ambiguous[0], "as sure as the label of every site"
    sites = spinel()
    assert mixed.labels["mnnd_A"][0] == pytest.approx(np.average(sites.labels["mnnd_A"], weights=[1, 2]))
    assert np.allclose(mixed.values[0, 20:180], np.average(sites.values, axis=0, weights=[1, 2])[20:180], atol=1e-5)


def test_sites_that_absorb_at_other_energies_are_summed_at_their_own() -> None:
    sites = replace(spinel(), offset_eV=np.array([0.0, 3.0], np.float32))
    mixed = mixtures(sites, None)
    assert mixed.offset_eV[0] == pytest.approx(2.0)
    steepest = [np.diff(v[25:45]).max() for v in (mixed.values[0], sites.values[0])]
    assert steepest[0] < steepest[1], "two rises that lie apart are less steep than one"


def test_alike_sites_make_no_mixed_compound() -> None:
    examples = made(40, 3)
    rows = np.flatnonzero(examples.labels["cn"] == 6)[:2]
    same = replace(examples.take(rows), material=np.array(["a", "a"], object))
    assert mixtures(same, None).labels["mixed"][0] == 0
    assert len(mixtures(examples)) == 0, "each has a material of its own"


def test_energies_of_codes_are_brought_to_one_scale() -> None:
    examples = made(60, 1)
    codes = np.array(["one", "other"] * 30, object)
    offset = np.where(codes == "one", 28.0, -7.0).astype(np.float32)
    rise = np.where(codes == "one", 3.0, np.nan).astype(np.float32)
    found = with_common_energies(replace(examples, code=codes, offset_eV=offset, rise_eV=rise)).offset_eV
    assert np.median(found[codes == "one"]) == pytest.approx(np.median(found[codes == "other"]), abs=1.3)
    assert abs(np.median(found)) < 10
