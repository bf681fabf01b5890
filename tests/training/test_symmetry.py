"""The weights of the evidence for a crystal system."""

import json
from pathlib import Path

import numpy as np
import pytest

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.data.splits import halves, split_rows
from xsearch.search import SearchIndex, symmetry_evidence
from xsearch.search.settings import SymmetrySettings
from xsearch.training.symmetry import cases, cell_exponents, fitted, right_in_folds


def test_the_halves_share_no_formula(prototypes: SearchIndex) -> None:
    index = prototypes.index
    held_out = split_rows(index).formulas
    to_fit, to_judge = halves(index, held_out)
    groups = index.columns.formula_group
    assert len(to_fit) + len(to_judge) == len(held_out)
    assert min(len(to_fit), len(to_judge)) > 0
    assert not set(groups[to_fit]) & set(groups[to_judge])


def test_cases_are_of_formulas_to_fit_on(prototypes: SearchIndex) -> None:
    rows, _, features, systems = zip(*cases(prototypes, 3), strict=True)
    assert set(rows) <= set(halves(prototypes.index, split_rows(prototypes.index).formulas)[0])
    assert np.array(features).shape == (3, 42)
    assert np.isfinite(features).all()
    assert list(systems) == prototypes.index.columns.crystal_system[list(rows)].tolist()


def test_weights_that_are_fitted_tell_systems_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    systems = random.integers(7, size=300)
    features = random.normal(0, 1, (300, 42))
    features[np.arange(300), 21 + systems] += 6  # what the network says
    stored = json.loads(json.dumps(fitted(features, systems)))
    assert set(stored["weights"]) == set(CRYSTAL_SYSTEMS)
    assert right_in_folds(features, systems, np.arange(300)) > 0.9
    file = tmp_path / "symmetry.json"
    file.write_text(json.dumps(stored), encoding="utf-8")
    monkeypatch.setattr(symmetry_evidence, "WEIGHTS_FILE", file)
    symmetry_evidence._weights.cache_clear()
    predicted = [symmetry_evidence.probabilities(one).argmax() for one in features]
    symmetry_evidence._weights.cache_clear()
    assert np.mean(np.array(predicted) == systems) > 0.95


def test_what_says_nothing_gets_no_exponent() -> None:
    random = np.random.default_rng(1)
    systems = random.integers(7, size=400)
    told = np.full((400, 7), 0.05)
    told[np.arange(400), np.where(random.random(400) < 0.7, systems, random.integers(7, size=400))] = 0.7
    chance = random.dirichlet(np.ones(7), 400)
    settings = SymmetrySettings()
    answer, cells = cell_exponents(told, chance, systems, settings)
    assert answer == pytest.approx(1, abs=0.3)
    assert cells == pytest.approx(0, abs=0.15)
    answer, cells = cell_exponents(chance, told, systems, settings)
    assert cells == pytest.approx(1, abs=0.3)
    assert answer == pytest.approx(0, abs=0.15)
