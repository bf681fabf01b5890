"""Chunks carry entries and failures without loss, and as the same bytes wherever they were made."""

import pickle
from dataclasses import fields, replace

import numpy as np
import pytest

from tests.indexes.samples import chunk, entry
from xsearch.chemistry import Material
from xsearch.errors import BuildError
from xsearch.indexes import Chunk, Entry, Failure


def assert_same_material(left: Material, right: Material) -> None:
    for field in fields(Material):
        if field.name != "crystal":
            assert getattr(left, field.name) == getattr(right, field.name), field.name
    np.testing.assert_array_equal(left.crystal.lattice_A, right.crystal.lattice_A)
    np.testing.assert_array_equal(left.crystal.frac_coords, right.crystal.frac_coords)
    np.testing.assert_array_equal(left.crystal.occupancies, right.crystal.occupancies)
    assert left.crystal.elements == right.crystal.elements


def assert_same_entry(left: Entry, right: Entry) -> None:
    assert_same_material(left.material, right.material)
    assert (left.reflections is None) == (right.reflections is None)
    if left.reflections is not None and right.reflections is not None:
        for name in ("hkl", "structure_factor_sq", "multiplicity", "cell"):
            np.testing.assert_array_equal(getattr(left.reflections, name), getattr(right.reflections, name))
        assert left.reflections.crystal_system == right.reflections.crystal_system
    assert (left.profile is None) == (right.profile is None)
    if left.profile is not None and right.profile is not None:
        np.testing.assert_allclose(left.profile, right.profile, rtol=1e-3)


def test_entries_come_back_as_they_went_in() -> None:
    entries = [entry(i) for i in range(40)]
    failures = [Failure("cif-1", "no atoms"), Failure("cif-2", "unknown element Xx")]
    made = Chunk.from_entries(entries, failures)
    for back in (made, Chunk.from_bytes(made.to_bytes()), pickle.loads(pickle.dumps(made))):
        assert len(back) == 40
        assert back.failures == failures
        for left, right in zip(entries, back.entries(), strict=True):
            assert_same_entry(left, right)


def test_bytes_do_not_depend_on_the_way_a_chunk_took() -> None:
    content = chunk(3).to_bytes()
    assert chunk(3).to_bytes() == content
    assert pickle.loads(pickle.dumps(chunk(3))).to_bytes() == content
    assert Chunk.from_bytes(content).to_bytes() == content
    entries = list(Chunk.from_bytes(content).entries())
    assert Chunk.from_entries(entries, chunk(3).failures).to_bytes() == content


def test_a_chunk_may_hold_failures_alone_or_nothing() -> None:
    failed = Chunk.from_bytes(Chunk.from_entries([], [Failure("a", "b")]).to_bytes())
    assert (len(failed), failed.failures, list(failed.entries())) == (0, [Failure("a", "b")], [])
    assert len(Chunk.from_bytes(Chunk.from_entries([]).to_bytes())) == 0


def test_numbers_that_are_not_finite_are_stored_as_missing() -> None:
    material = replace(
        entry(1).material, energy_above_hull_eV=float("nan"), properties={"a": float("nan"), "b": np.float64(2)}
    )
    (back,) = Chunk.from_entries([Entry(material)]).entries()
    assert back.material.energy_above_hull_eV is None
    assert back.material.properties == {"a": None, "b": 2.0}


def test_a_property_that_cannot_be_stored_is_refused_by_name() -> None:
    material = replace(entry(1).material, properties={"sites": [1, 2]})  # type: ignore[dict-item]
    with pytest.raises(BuildError, match=r"x-1.*'sites'.*list"):
        Chunk.from_entries([Entry(material)])


def test_profiles_of_two_lengths_or_not_finite_are_refused() -> None:
    short, long = (Entry(entry(i).material, None, np.ones(n, np.float32)) for i, n in ((1, 4), (2, 5)))
    with pytest.raises(BuildError, match="one length"):
        Chunk.from_entries([short, long])
    with pytest.raises(BuildError, match=r"x-3.*finite"):
        Chunk.from_entries([Entry(entry(3).material, None, np.array([1, np.inf], np.float32))])
