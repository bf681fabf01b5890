"""One training loop for the XANES models: AdamW, one cycle, averaged weights, a checkpoint after every epoch."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from xsearch.errors import XSearchError


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes:
        epochs: passes over the data.
        batch: spectra in a step.
        rate: largest learning rate, reached after a tenth of the steps, then falling along a cosine.
        weight_decay: of AdamW.
        average: decay of the running average of the weights, which is what is kept.
        seed: of the initial weights, the order and the augmentation.
    """

    epochs: int = 40
    batch: int = 128
    rate: float = 2e-3
    weight_decay: float = 0.02
    average: float = 0.998
    seed: int = 0


def train(
    model: nn.Module,
    size: int,
    loss_of: Callable[[nn.Module, Tensor, torch.Generator], Tensor],
    schedule: Schedule,
    checkpoint: Path | None = None,
    report: Callable[[int, float, nn.Module], None] | None = None,
    device: str = "cpu",
) -> nn.Module:
    """Train a model and return the average of its weights, on the CPU.

    Args:
        model: with its initial weights.
        size: number of examples.
        loss_of: loss of the examples with the given indices; takes chance from the generator.
        schedule: see there.
        checkpoint: a file that an interrupted training is resumed from, bit for bit; it is never deleted here.
        report: called after each epoch with its number, mean loss and the averaged model.
        device: where the model computes, such as `cuda`; `loss_of` brings its batch there. Chance is drawn on the CPU.

    Raises:
        XSearchError: where there is no such device.
    """
    model = model.to(usable_device(device))
    # More threads gain little on networks this small, and another order of sums would give other weights.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _train(model, size, loss_of, schedule, checkpoint, report, device)
    finally:
        torch.set_num_threads(threads)


def _train(
    model: nn.Module,
    size: int,
    loss_of: Callable[[nn.Module, Tensor, torch.Generator], Tensor],
    schedule: Schedule,
    checkpoint: Path | None,
    report: Callable[[int, float, nn.Module], None] | None,
    device: str,
) -> nn.Module:
    generator = torch.Generator().manual_seed(schedule.seed)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": schedule.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=schedule.rate,
    )
    steps = max(1, size // schedule.batch)
    total_steps = schedule.epochs * steps + 1
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        schedule.rate,
        total_steps=total_steps,
        pct_start=max(0.1, 1.5 / total_steps),  # at least one step upwards
    )
    averaged = copy.deepcopy(model)
    first = 0
    torch.manual_seed(schedule.seed)
    if checkpoint is not None and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        model.load_state_dict(state["model"])
        averaged.load_state_dict(state["averaged"])
        optimizer.load_state_dict(state["optimizer"])
        cycle.load_state_dict(state["cycle"])
        generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["chance"].cpu())
        first = state["epoch"] + 1
    for epoch in range(first, schedule.epochs):
        model.train()
        order = torch.randperm(size, generator=generator)
        total, start = 0.0, time.monotonic()
        for step in range(steps):
            rows = order[step * schedule.batch : (step + 1) * schedule.batch]
            loss = loss_of(model, rows, generator)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            cycle.step()
            total += float(loss.detach())
            _average(averaged, model, min(schedule.average, (1 + epoch * steps + step) / (10 + epoch * steps + step)))
        if checkpoint is not None:
            _save(
                checkpoint,
                {
                    "model": model.state_dict(),
                    "averaged": averaged.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "cycle": cycle.state_dict(),
                    "generator": generator.get_state(),
                    "chance": torch.get_rng_state(),
                    "epoch": epoch,
                    "seconds": time.monotonic() - start,
                },
            )
        if report is not None:
            averaged.eval()
            report(epoch, total / steps, averaged)
    return averaged.cpu().eval()


def usable_device(name: str) -> torch.device:
    """The device of a name such as `cpu`, `cuda` or `cuda:1`.

    Raises:
        XSearchError: where there is none.
    """
    try:
        return torch.zeros(1, device=name).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise XSearchError(f"Device {name!r} cannot be used ({reason}); cpu always can.") from None


@torch.no_grad()
def _average(averaged: nn.Module, model: nn.Module, decay: float) -> None:
    for kept, new in zip(averaged.parameters(), model.parameters(), strict=True):
        kept.lerp_(new, 1 - decay)
    for kept_buffer, new_buffer in zip(averaged.buffers(), model.buffers(), strict=True):
        kept_buffer.copy_(new_buffer)


def _save(path: Path, state: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    torch.save(state, aside)
    aside.replace(path)
