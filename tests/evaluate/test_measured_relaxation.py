"""How well potentials keep measured crystals."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.crystals import rock_salt, rutile
from xsearch.chemistry.crystal import Crystal, cell_parameters
from xsearch.evaluate.measured_relaxation import MeasuredRelaxation, figures, measured_crystals, outcome_of
from xsearch.infer.potentials import is_installed
from xsearch.options import POTENTIAL


def row(name: str, crystal: Crystal) -> dict:
    cell = dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), cell_parameters(crystal.lattice_A), strict=True))
    return {
        "source_id": name, **cell, "species": list(crystal.elements),
        "frac_coords": crystal.frac_coords.astype(np.float32).ravel(),
    }  # fmt: skip


def pattern(crystal: Crystal) -> dict:
    angles = np.arange(20.0, 60.0, 0.05)
    return {
        "label": "measured", "single_phase": True, "wavelength": 1.5418, "two_theta": angles,
        "intensity": 100 + 1000 * np.exp(-(((angles - 30) / 0.1) ** 2)),
        "structure_json": json.dumps(crystal.to_structure().as_dict()),
    }  # fmt: skip


def test_each_compound_is_taken_once_and_elements_alone_never(tmp_path) -> None:
    structures, patterns = tmp_path / "structures.parquet", tmp_path / "patterns.parquet"
    iron = Crystal.ordered(np.eye(3) * 2.87, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), ["Fe", "Fe"])
    rows = [
        row("one", rutile()),
        row("iron", iron),
        row("americium", rock_salt("Am", "O", 5.0)),
        row("again", rutile()),
    ]
    pd.DataFrame(rows).to_parquet(structures)
    pd.DataFrame([pattern(rock_salt("Mg", "O", 4.21))]).to_parquet(patterns)
    found = dict(measured_crystals(structures, patterns))
    assert sorted(found) == ["measured", "one"]
    assert len(found["measured"]) == 2


def test_figures_are_of_those_that_could_move() -> None:
    some = [
        MeasuredRelaxation("a", "diep", 0.02, 0.01, None, 1.0, True),
        MeasuredRelaxation("b", "diep", -0.04, 0.02, 0.05, 3.0, False),
        MeasuredRelaxation("c", "diep", 0.03, 0.03, 0.01, 2.0, True),
    ]
    found = figures(some)
    assert (found["n"], found["n_free"], found["seconds_p50"]) == (3, 2, 2.0)
    assert found["volume_bias"] == pytest.approx(0.02)
    assert found["volume_error_median"] == pytest.approx(0.03)
    assert found["moved_A_median"] == pytest.approx(0.03)
    assert found["converged"] == pytest.approx(2 / 3)


def test_an_outcome_says_how_cell_and_atoms_changed() -> None:
    if not is_installed(POTENTIAL):
        pytest.skip("the extra `relax` is not installed")
    far, near = (outcome_of("rutile", rutile(a=a), POTENTIAL) for a in (4.8, 4.594))
    assert far.volume < near.volume - 0.05
    assert near.moved_A is not None
    assert near.moved_A < 0.05
    assert outcome_of("salt", rock_salt("Na", "Cl", 5.64), POTENTIAL).moved_A is None
