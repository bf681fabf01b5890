"""Training examples from an index."""

from pathlib import Path

import numpy as np
import pytest

from tests.chemistry.test_descriptors import spinel
from tests.indexes.test_spectra import build
from tests.training.oxides import METALS, write_index
from xsearch.chemistry.descriptors import site_orbits
from xsearch.data.index_sites import index_examples
from xsearch.errors import SpectrumError


def test_spectra_of_one_kind_of_site_become_examples(tmp_path: Path) -> None:
    index = write_index(tmp_path / "oxides")
    examples = index_examples(index)
    cn = dict(zip(examples.ids, examples.labels["cn"], strict=True))
    assert set(cn) == {f"s-{m}" for m in METALS} | {"spinel-first", "spinel-last"}
    assert all(cn[f"s-{m}"] == 6 for m in METALS)
    assert {cn["spinel-first"], cn["spinel-last"]} == {4, 6}, "each spectrum has the label of its own site"
    assert set(examples.edge) == {"K"}
    assert np.allclose(examples.labels["mnnd_A"][[i.startswith("s-") for i in examples.ids]], 2.1, atol=1e-4)


def test_equivalent_atoms_share_a_number() -> None:
    crystal = spinel()
    orbits = [o for o, e in zip(site_orbits(crystal), crystal.elements, strict=True) if e == "Co"]
    assert sorted(orbits.count(o) for o in set(orbits)) == [2, 4]


def test_an_index_without_spectra_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpectrumError, match="no simulated spectrum"):
        index_examples(build(tmp_path / "bare", []))
