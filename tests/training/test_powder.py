"""Training of the powder network, for a few steps."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from xsearch.cli.app import app
from xsearch.data.powder_batches import Batches
from xsearch.data.splits import split_rows
from xsearch.errors import XSearchError
from xsearch.indexes.views import clean_views
from xsearch.models.powder_encoder import encoder_from
from xsearch.search import SearchIndex
from xsearch.training.powder import Trainer, rivals
from xsearch.training.run_powder import train_powder, write_weights
from xsearch.training.settings import PowderSettings


def test_no_formula_stands_on_both_sides(prototypes: SearchIndex) -> None:
    split, groups = split_rows(prototypes.index), prototypes.index.columns.formula_group
    assert min(len(split.train), len(split.formulas), len(split.random)) > 0
    assert not set(groups[split.formulas]) & set(groups[np.concatenate([split.train, split.random])])
    assert not set(split.train) & set(split.random)


def test_formulas_left_out_take_no_part(prototypes: SearchIndex) -> None:
    index = prototypes.index
    whole, without = split_rows(index), split_rows(index, frozenset({"TiO2"}))
    lost = set(np.concatenate([whole.train, whole.random])) - set(np.concatenate([without.train, without.random]))
    assert lost
    assert {material.reduced_formula for material in index.materials(lost)} == {"TiO2"}


def test_batches_hold_crystals_that_look_alike(prototypes: SearchIndex) -> None:
    rows = split_rows(prototypes.index).train
    batches = Batches(prototypes.index, rows)
    drawn = batches.draw(40, np.random.default_rng(0))
    assert set(drawn) <= set(rows)
    assert len(set(drawn)) == len(drawn) > 20
    profiles = prototypes.index.profiles.astype(np.float32)
    random = np.random.default_rng(1)

    def likeness(some: np.ndarray) -> float:
        nearness = profiles[some] @ profiles[some].T
        return float(nearness[~np.eye(len(some), dtype=bool)].mean())

    together = np.mean([likeness(batches.draw(4, random)) for _ in range(60)])
    assert together > np.mean([likeness(random.choice(rows, 4, replace=False)) for _ in range(60)]) + 0.03


def test_crystals_of_one_phase_are_no_rivals() -> None:
    keys = torch.eye(3)
    kind, queue = torch.tensor([7, 8, 7]), torch.eye(3)[:1]
    logits, own = rivals(keys.repeat(2, 1), keys, kind, queue, torch.tensor([8]), temperature=0.06)
    assert own.tolist() == [0, 1, 2, 0, 1, 2]
    assert logits.shape == (6, 4)
    assert logits[0, 0] == pytest.approx(1 / 0.06)
    assert logits[0, 2] < -1000  # the same phase, another row
    assert logits[1, 3] < -1000  # in the queue
    assert logits[0, 1] == 0


def test_training_goes_on_from_its_checkpoint_and_leaves_weights(prototypes: SearchIndex, tmp_path: Path) -> None:
    small = PowderSettings(crystals=12)
    checkpoint = tmp_path / "a" / "net.pt"
    first = Trainer(prototypes.index, frozenset(), checkpoint, minutes=1e-6, settings=small)
    first.train()
    again = Trainer(prototypes.index, frozenset(), checkpoint, minutes=1e-6, settings=small)
    assert again.step == first.step == 1
    assert again.patterns == first.patterns > 0
    again.minutes = again.spent_s / 60 + 0.01  # however long the first step took
    again.train()
    assert again.step > 1
    card = write_weights(again, tmp_path / "net.safetensors", frozenset({"TiO2"}))
    assert "1 formulas of labelled patterns" in card.read_text(encoding="utf-8")
    assert (tmp_path / "net.safetensors").stat().st_size < 10_000_000
    inputs = clean_views(prototypes.index, np.array([0, 3]))
    with torch.inference_mode():
        vectors, *_ = again.net.eval()(torch.from_numpy(inputs))
    # half precision costs little
    assert encoder_from(tmp_path / "net.safetensors").read(inputs).vectors == pytest.approx(vectors.numpy(), abs=0.01)


def test_the_command_trains_and_says_what_it_wrote(prototypes: SearchIndex, tmp_path: Path) -> None:
    folder, out = prototypes.index.folder.parents[1], tmp_path / "net.safetensors"
    words = ["train", "pxrd", "--index", str(folder), "--minutes", "0.001", "--out", str(out)]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0, answer.output
    assert out.is_file()
    card = out.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(out.read_bytes()).hexdigest() in card
    assert "--minutes 0.001 --seed 0" in card


def test_a_gpu_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(XSearchError, match=r"no GPU that torch can use as 'cuda'; take --device cpu"):
        train_powder("any", tmp_path / "net.safetensors", minutes=1, device="cuda")
