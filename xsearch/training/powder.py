"""Train the powder network on simulated measurements of an index.

Each step takes crystals in groups that look alike, two disturbed patterns of each and its pattern as the index shows
it. Disturbed patterns are drawn to their own crystal's vector and from all others' (Oord et al., arXiv:1807.03748), and
all patterns are to tell their crystal system and space group. A checkpoint is written every two minutes; the same
command goes on from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, process_time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.data.powder_batches import Batches
from xsearch.data.splits import split_rows
from xsearch.indexes import Index
from xsearch.indexes.views import clean_views, disturbed_views
from xsearch.models.powder_net import Config, PowderNet

SAVE_EVERY_S = 120.0
CRYSTALS, VIEWS = 96, 2
PEAK_RATE, LEAST_RATE, WARM_STEPS = 2e-3, 2e-5, 200
WEIGHT_DECAY = 0.02
TEMPERATURE = 0.06
QUEUE = 4096
"""Vectors of crystals seen lately that serve as further rivals."""

SYSTEM_WEIGHT, GROUP_WEIGHT = 1.0, 1.0
SMOOTHING = 0.05


@dataclass(frozen=True, slots=True)
class Progress:
    """Running means over the steps of late: the loss, and shares right."""

    step: int
    minutes: float
    patterns: int
    loss: float
    own_first: float
    system: float
    space_group: float


class Trainer:
    """The network, its optimiser and how far they are.

    Args:
        index: to train on.
        left_out: reduced formulas that take no part.
        checkpoint: read where it is, written as training goes on.
        minutes: of the processor's time in all, those of earlier runs from this checkpoint included: a machine that is
            shared trains longer, and no worse.
    """

    def __init__(
        self,
        index: Index,
        left_out: frozenset[str],
        checkpoint: Path,
        minutes: float,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        torch.manual_seed(seed)
        self.index, self.checkpoint, self.minutes, self.seed = index, checkpoint, minutes, seed
        self.device = torch.device(device)
        self.split = split_rows(index, left_out)
        self.batches = Batches(index, self.split.train)
        self.net = PowderNet(Config()).to(self.device)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
        self.step, self.patterns, self.spent_s = 0, 0, 0.0
        self.queue = torch.zeros(0, self.net.config.embedding, device=self.device)
        self.queue_kind = torch.zeros(0, dtype=torch.int64, device=self.device)
        if checkpoint.exists():
            stored = torch.load(checkpoint, weights_only=True, map_location=self.device)
            self.net.load_state_dict(stored["net"])
            self.optimiser.load_state_dict(stored["optimiser"])
            self.step, self.patterns, self.spent_s = stored["step"], stored["patterns"], stored["spent_s"]

    def train(self, report: Callable[[Progress], None] | None = None) -> None:
        """Train until the minutes are spent."""
        random = np.random.default_rng([self.seed, self.step])
        self.net.train()
        begin, spent_before = process_time(), self.spent_s
        saved = monotonic()
        means = np.zeros(4)
        while (share := self.spent_s / (60 * self.minutes)) < 1:
            rate = LEAST_RATE + (PEAK_RATE - LEAST_RATE) * 0.5 * (1 + np.cos(np.pi * share))
            for group in self.optimiser.param_groups:
                group["lr"] = float(rate) * min(1.0, (self.step + 1) / WARM_STEPS)
            now = np.array(self._step(random))
            means = now if self.step == 1 or not means.any() else 0.98 * means + 0.02 * now
            self.spent_s = spent_before + process_time() - begin
            if monotonic() - saved > SAVE_EVERY_S:
                saved = monotonic()
                self.save()
                if report:
                    report(Progress(self.step, self.spent_s / 60, self.patterns, *means.tolist()))
        self.save()

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        beside = self.checkpoint.with_suffix(".part")
        state = {
            "net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(), "step": self.step,
            "patterns": self.patterns, "spent_s": self.spent_s, "config": json.dumps(asdict(self.net.config)),
        }  # fmt: skip
        torch.save(state, beside)
        beside.replace(self.checkpoint)

    def _step(self, random: np.random.Generator) -> tuple[float, float, float, float]:
        rows = self.batches.draw(CRYSTALS, random)
        queries = disturbed_views(self.index, np.tile(rows, VIEWS), random)
        inputs = torch.from_numpy(np.concatenate([queries, clean_views(self.index, rows)])).to(self.device)
        columns = self.index.columns
        system = self._repeated(columns.crystal_system[rows])
        group = self._repeated(columns.space_group[rows] - 1)
        kind = self._tensor(columns.formula_group[rows].astype(np.int64) * 256 + columns.space_group[rows])
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            vectors, systems, groups = self.net(inputs)
        n = len(rows)
        logits, own = rivals(vectors[:-n], vectors[-n:], kind, self.queue, self.queue_kind)
        contrast = nn.functional.cross_entropy(logits, own)
        loss = contrast + SYSTEM_WEIGHT * nn.functional.cross_entropy(systems, system, label_smoothing=SMOOTHING)
        loss = loss + GROUP_WEIGHT * nn.functional.cross_entropy(groups, group, label_smoothing=SMOOTHING)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.queue = torch.cat([vectors[-n:].detach(), self.queue])[:QUEUE]
        self.queue_kind = torch.cat([kind, self.queue_kind])[:QUEUE]
        self.step += 1
        self.patterns += len(inputs)
        with torch.no_grad():
            right = [(logits.argmax(1) == own), (systems[:-n].argmax(1) == system[:-n])]
            right.append(groups[:-n].argmax(1) == group[:-n])
            return loss.item(), *(float(one.float().mean()) for one in right)  # type: ignore[return-value]

    def _repeated(self, labels: NDArray[np.integer]) -> Tensor:
        return self._tensor(np.tile(labels.astype(np.int64), VIEWS + 1))

    def _tensor(self, values: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(values).to(self.device)


def rivals(queries: Tensor, keys: Tensor, kind: Tensor, queue: Tensor, queue_kind: Tensor) -> tuple[Tensor, Tensor]:
    """Logits of queries against their batch's crystals and the queue, and the place of each one's own.

    Crystals of one phase are no rivals.

    Args:
        queries: (v n, d) unit vectors, v rounds of the n crystals. keys: (n, d) of the crystals.
        kind: (n,) equal for crystals of one phase. queue, queue_kind: further ones (m, d) and (m,).
    """
    n = len(keys)
    own = torch.arange(n, device=keys.device).repeat(len(queries) // n)
    logits = queries @ torch.cat([keys, queue]).T / TEMPERATURE
    same = kind[own][:, None] == torch.cat([kind, queue_kind])[None, :]
    same[torch.arange(len(own), device=keys.device), own] = False
    return logits.masked_fill(same, -1e4), own
