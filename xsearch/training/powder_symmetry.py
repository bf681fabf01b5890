"""Train the CNN-Transformer that reads symmetry off powder patterns.

    python -m xsearch.training.powder_symmetry --index mp --minutes 60 --leave-out pxrd_measured.parquet

Half of the patterns follow the published protocol (lines and noise), half have all that laboratories do to them. An
earlier pattern at another scale is a crystal of the same symmetry with another cell: it serves again, and the volume
changes with it. The convolutions begin as those of `powder.safetensors`. A checkpoint is written every few minutes, and
the same command goes on from it.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, process_time

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from xsearch.chemistry.extinction import EXTINCTION_GROUPS, EXTINCTION_OF_GROUP
from xsearch.chemistry.space_groups import primitive_share
from xsearch.data.labelled_patterns import labelled_formulas
from xsearch.data.simulated_measurements import published_conditions
from xsearch.data.splits import HELD_OUT_EVERY, HELD_OUT_ROWS, split_rows
from xsearch.indexes import Index
from xsearch.indexes.views import augmented_views, measured_views
from xsearch.models import powder_encoder
from xsearch.models.powder_symmetry import WEIGHTS_FILE
from xsearch.models.powder_symmetry_net import SymmetryNet
from xsearch.preprocess.augmented import QUICK
from xsearch.preprocess.axis import INPUT_AXIS
from xsearch.training.precision import has_bfloat16
from xsearch.training.settings import POWDER_SYMMETRY, PowderSymmetrySettings

LEVELS = 255
"""Of the profiles that are kept for replay."""


@dataclass(slots=True)
class Batch:
    """Inputs (n, 2, bins), and of each the code of its system, its space group less one, and ln of its volume."""

    inputs: NDArray[np.float32]
    system: NDArray[np.int64]
    group: NDArray[np.int64]
    ln_volume: NDArray[np.float32]


class Replay:
    """The latest patterns, to be read again at another scale."""

    def __init__(self, capacity: int) -> None:
        self._profiles = np.zeros((capacity, INPUT_AXIS.bins), np.uint8)
        self._range = np.zeros((capacity, 2), np.int64)
        self._labels = np.zeros((capacity, 3), np.float64)
        self._next = self._filled = 0

    def add(self, batch: Batch) -> None:
        """Keep a batch in place of the oldest."""
        at = (self._next + np.arange(len(batch.inputs))) % len(self._profiles)
        self._profiles[at] = np.rint(np.clip(batch.inputs[:, 0], 0, 1) * LEVELS)
        inside = batch.inputs[:, 1] > 0
        self._range[at] = np.stack([inside.argmax(1), inside.shape[1] - inside[:, ::-1].argmax(1)], 1)
        self._labels[at] = np.stack([batch.system, batch.group, batch.ln_volume], 1)
        self._next = int(at[-1] + 1) % len(self._profiles)
        self._filled = min(self._filled + len(at), len(self._profiles))

    def draw(self, count: int, widest: int, random: np.random.Generator) -> Batch:
        """Some of them, each moved by up to `widest` bins."""
        at = random.integers(self._filled, size=count)
        moves = random.integers(-widest, widest + 1, size=count)
        inputs = np.zeros((count, 2, INPUT_AXIS.bins), np.float32)
        bins = INPUT_AXIS.bins
        for i, (place, move) in enumerate(zip(at, moves, strict=True)):
            first, last = self._range[place]
            low, high = max(first + move, 0), min(last + move, bins)
            inputs[i, 0, low:high] = self._profiles[place, low - move : high - move] / np.float32(LEVELS)
            inputs[i, 1, low:high] = 1
        system, group, ln_volume = self._labels[at].T
        moved = ln_volume - 3 * moves * INPUT_AXIS.step
        return Batch(inputs, system.astype(np.int64), group.astype(np.int64), moved.astype(np.float32))


class Trainer:
    """The network, its average, its optimiser and how far they are; `minutes` are of the processor's time in all."""

    def __init__(
        self,
        index: Index,
        left_out: frozenset[str],
        checkpoint: Path,
        minutes: float,
        seed: int = 0,
        settings: PowderSymmetrySettings = POWDER_SYMMETRY,
    ) -> None:
        torch.manual_seed(seed)
        self.index, self.checkpoint, self.minutes, self.seed, self.settings = index, checkpoint, minutes, seed, settings
        self.split = split_rows(index, left_out)
        self.net = begun()
        self.average = copy.deepcopy(self.net)
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=settings.peak_rate,
        )
        self.step, self.patterns, self.spent_s = 0, 0, 0.0
        self.history: list[dict[str, float]] = []
        self._ln_volume = ln_primitive_volumes(index)
        self._replay = Replay(settings.kept)
        if checkpoint.exists():
            stored = torch.load(checkpoint, weights_only=True)
            for name in ("net", "average", "optimiser"):
                getattr(self, name).load_state_dict(stored[name])
            self.step, self.patterns, self.spent_s = stored["step"], stored["patterns"], stored["spent_s"]
            self.history = json.loads(stored["history"])

    def train(self) -> None:
        """Train until the minutes are spent."""
        settings = self.settings
        random = np.random.default_rng([self.seed, self.step])
        tested = self._tested()
        start, before, saved = process_time(), self.spent_s, monotonic()
        mean_loss = np.nan
        while (share := self.spent_s / (60 * self.minutes)) < 1:
            rate = settings.least_rate + (settings.peak_rate - settings.least_rate) * 0.5 * (1 + np.cos(np.pi * share))
            for group in self.optimiser.param_groups:
                group["lr"] = float(rate) * min(1.0, (self.step + 1) / settings.warm_steps)
            loss = self._step(random)
            mean_loss = loss if np.isnan(mean_loss) else 0.99 * mean_loss + 0.01 * loss
            self.spent_s = before + process_time() - start
            if monotonic() - saved > settings.save_every_s:
                saved = monotonic()
                self._note(mean_loss, tested)
        self._note(mean_loss, tested)

    def _step(self, random: np.random.Generator) -> float:
        settings = self.settings
        batch = self.simulated(random.choice(self.split.train, settings.fresh), random)
        self._replay.add(batch)
        again = self._replay.draw(settings.replayed, settings.widest_shift, random)
        inputs = torch.from_numpy(np.concatenate([batch.inputs, again.inputs]))
        system = torch.from_numpy(np.concatenate([batch.system, again.system]))
        group = torch.from_numpy(np.concatenate([batch.group, again.group]))
        ln_volume = torch.from_numpy(np.concatenate([batch.ln_volume, again.ln_volume]))
        self.net.train()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bfloat16()):
            systems, groups, volume = self.net(inputs)
        loss = loss_of(systems, groups, volume, system, group, ln_volume, settings)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        self.patterns += len(inputs)
        decay = min(settings.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.net.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
            for held, seen in zip(self.average.buffers(), self.net.buffers(), strict=True):
                if held.is_floating_point():  # the statistics belong to the weights: they are averaged alike
                    held.lerp_(seen, 1 - decay)
        return loss.item()

    def simulated(self, rows: NDArray[np.int64], random: np.random.Generator) -> Batch:
        """Rows measured, the first half by the published protocol."""
        half = len(rows) // 2
        plain = published_conditions(half, random)
        seeds = random.integers(2**31, size=half)
        inputs = np.concatenate(
            [
                measured_views(self.index, rows[:half], plain, seeds, QUICK),
                augmented_views(self.index, rows[half:], random, QUICK),
            ]
        )
        columns = self.index.columns
        return Batch(
            inputs,
            columns.crystal_system[rows].astype(np.int64),
            columns.space_group[rows].astype(np.int64) - 1,
            self._ln_volume[rows],
        )

    def _tested(self) -> dict[str, Batch]:
        """Patterns of rows and of formulas held out, the same in every run."""
        random = np.random.default_rng(99)
        found = {}
        for name, pool in (("rows", self.split.random), ("formulas", self.split.formulas)):
            pool = pool[self.index.columns.cell_of[pool] < 0]
            found[name] = self.simulated(random.choice(pool, 2 * self.settings.tested), random)
        return found

    def _note(self, loss: float, tested: dict[str, Batch]) -> None:
        """Write the checkpoint, whole or not at all, with how well the average does on held-out patterns."""
        line = {"minutes": self.spent_s / 60, "patterns": float(self.patterns), "loss": loss}
        for name, batch in tested.items():
            half = len(batch.system) // 2
            for kind, part in (("published", slice(0, half)), ("laboratory", slice(half, None))):
                for figure, value in figures(self.average, batch, part).items():
                    line[f"{name}_{kind}_{figure}"] = value
        self.history.append({name: round(value, 4) for name, value in line.items()})
        print(json.dumps(self.history[-1]), flush=True)
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        beside = self.checkpoint.with_suffix(".part")
        torch.save(
            {
                "net": self.net.state_dict(), "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(), "step": self.step, "patterns": self.patterns,
                "spent_s": self.spent_s, "history": json.dumps(self.history),
            },
            beside,
        )  # fmt: skip
        beside.replace(self.checkpoint)


def begun() -> SymmetryNet:
    """The network with the convolutions and heads of the shipped `powder.safetensors`, as far as they are there."""
    net = SymmetryNet()
    if powder_encoder.WEIGHTS_FILE.is_file():
        stored = {name: value.float() for name, value in load_file(powder_encoder.WEIGHTS_FILE).items()}
        net.load_state_dict({n: v for n, v in stored.items() if not n.startswith("embedding")}, strict=False)
    return net


def loss_of(
    systems: Tensor,
    groups: Tensor,
    volume: Tensor,
    system: Tensor,
    group: Tensor,
    ln_volume: Tensor,
    settings: PowderSymmetrySettings = POWDER_SYMMETRY,
) -> Tensor:
    """The loss of a batch; the extinction group's probability is the sum of its space groups'."""
    place = torch.from_numpy(EXTINCTION_OF_GROUP[1:].copy())
    summed = torch.zeros(len(groups), len(EXTINCTION_GROUPS)).index_add_(1, place, groups.softmax(1))
    extinction = nn.functional.nll_loss(summed.clamp(min=1e-7).log(), place[group])
    off = (volume[:, 0] - ln_volume).abs() * (-volume[:, 1]).exp() + volume[:, 1]
    smoothing = settings.label_smoothing
    return (
        nn.functional.cross_entropy(systems, system, label_smoothing=smoothing)
        + settings.group_weight * nn.functional.cross_entropy(groups, group, label_smoothing=smoothing)
        + settings.extinction_weight * extinction
        + settings.volume_weight * off.mean()
    )


@torch.inference_mode()
def figures(net: SymmetryNet, batch: Batch, part: slice) -> dict[str, float]:
    """Shares right, and the median error of ln of the volume, over a part of a batch."""
    net.eval()
    systems, groups, volume = net(torch.from_numpy(batch.inputs[part]))
    place = torch.from_numpy(EXTINCTION_OF_GROUP[1:].copy())
    summed = torch.zeros(len(groups), len(EXTINCTION_GROUPS)).index_add_(1, place, groups.softmax(1))
    system, group = torch.from_numpy(batch.system[part]), torch.from_numpy(batch.group[part])
    off = (volume[:, 0] - torch.from_numpy(batch.ln_volume[part])).abs()
    return {
        "system": float((systems.argmax(1) == system).float().mean()),
        "group": float((groups.argmax(1) == group).float().mean()),
        "extinction": float((summed.argmax(1) == place[group]).float().mean()),
        "ln_volume": float(off.median()),
    }


def ln_primitive_volumes(index: Index) -> NDArray[np.float32]:
    """(rows,) ln of the volume of each row's primitive cell in Å³."""
    columns = index.columns
    a, b, c, alpha, beta, gamma = columns.cell.T
    ca, cb, cg = (np.cos(np.radians(angle)) for angle in (alpha, beta, gamma))
    volume = a * b * c * np.sqrt(np.maximum(1 - ca**2 - cb**2 - cg**2 + 2 * ca * cb * cg, 1e-6))
    share = np.array([primitive_share(group) if group else 1.0 for group in range(231)])
    return np.log(np.maximum(volume * share[columns.space_group], 1.0)).astype(np.float32)


def write_weights(trainer: Trainer, out: Path, left_out: frozenset[str], labelled: Path | None) -> None:
    """Write the averaged network in half precision, and the card that says where it comes from."""
    state = {
        name: value.detach().half().contiguous()
        for name, value in trainer.average.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(state, out, metadata={"config": json.dumps(asdict(trainer.net.config))})
    split, index = trainer.split, trainer.index
    left = f"; {len(left_out)} formulas of labelled patterns take no part" if left_out else ""
    option = f" --leave-out {labelled.name}" if labelled else ""
    figure = trainer.history[-1]
    names = ("system", "extinction", "group", "ln_volume")
    kinds = [(held, kind) for held in ("rows", "formulas") for kind in ("published", "laboratory")]
    table = "\n".join(
        f"| {held} | {kind} | " + " | ".join(f"{figure[f'{held}_{kind}_{name}']:.3f}" for name in names) + " |"
        for held, kind in kinds
    )
    shown = [line for place, line in enumerate(trainer.history) if place % max(1, len(trainer.history) // 12) == 0]
    losses = ", ".join(f"{line['loss']:.2f} ({line['minutes']:.0f})" for line in shown)
    out.with_suffix(".md").write_text(
        f"""# The CNN-Transformer for powder patterns: crystal system, space and extinction group, volume

- Data: simulated measurements of {len(split.train):,} rows of index `{index.name}`, version {index.version}; half by
  the published protocol (lines and noise), half with all that laboratories do to a pattern.
- Split: one formula in {HELD_OUT_EVERY} held out ({len(split.formulas):,} rows), and {100 * HELD_OUT_ROWS:g} % of the
  other rows at random ({len(split.random):,}){left}.
- Seed {trainer.seed}; {trainer.step:,} steps, {trainer.patterns:,} patterns, {trainer.spent_s / 60:.0f} CPU minutes of
  one thread, begun from `powder.safetensors` (the same split).
- Command: `python -m xsearch.training.powder_symmetry --index {index.name} --minutes {trainer.minutes:g}
  --seed {trainer.seed}{option}`.
- Loss (CPU minutes): {losses}.
- sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}.

Held-out patterns, {trainer.settings.tested} of each kind; volume: median error of ln V of the primitive cell.

| held out | patterns | crystal system | extinction group | space group | ln V |
|---|---|---|---|---|---|
{table}
""",
        encoding="utf-8",
    )


def main() -> None:
    """Train, and write weights and card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--minutes", type=float, default=60, help="of the processor's time in all")
    parser.add_argument("--leave-out", type=Path, help="labelled patterns whose formulas take no part")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE)
    parser.add_argument("--checkpoint", type=Path, help="by default beside the weights")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    left_out = labelled_formulas(given.leave_out) if given.leave_out else frozenset()
    checkpoint = given.checkpoint or given.out.with_suffix(".pt")
    trainer = Trainer(Index.open(given.index), left_out, checkpoint, given.minutes, given.seed)
    trainer.train()
    write_weights(trainer, given.out, left_out, given.leave_out)


if __name__ == "__main__":
    main()
