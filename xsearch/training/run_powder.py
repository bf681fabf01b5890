"""The whole recipe of the powder network: an index in, weights and their card out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file

from xsearch.data.labelled_patterns import read_labelled
from xsearch.data.splits import HELD_OUT_EVERY, HELD_OUT_ROWS
from xsearch.errors import XSearchError
from xsearch.indexes import Index
from xsearch.indexes.library import default_index
from xsearch.training.powder import Progress, Trainer


def train_powder(
    index: str | None,
    out: Path,
    *,
    minutes: float,
    held_out: Path | None = None,
    checkpoint: Path | None = None,
    seed: int = 0,
    device: str = "cpu",
    report: Callable[[Progress], None] | None = None,
) -> Path:
    """Train the powder network on an index and write its weights.

    Args:
        index: name of the index; the one in use by default.
        out: the weights' file; `checkpoint` stands beside it by default.
        minutes: of training in all, the learning rate falls over them.
        held_out: labelled patterns whose formulas take no part.
        checkpoint: training goes on from it, and it is written every two minutes.
        seed: of weights and patterns.
        device: as torch names it.
        report: called every two minutes.

    Returns:
        The card's path, beside the weights.

    Raises:
        XSearchError: where there is no index, or the device is not there.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise XSearchError(f"There is no GPU that torch can use as {device!r}; take --device cpu.")
    name = default_index() if index is None else index
    if name is None:
        raise XSearchError("There is no index to train on; build one, such as with `xsearch build starter`.")
    hidden = frozenset(one.formula for one in read_labelled(held_out)) if held_out else frozenset()
    trainer = Trainer(Index.open(name), hidden, checkpoint or out.with_suffix(".pt"), minutes, seed, device)
    trainer.train(report)
    return write_weights(trainer, out, hidden, held_out)


def write_weights(trainer: Trainer, out: Path, left_out: frozenset[str], labelled: Path | None = None) -> Path:
    """Write a trainer's network in half precision, and the card that says where it comes from."""
    out.parent.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.detach().cpu().half().contiguous()
        for name, value in trainer.net.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(state, out, metadata={"config": json.dumps(asdict(trainer.net.config))})
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    split, index = trainer.split, trainer.index
    left = f"; {len(left_out)} formulas of labelled patterns take no part" if left_out else ""
    option = f" --leave-out {labelled.name}" if labelled else ""
    card = out.with_suffix(".md")
    card.write_text(
        f"""# PowderNet: vector, crystal system and space group of a powder pattern

- Data: simulated measurements of {len(split.train):,} rows of index `{index.name}`, version {index.version}.
- Split: one formula in {HELD_OUT_EVERY} held out ({len(split.formulas):,} rows), and {100 * HELD_OUT_ROWS:g} % of the
  other rows at random ({len(split.random):,}){left}.
- Seed {trainer.seed}; {trainer.step:,} steps, {trainer.patterns:,} patterns, {trainer.spent_s / 60:.0f} minutes on
  {trainer.device}.
- Command: `xsearch train pxrd --index {index.name} --minutes {trainer.minutes:g} --seed {trainer.seed}{option}`.
- sha256 {digest}.
""",
        encoding="utf-8",
    )
    return card
