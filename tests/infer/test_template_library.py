"""Templates of an index."""

import numpy as np
import pytest

from xsearch.errors import QueryError
from xsearch.infer.prototypes import prototypes
from xsearch.infer.template_library import NO_ROW, make_library


def test_crystals_of_one_type_share_a_template(library):
    by_name = dict(zip(library.material_ids, library.template, strict=True))
    assert by_name["book-0"] == by_name["book-1"] == by_name["book-5"]
    assert by_name["book-0"] != by_name["book-6"]
    assert len(library.keys) == 5


def test_members_count_formulas_and_leave_out_the_excluded(library):
    perovskites = library.template[9]
    assert library.members()[perovskites] == 5
    assert library.members(["SrTiO3", "BaTiO3"])[perovskites] == 3
    assert library.members(["no such formula"])[perovskites] == 5


def test_slots_stand_in_order_of_their_coefficient(library):
    assert library.coefficients[9, :4].tolist() == [1, 1, 3, 0]
    assert library.atomic_numbers[9, :4].tolist() == [22, 38, 8, 0]
    assert library.n_elements[9] == 3


def test_an_index_without_entries_is_refused():
    with pytest.raises(QueryError, match="no entries"):
        make_library(
            material_ids=[], formulas=[], templates=[], space_groups=[], n_sites=[], volumes_A3=[],
            energies_above_hull_eV=[], fetch=lambda rows: [],
        )  # fmt: skip


def test_entries_without_a_template_stand_alone(crystals):
    made = make_library(
        material_ids=["a", "b"], formulas=["NaCl", "KCl"], templates=[None, None], space_groups=[225, 225],
        n_sites=[2, 2], volumes_A3=[45.0, 62.0], energies_above_hull_eV=[np.nan, np.nan],
        fetch=lambda rows: [crystals[row] for row in rows],
    )  # fmt: skip
    assert made.template[0] != made.template[1]


def test_the_library_of_an_index_holds_its_ordered_entries(prototypes_folder):
    from xsearch.indexes import Index
    from xsearch.infer import infer
    from xsearch.infer.template_library import library_of

    index = Index.open(prototypes_folder)
    made = library_of(index)
    own = int((made.rows != NO_ROW).sum())
    assert 0 < own <= len(index)
    for place in range(0, own, 17):
        crystal = made.fetch([place])[0]
        stored = index.material(index.row_of(str(made.material_ids[place]))).crystal
        assert crystal.elements == stored.elements
        assert np.allclose(crystal.frac_coords, stored.frac_coords)
        assert made.volume_per_atom_A3[place] == pytest.approx(stored.volume_A3 / len(stored))
        assert made.formula_names[made.formula[place]] == index.material(place).reduced_formula or not place
    assert infer(made, ["K", "Br"], top=3).best().formula == "KBr"

    beside = np.flatnonzero(made.rows == NO_ROW)
    assert len(beside) > 500  # types that came with later parts of the encyclopedia
    assert not {made.keys[made.template[place]] for place in beside} & set(index.catalog.column("template").to_pylist())
    assert len(library_of(index, shipped=False)) == own


def test_shipped_types_are_crystals_of_the_type_that_they_name():
    from xsearch.chemistry.symmetry import find_symmetry
    from xsearch.chemistry.template import template_key

    assert len(prototypes()) > 1000
    assert len({one.entry_id for one in prototypes()}) == len(prototypes())
    for one in prototypes()[::29]:
        symmetry = find_symmetry(one.crystal)
        assert symmetry.number == one.space_group
        assert template_key(one.crystal, symmetry) == one.template
        assert one.reference
