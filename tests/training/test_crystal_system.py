"""Training of the crystal system's network, for a few steps."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.evaluate.test_pxrd import labelled_file  # noqa: F401
from tests.search.conftest import measured, prototypes  # noqa: F401
from xsearch.models.crystal_system import AXIS, SYSTEMS, Config, CrystalSystemNet
from xsearch.search import SearchIndex
from xsearch.training.crystal_system import Patterns, accuracy_measured, accuracy_simulated, train


@pytest.fixture
def patterns(prototypes: SearchIndex) -> Patterns:  # noqa: F811
    return Patterns(prototypes.index)


def test_no_formula_stands_on_both_sides(patterns: Patterns) -> None:
    groups = patterns.index.columns.formula_group
    assert len(patterns.train)
    assert len(patterns.held_out)
    assert not set(groups[patterns.train]) & set(groups[patterns.held_out])


def test_formulas_left_out_are_not_trained_on(patterns: Patterns) -> None:
    without = Patterns(patterns.index, frozenset({"TiO2"}))
    lost = set(patterns.train) - set(without.train)
    assert lost
    assert {material.reduced_formula for material in patterns.index.materials(lost)} == {"TiO2"}


def test_a_batch_is_repeatable_and_labelled(patterns: Patterns) -> None:
    inputs, labels = patterns.batch(6, np.random.default_rng(3))
    again, _ = patterns.batch(6, np.random.default_rng(3))
    assert inputs.shape == (6, 2, AXIS.bins)
    assert np.array_equal(inputs, again)
    assert set(labels) <= set(range(len(SYSTEMS)))


def test_training_goes_on_from_its_checkpoint(
    patterns: Patterns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xsearch.training.crystal_system.SAVE_EVERY_S", 0.0)
    checkpoint, out = tmp_path / "a" / "net.pt", tmp_path / "net.safetensors"
    train(patterns, 0.02, checkpoint, out)
    first = torch.load(checkpoint, weights_only=True)["step"]
    net = train(patterns, 0.02, checkpoint, out)
    assert torch.load(checkpoint, weights_only=True)["step"] > first >= 1
    assert out.stat().st_size < 3_000_000
    report = accuracy_simulated(patterns, net, 10)
    assert 0 <= report["right"] <= 1
    assert report["n"] == 10


def test_measured_patterns_have_the_first_hit_beside_the_network(
    labelled_file: Path,  # noqa: F811
    prototypes: SearchIndex,  # noqa: F811
) -> None:
    report = accuracy_measured(CrystalSystemNet(Config()).eval(), labelled_file, prototypes)
    assert report["n"] == 5
    assert report["first_hit_right"] >= 0.8
    assert 0 <= report["right"] <= 1
    assert 0.2 <= report["majority"] <= 1
