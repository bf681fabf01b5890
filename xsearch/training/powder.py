"""Train the powder network on simulated measurements of an index.

Each step takes groups of crystals with similar profiles, two augmented patterns of each and its pattern as the index
keeps it. The contrastive loss pulls augmented patterns to their crystal's vector and away from all others (Oord et al.,
arXiv:1807.03748); crystal system and space group are classified from all patterns. A checkpoint is written every two
minutes; the same command resumes from it.
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
from xsearch.indexes.views import augmented_views, clean_views
from xsearch.models.powder_net import Config, PowderNet
from xsearch.training.precision import has_bfloat16
from xsearch.training.settings import POWDER, PowderSettings


@dataclass(frozen=True, slots=True)
class Progress:
    """Running means over recent steps: the loss, and shares right."""

    step: int
    minutes: float
    patterns: int
    loss: float
    nearest_right: float
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
        settings: PowderSettings = POWDER,
    ) -> None:
        torch.manual_seed(seed)
        self.index, self.checkpoint, self.minutes, self.seed = index, checkpoint, minutes, seed
        self.settings = settings
        self.device = torch.device(device)
        self.split = split_rows(index, left_out)
        self.batches = Batches(index, self.split.train)
        self.net = PowderNet(Config()).to(self.device)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=settings.peak_rate, weight_decay=settings.weight_decay
        )
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
        means, settings = np.zeros(4), self.settings
        while (share := self.spent_s / (60 * self.minutes)) < 1:
            rate = settings.least_rate + (settings.peak_rate - settings.least_rate) * 0.5 * (1 + np.cos(np.pi * share))
            for group in self.optimiser.param_groups:
                group["lr"] = float(rate) * min(1.0, (self.step + 1) / settings.warm_steps)
            now = np.array(self._step(random))
            means = now if self.step == 1 or not means.any() else 0.98 * means + 0.02 * now
            self.spent_s = spent_before + process_time() - begin
            if monotonic() - saved > settings.save_every_s:
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
        settings = self.settings
        rows = self.batches.draw(settings.crystals, random)
        queries = augmented_views(self.index, np.tile(rows, settings.views), random)
        inputs = torch.from_numpy(np.concatenate([queries, clean_views(self.index, rows)])).to(self.device)
        columns = self.index.columns
        system = self._repeated(columns.crystal_system[rows])
        group = self._repeated(columns.space_group[rows] - 1)
        kind = self._tensor(columns.formula_group[rows].astype(np.int64) * 256 + columns.space_group[rows])
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=has_bfloat16(self.device.type)):
            vectors, systems, groups = self.net(inputs)
        n = len(rows)
        logits, target = rivals(vectors[:-n], vectors[-n:], kind, self.queue, self.queue_kind, settings.temperature)
        contrast = nn.functional.cross_entropy(logits, target)
        smoothing = settings.label_smoothing
        loss = contrast + settings.system_weight * nn.functional.cross_entropy(
            systems, system, label_smoothing=smoothing
        )
        loss = loss + settings.group_weight * nn.functional.cross_entropy(groups, group, label_smoothing=smoothing)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.queue = torch.cat([vectors[-n:].detach(), self.queue])[: settings.queue]
        self.queue_kind = torch.cat([kind, self.queue_kind])[: settings.queue]
        self.step += 1
        self.patterns += len(inputs)
        with torch.no_grad():
            right = [(logits.argmax(1) == target), (systems[:-n].argmax(1) == system[:-n])]
            right.append(groups[:-n].argmax(1) == group[:-n])
            return loss.item(), *(float(one.float().mean()) for one in right)  # type: ignore[return-value]

    def _repeated(self, labels: NDArray[np.integer]) -> Tensor:
        return self._tensor(np.tile(labels.astype(np.int64), self.settings.views + 1))

    def _tensor(self, values: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(values).to(self.device)


def rivals(
    queries: Tensor, keys: Tensor, kind: Tensor, queue: Tensor, queue_kind: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """Logits of queries against their batch's crystals and the queue, and the place of each one's crystal.

    Crystals of one phase are no rivals.

    Args:
        queries: (v n, d) unit vectors, v rounds of the n crystals. keys: (n, d) of the crystals.
        kind: (n,) equal for crystals of one phase. queue, queue_kind: further ones (m, d) and (m,).
        temperature: cosines are divided by it.
    """
    n = len(keys)
    target = torch.arange(n, device=keys.device).repeat(len(queries) // n)
    logits = queries @ torch.cat([keys, queue]).T / temperature
    same = kind[target][:, None] == torch.cat([kind, queue_kind])[None, :]
    same[torch.arange(len(target), device=keys.device), target] = False
    return logits.masked_fill(same, -1e4), target
