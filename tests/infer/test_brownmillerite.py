"""Ca2MnAlO5, the compound of the published workflow: its formula removed, its rivals there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.crystals import template_library
from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer import infer
from xsearch.infer.template_library import TemplateLibrary


@pytest.fixture(scope="module")
def quaternary_oxides(data_folder: Path) -> tuple[TemplateLibrary, pd.DataFrame]:
    """All four-element oxides of the snapshot with calcium or strontium and at most forty sites."""
    columns = ["material_id", "reduced_formula", "elements", "nelements", "nsites", "volume", "species", "frac_coords"]
    cells = ["a", "b", "c", "alpha", "beta", "gamma"]
    rows = pd.read_parquet(
        data_folder / "mp_structures.parquet", columns=columns + cells, filters=[("nelements", "==", 4)]
    )
    kept = ["O" in e and ("Ca" in e or "Sr" in e) and n <= 40 for e, n in zip(rows.elements, rows.nsites, strict=True)]
    rows = rows[kept].reset_index(drop=True)
    crystals = [
        Crystal.ordered(
            lattice_from_parameters(r.a, r.b, r.c, r.alpha, r.beta, r.gamma),
            np.asarray(r.frac_coords, float).reshape(-1, 3),
            list(r.species),
        )
        for r in rows.itertuples()
    ]
    library = template_library(crystals, rows.material_id.tolist())
    return library, rows


@pytest.mark.data
def test_ca2mnalo5_is_preferred_over_camnalo4_and_its_structure_is_right(quaternary_oxides):
    from pymatgen.core.structure_matcher import StructureMatcher

    library, rows = quaternary_oxides
    place = int(rows.index[rows.reduced_formula == "Ca2MnAlO5"][0])
    true = library.fetch([place])[0]
    answer = infer(library, ["Ca", "Mn", "Al", "O"], augmented_pattern(true, 1), excluded=["Ca2MnAlO5"])
    best = answer.best()
    assert best.formula == "Ca2MnAlO5"
    assert best.crystal_system == "orthorhombic"
    assert StructureMatcher().fit(true.to_structure(), best.structure)
    assert best.source_formula != "Ca2MnAlO5"
