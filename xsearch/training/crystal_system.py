"""Train the crystal system's network on simulated measurements of an index, and hold it against measured patterns.

    python -m xsearch.training.crystal_system --index mp [--minutes 60] [--leave-out LABELLED.parquet]
    python -m xsearch.training.crystal_system --index mp --evaluate [--labelled LABELLED.parquet]

Formulas are split: one in ten is never trained on, nor are those of the labelled patterns that are left out. A
checkpoint is written every minute; the same command goes on from it.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xsearch.chemistry.symmetry import crystal_system
from xsearch.errors import SpectrumError
from xsearch.evaluate.labelled import read_labelled
from xsearch.indexes import Index
from xsearch.indexes.columns import CRYSTAL_SYSTEMS
from xsearch.models.crystal_system import (
    AXIS,
    SYSTEMS,
    WEIGHTS_FILE,
    Config,
    CrystalSystemNet,
    load,
    network_input,
    save,
)
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.simulate.conditions import draw_conditions
from xsearch.simulate.measurement import measure
from xsearch.spectra import PowderPattern

HELD_OUT_EVERY = 10
SAVE_EVERY_S = 60.0
BATCH, FRESH, BUFFER = 96, 48, 12_000
"""Patterns a step; how many of them are new; how many are kept to be seen again."""

PEAK_RATE, LEAST_RATE, WARM_STEPS = 2e-3, 1e-4, 100
MADE_SHARE = 0.6
"""Share of training patterns that are of compounds reported from experiment."""


class Patterns:
    """Simulated measurements of an index's rows.

    Attributes:
        index: the index.
        train, held_out: rows of each side of the split by formula.
    """

    def __init__(self, index: Index, left_out: frozenset[str] = frozenset()) -> None:
        self.index = index
        columns = index.columns
        usable = (columns.crystal_system < len(CRYSTAL_SYSTEMS)) & (np.diff(index.reflection_arrays.offsets) > 0)
        names = "select distinct row_id from materials where list_contains(?, reduced_formula)"
        hidden = np.zeros(len(index), bool)
        hidden[[row for (row,) in index.sql(names, [sorted(left_out)]).fetchall()]] = True
        held_out = columns.formula_group % HELD_OUT_EVERY == 0
        self.train = np.flatnonzero(usable & ~held_out & ~hidden)
        self.held_out = np.flatnonzero(usable & held_out)
        self._made = self.train[columns.is_theoretical[self.train] == 0]

    def row(self, random: np.random.Generator) -> int:
        """A row to train on."""
        rows = self._made if len(self._made) and random.random() < MADE_SHARE else self.train
        return int(random.choice(rows))

    def label(self, row: int) -> int:
        """Its crystal system, as a place in `SYSTEMS`."""
        return SYSTEMS.index(CRYSTAL_SYSTEMS[self.index.columns.crystal_system[row]])

    def simulate(self, row: int, random: np.random.Generator) -> NDArray[np.float32] | None:
        """The network's input of a measurement of a row; None where no line stands out."""
        conditions = draw_conditions(random)
        angles, counts = measure(self.index.reflections(row), conditions, random)
        try:
            return network_input(net_pattern(PowderPattern(angles, counts, conditions.wavelength_A)))
        except SpectrumError:
            return None

    def batch(self, count: int, random: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Inputs (count, 2, bins) and labels (count,) to train on."""
        inputs: list[NDArray[np.float32]] = []
        labels: list[int] = []
        while len(inputs) < count:
            row = self.row(random)
            if (made := self.simulate(row, random)) is not None:
                inputs.append(made)
                labels.append(self.label(row))
        return np.stack(inputs), np.array(labels)


def train(patterns: Patterns, minutes: float, checkpoint: Path, out: Path, seed: int = 0) -> CrystalSystemNet:
    """Train for some minutes from a checkpoint, or from the start where there is none."""
    torch.manual_seed(seed)
    net = CrystalSystemNet(Config())
    optimiser = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=0.01)
    step = 0
    if checkpoint.exists():
        stored = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(stored["net"])
        optimiser.load_state_dict(stored["optimiser"])
        step = stored["step"]
    random = np.random.default_rng([seed, step])
    inputs = np.zeros((BUFFER, 2, AXIS.bins), np.float16)
    labels = np.zeros(BUFFER, np.int64)
    filled = made = 0
    begin = saved = monotonic()
    running = 0.0
    while (elapsed := monotonic() - begin) < 60 * minutes:
        fresh_inputs, fresh_labels = patterns.batch(FRESH, random)
        places = (made + np.arange(FRESH)) % BUFFER
        inputs[places], labels[places] = fresh_inputs, fresh_labels
        made += FRESH
        filled = min(made, BUFFER)
        chosen = np.concatenate([places, random.integers(filled, size=BATCH - FRESH)])
        remaining = 1 - elapsed / (60 * minutes)
        rate = LEAST_RATE + (PEAK_RATE - LEAST_RATE) * remaining * min(1.0, (step + 1) / WARM_STEPS)
        for group in optimiser.param_groups:
            group["lr"] = rate
        logits = net(torch.from_numpy(inputs[chosen].astype(np.float32)))
        loss = nn.functional.cross_entropy(logits, torch.from_numpy(labels[chosen]), label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        right = float((logits[:FRESH].argmax(dim=1).numpy() == fresh_labels).mean())
        running = right if step == 1 else 0.98 * running + 0.02 * right
        if monotonic() - saved > SAVE_EVERY_S:
            saved = monotonic()
            checkpoint.parent.mkdir(parents=True, exist_ok=True)
            torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, checkpoint)
            print(f"step {step}, {made:,} patterns, loss {loss.item():.3f}, right {running:.3f}", flush=True)
    save(net.eval(), out)
    return net


def accuracy_simulated(patterns: Patterns, net: CrystalSystemNet, count: int, seed: int = 1) -> dict[str, float | int]:
    """Share right on simulated measurements of held-out formulas, beside the share of the commonest system."""
    random = np.random.default_rng(seed)
    inputs: list[NDArray[np.float32]] = []
    truth: list[int] = []
    while len(inputs) < count:
        row = int(random.choice(patterns.held_out))
        if (made := patterns.simulate(row, random)) is not None:
            inputs.append(made)
            truth.append(patterns.label(row))
    with torch.inference_mode():
        logits = torch.cat([net(torch.from_numpy(np.stack(part))) for part in _parts(inputs, 128)])
    labels = np.array(truth)
    right = logits.argmax(dim=1).numpy() == labels
    return {"n": count, "right": float(right.mean()), "majority": float(np.bincount(labels).max() / count)}


def accuracy_measured(net: CrystalSystemNet, labelled: Path, searched: SearchIndex) -> dict[str, float | int]:
    """Share right on clean measured patterns.

    Beside it stand what needs no learning: the share of the commonest system, and that of the system of the first hit
    of a search without elements; and the share right where both agree, with how often they do.
    """
    truth, learned, physics = [], [], []
    for one in read_labelled(labelled):
        if not one.is_clean or one.space_group is None:
            continue
        with torch.inference_mode():
            logits = net(torch.from_numpy(network_input(net_pattern(one.pattern)))[None])
        truth.append(crystal_system(one.space_group))
        learned.append(SYSTEMS[int(logits.argmax())])
        physics.append(searched.search(one.pattern, top=1).hits[0].material.crystal_system or "")
    real, net_says, hit_says = np.array(truth), np.array(learned), np.array(physics)
    agree = net_says == hit_says
    return {
        "n": len(real),
        "right": float((net_says == real).mean()),
        "majority": max(Counter(truth).values()) / len(real),
        "first_hit_right": float((hit_says == real).mean()),
        "agree": float(agree.mean()),
        "right_where_they_agree": float((real == hit_says)[agree].mean()) if agree.any() else 0.0,
        "first_hit_right_where_they_differ": float((real == hit_says)[~agree].mean()) if (~agree).any() else 0.0,
    }


def _parts(inputs: list[NDArray[np.float32]], size: int) -> list[list[NDArray[np.float32]]]:
    return [inputs[i : i + size] for i in range(0, len(inputs), size)]


def main() -> None:
    """Train, or evaluate what was trained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--leave-out", type=Path, help="labelled patterns whose formulas take no part")
    parser.add_argument("--checkpoint", type=Path, default=Path("out") / "crystal_system.pt")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE)
    parser.add_argument("--evaluate", action="store_true")
    parser.add_argument("--labelled", type=Path)
    parser.add_argument("--simulated", type=int, default=2000)
    asked = parser.parse_args()
    left_out = frozenset(one.formula for one in read_labelled(asked.leave_out)) if asked.leave_out else frozenset()
    patterns = Patterns(Index.open(asked.index), left_out)
    net = load(asked.out) if asked.evaluate else train(patterns, asked.minutes, asked.checkpoint, asked.out)
    report = {"simulated, held-out formulas": accuracy_simulated(patterns, net, asked.simulated)}
    if labelled := asked.labelled or asked.leave_out:
        report["measured"] = accuracy_measured(net, labelled, SearchIndex(patterns.index, threads=1))
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
