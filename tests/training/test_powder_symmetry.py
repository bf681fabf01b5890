"""Training of the CNN-Transformer, for a few steps."""

from pathlib import Path

import numpy as np
import pytest
import torch

from xsearch.models.powder_symmetry import reader_from
from xsearch.preprocess.axis import INPUT_AXIS
from xsearch.search import SearchIndex
from xsearch.training.powder_symmetry import Batch, Replay, Trainer, ln_primitive_volumes, write_weights
from xsearch.training.settings import PowderSymmetrySettings


def test_a_replayed_pattern_is_the_same_crystal_at_another_scale() -> None:
    inputs = np.zeros((3, 2, INPUT_AXIS.bins), np.float32)
    inputs[:, 1, 500:2000] = 1
    inputs[:, 0, 1000] = 1
    replay = Replay(4)
    replay.add(Batch(inputs, np.array([1, 2, 3]), np.array([5, 6, 7]), np.array([4.0, 5.0, 6.0], np.float32)))
    drawn = replay.draw(20, 30, np.random.default_rng(0))
    moves = drawn.inputs[:, 0].argmax(axis=1) - 1000
    assert len(set(moves)) > 5
    assert np.abs(moves).max() <= 30
    assert (drawn.inputs[:, 1].argmax(axis=1) - 500 == moves).all()
    assert drawn.ln_volume == pytest.approx(drawn.system + 3 - 3 * moves * INPUT_AXIS.step, abs=1e-5)
    assert (drawn.group == drawn.system + 4).all()


def test_the_latest_patterns_are_kept() -> None:
    replay = Replay(4)
    for system in range(3):
        batch = np.zeros((3, 2, INPUT_AXIS.bins), np.float32)
        batch[:, 1] = 1
        replay.add(Batch(batch, np.full(3, system), np.zeros(3, np.int64), np.zeros(3, np.float32)))
    assert set(replay.draw(50, 0, np.random.default_rng(0)).system) == {1, 2}


def test_volumes_are_those_of_primitive_cells(prototypes: SearchIndex) -> None:
    found = ln_primitive_volumes(prototypes.index)
    for row in (0, 5, 40):
        material = prototypes.index.material(row)
        structure = material.crystal.to_structure().get_primitive_structure()
        assert found[row] == pytest.approx(np.log(structure.volume), abs=0.02)


def test_training_goes_on_from_its_checkpoint_and_leaves_weights(prototypes: SearchIndex, tmp_path: Path) -> None:
    small = PowderSymmetrySettings(fresh=8, replayed=8, kept=40, tested=4)
    checkpoint = tmp_path / "a" / "net.pt"
    first = Trainer(prototypes.index, frozenset(), checkpoint, minutes=1e-6, settings=small)
    first.train()
    again = Trainer(prototypes.index, frozenset(), checkpoint, minutes=1e-6, settings=small)
    assert again.step == first.step == 1
    assert again.history == first.history
    again.minutes = again.spent_s / 60 + 0.01
    again.train()
    assert again.step > 1
    out = tmp_path / "net.safetensors"
    write_weights(again, out, frozenset({"TiO2"}), Path("some.parquet"))
    card = out.with_suffix(".md").read_text(encoding="utf-8")
    assert "1 formulas of labelled patterns" in card
    assert "--leave-out some.parquet" in card
    batch = again.simulated(np.array([0, 3, 5, 7]), np.random.default_rng(0))
    written = again.average.eval().half().float()  # weights are kept in half precision
    with torch.inference_mode():
        systems, *_ = written(torch.from_numpy(batch.inputs))
    assert reader_from(out).read(batch.inputs).system_logits == pytest.approx(systems.numpy(), abs=0.05)
