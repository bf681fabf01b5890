"""The recipe of the structure-to-XANES ensemble: `python -m xsearch.training.forward TABLE`."""

from __future__ import annotations

import argparse
import hashlib
import json
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.models.forward import CARD, WEIGHTS, ForwardEnsemble, member_names, score_spectra
from xsearch.models.xastruct_forward import ForwardConfig, XAStructForward
from xsearch.training.forward_data import ForwardExamples, read_forward_examples, tails
from xsearch.training.loop import Schedule, train

FEATURE_NOISE = 0.08
"""Standard deviation of the noise added to standardised features, so that no single number is leant on."""

SLOPE_WEIGHT = 0.5
SMOOTHING = 1e-4


def train_member(examples: ForwardExamples, schedule: Schedule, checkpoint: Path | None = None) -> XAStructForward:
    """One network, trained on the examples given.

    The loss is the mean absolute error (smoothed near zero) of spectra in units of their tails, plus that of their
    slopes, over the points that are known.
    """
    torch.manual_seed(schedule.seed)
    model = XAStructForward(ForwardConfig(examples.features.shape[1]))
    mean, spread = examples.features.mean(axis=0), examples.features.std(axis=0)
    # a feature that is nearly always zero would blow up where it is not
    scale = np.maximum(spread, 0.02 * np.abs(examples.features).max(axis=0) + 1e-4)
    count = np.maximum(examples.known.sum(axis=0), 1)
    with torch.no_grad():
        model.mean.copy_(torch.from_numpy(mean))
        model.scale.copy_(torch.from_numpy(scale))
        model.base.copy_(torch.from_numpy(np.where(examples.known.any(axis=0), examples.mu.sum(axis=0) / count, 1.0)))
        nn.init.zeros_(model.leave.weight)
        nn.init.zeros_(model.leave.bias)
    features, z = torch.from_numpy(examples.features), torch.from_numpy(examples.z)
    mu, known = torch.from_numpy(examples.mu), torch.from_numpy(examples.known.astype(np.float32))
    tail, width = torch.from_numpy(tails(examples.known)), torch.from_numpy(scale.astype(np.float32))

    def loss_of(network: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn(len(rows), features.shape[1], generator=generator)
        found = network(features[rows] + FEATURE_NOISE * width * noise, z[rows])
        found = found / (found * tail[rows]).sum(dim=1, keepdim=True).clamp(min=0.2)
        weight = known[rows] / known[rows].sum(dim=1, keepdim=True)
        difference = found - mu[rows]
        slope = difference[:, 1:] - difference[:, :-1]
        level = ((difference**2 + SMOOTHING).sqrt() * weight).sum(dim=1)
        return (level + SLOPE_WEIGHT * (slope.abs() * weight[:, 1:]).sum(dim=1)).mean()

    return train(model, len(examples), loss_of, schedule, checkpoint)  # type: ignore[return-value]


def train_ensemble(
    table: Path, *, members: int = 4, epochs: int = 60, seed: int = 0, work: Path | None = None
) -> dict[str, object]:
    """Train on the formulas of the training part, write weights and card, and return the card.

    Args:
        table: site spectra, see `read_forward_examples`.
        members: networks in the ensemble, with seeds from `seed` on.
        epochs: passes of each over the data.
        seed: of the first.
        work: a folder for checkpoints, from which an interrupted training goes on.
    """
    from safetensors.torch import save_file

    examples = read_forward_examples(table)
    held_out = examples.is_test
    training = _take(examples, ~held_out)
    tensors: dict[str, Tensor] = {}
    for number, name in enumerate(member_names(members)):
        schedule = Schedule(epochs=epochs, batch=128, rate=1.5e-3, weight_decay=0.05, average=0.995, seed=seed + number)
        checkpoint = None if work is None else work / f"forward_{number}.pt"
        state = train_member(training, schedule, checkpoint).state_dict()
        tensors.update({f"{name}.{key}": value.half().contiguous() for key, value in state.items()})
    save_file(tensors, WEIGHTS)
    card: dict[str, object] = {
        "name": "xastruct-forward",
        "what": "surroundings of an absorber to its K-edge XANES, 200 points over 56 eV, tail one",
        "data": f"{table.name}: FEFF9 site spectra, {len(training)} for training, {int(held_out.sum())} held out",
        "split": "by the checksum of the reduced formula, 12 % of formulas held out",
        "command": f"python -m xsearch.training.forward {table.name} --members {members} --epochs {epochs} "
        f"--seed {seed}",
        "members": members,
        "start_eV": examples.start_eV,
        "absorbers": sorted({int(z) for z in examples.z}),
        "formulas_crc32": sorted({zlib.crc32(str(formula).encode()) for formula in training.formula}),
        "long_absorbers": sorted({int(z) for z in examples.z[examples.long]}),
    }
    write_card(card)
    card["held_out"] = score_spectra(ForwardEnsemble.load(), _take(examples, held_out))
    card["sha256"] = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    write_card(card)
    return card


def write_card(card: dict[str, object]) -> None:
    """Write the card with its list of formulas on one line."""
    text = json.dumps({**card, "formulas_crc32": "@"}, indent=2)
    CARD.write_text(text.replace('"@"', json.dumps(card["formulas_crc32"])) + "\n")


def _take(examples: ForwardExamples, rows: np.ndarray) -> ForwardExamples:
    return ForwardExamples(
        examples.features[rows], examples.z[rows], examples.mu[rows], examples.known[rows], examples.formula[rows],
        examples.long[rows], examples.start_eV, examples.dropped,
    )  # fmt: skip


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Train the structure-to-XANES ensemble.")
    parser.add_argument("table", type=Path)
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=None, help="folder for checkpoints")
    given = parser.parse_args()
    card = train_ensemble(given.table, members=given.members, epochs=given.epochs, seed=given.seed, work=given.work)
    print(json.dumps(card["held_out"], indent=2))


if __name__ == "__main__":
    main()
