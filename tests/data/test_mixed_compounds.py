"""Simulated spectra of compounds with several kinds of sites, from a table of structures."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xsearch.data.mixed_compounds import mixed_compounds, shares_of
from xsearch.evaluate.mixed_sites import evaluate_mixed, is_close, usual_shift_eV
from xsearch.models.site_model import SiteModel, shipped_site_model

SITES = {
    "Ga": [(0.0905, 0.7946), (0.3414, 0.6857)],
    "O": [(0.1674, 0.1011), (0.4957, 0.2553), (0.8279, 0.4365)],
}
"""x and z of β-Ga2O3 (Åhman, Svensson and Albertsson 1996), C 2/m: gallium in tetrahedra and in octahedra."""


def table(path: Path, theoretical: bool = False, formula: str = "Ga2O3") -> Path:
    places, species = [], []
    for element, pairs in SITES.items():
        for x, z in pairs:
            for sign in (1, -1):
                for half in (0.0, 0.5):
                    places.append([sign * x + half, half, sign * z])
                    species.append(element)
    row = {"material_id": "mp-1", "reduced_formula": formula, "nsites": len(species), "theoretical": theoretical}
    row |= {"a": 12.214, "b": 3.037, "c": 5.798, "alpha": 90.0, "beta": 103.83, "gamma": 90.0}
    row |= {"species": species, "elements": ["Ga", "O"], "frac_coords": np.array(places, np.float32).ravel()}
    pd.DataFrame([row]).to_parquet(path)
    return path


@pytest.fixture(scope="module")
def ignorant() -> SiteModel:
    """The shipped model as if it had seen no compound."""
    model = copy.copy(shipped_site_model())
    model.composition, model.formulas = copy.copy(model.composition), np.zeros(0, np.uint32)
    model.composition.known = None
    return model


def test_shares_are_those_of_the_atoms() -> None:
    sites = pd.DataFrame({"cn": [6, 4], "multiplicity": [4, 2], "oxidation_state": [2.5, 3.0]})
    assert shares_of(sites, "cn") == pytest.approx({6: 2 / 3, 4: 1 / 3})
    assert shares_of(sites, "oxidation_state") == {}  # half a charge is no class
    assert shares_of(sites, "cn", np.array([True, False])) == {}


def test_all_shares_must_be_near() -> None:
    assert is_close([(6, 0.6), (4, 0.4)], {6: 0.5, 4: 0.5})
    assert not is_close([(6, 0.6), (5, 0.4)], {6: 0.5, 4: 0.5})


def test_a_compound_of_two_kinds_of_sites_is_found_once_and_judged(tmp_path: Path, ignorant: SiteModel) -> None:
    structures = table(tmp_path / "structures.parquet")
    (found,) = mixed_compounds(structures, tmp_path / "sites.parquet", ignorant, usual_shift_eV, 5)
    assert (found.absorber, found.edge, found.oxidation_state) == ("Ga", "K", {3: 1.0})
    assert found.cn == pytest.approx({4: 0.5, 6: 0.5})
    assert found.window.known.mean() > 0.9
    figures = evaluate_mixed([found], shipped_site_model())
    assert figures["formula"]["n"] == 1
    assert figures["formula"]["oxidation_state"] == 1.0


def test_what_the_model_has_seen_is_passed_over_and_so_is_what_nobody_reported(
    tmp_path: Path, ignorant: SiteModel
) -> None:
    cache = tmp_path / "sites.parquet"
    model = shipped_site_model()
    assert model.composition.known is not None
    seen = table(tmp_path / "seen.parquet", formula=model.composition.known.formulas[0])
    assert mixed_compounds(seen, cache, model, usual_shift_eV, 5) == []
    new = table(tmp_path / "structures.parquet")
    assert mixed_compounds(new, cache, ignorant, usual_shift_eV, 5, left_out=frozenset({"Ga2O3"})) == []
    theoretical = table(tmp_path / "theoretical.parquet", theoretical=True)
    assert mixed_compounds(theoretical, cache, ignorant, usual_shift_eV, 5) == []
