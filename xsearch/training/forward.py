"""The recipe of the structure-to-XANES model: `python -m xsearch.training.forward TABLE`."""

from __future__ import annotations

import argparse
import hashlib
import json
import zlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.data.forward_sites import ForwardExamples, read_forward_examples, tails
from xsearch.models.forward import CARD, FORWARD_FILE, KERNELS, ForwardEnsemble, member_names, score_spectra
from xsearch.models.site_kernel import SiteKernel, SiteMetric
from xsearch.models.xastruct_forward import ForwardConfig, XAStructForward
from xsearch.training.loop import Schedule, train
from xsearch.training.settings import FORWARD
from xsearch.training.site_kernel import (
    MetricSchedule,
    by_length,
    fit_kernel,
    learn_metric,
    standardisation,
)

METRICS = {"long": MetricSchedule(steps=300, per_formula=12), "all": MetricSchedule(steps=150, per_formula=6)}
"""How long the metric of the site kernel is trained, for long windows and for all; set by hand."""


def train_member(examples: ForwardExamples, schedule: Schedule, checkpoint: Path | None = None) -> XAStructForward:
    """One network, trained on the examples given.

    The loss is the mean absolute error (smoothed near zero) of spectra in units of their tails, plus that of their
    slopes, over the points that are known.
    """
    torch.manual_seed(schedule.seed)
    model = XAStructForward(ForwardConfig(examples.features.shape[1]))
    mean, scale = standardisation(examples.features)
    count = np.maximum(examples.known.sum(axis=0), 1)
    with torch.no_grad():
        model.mean.copy_(torch.from_numpy(mean))
        model.scale.copy_(torch.from_numpy(scale))
        model.base.copy_(torch.from_numpy(np.where(examples.known.any(axis=0), examples.mu.sum(axis=0) / count, 1.0)))
        nn.init.zeros_(model.leave.weight)
        nn.init.zeros_(model.leave.bias)
    features, z = torch.from_numpy(examples.features), torch.from_numpy(examples.z)
    mu, known = torch.from_numpy(examples.mu), torch.from_numpy(examples.known.astype(np.float32))
    tail, width = torch.from_numpy(tails(examples.known)), torch.from_numpy(scale)

    def loss_of(network: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn(len(rows), features.shape[1], generator=generator)
        found = network(features[rows] + FORWARD.feature_noise * width * noise, z[rows])
        found = found / (found * tail[rows]).sum(dim=1, keepdim=True).clamp(min=0.2)
        weight = known[rows] / known[rows].sum(dim=1, keepdim=True)
        difference = found - mu[rows]
        slope = difference[:, 1:] - difference[:, :-1]
        level = ((difference**2 + FORWARD.smoothing).sqrt() * weight).sum(dim=1)
        return (level + FORWARD.slope_weight * (slope.abs() * weight[:, 1:]).sum(dim=1)).mean()

    return train(model, len(examples), loss_of, schedule, checkpoint)  # type: ignore[return-value]


def train_ensemble(
    table: Path,
    *,
    members: int = 1,
    epochs: int = 40,
    seed: int = 0,
    work: Path | None = None,
) -> dict[str, object]:
    """Train, write weights and card, and return the card.

    Everything is first trained on the formulas of the training part, and the card's figures are those of the held-out
    part. What is shipped is then fitted to all formulas: the kernel regression anew, in the same metric.

    Args:
        table: site spectra, see `read_forward_examples`.
        members: networks beside the kernel regression, with seeds from `seed` on.
        epochs: passes of each over the data.
        seed: of the first.
        work: a folder for checkpoints, from which an interrupted training goes on.
    """
    examples = read_forward_examples(table)
    training, held_out = examples.take(~examples.is_test), examples.take(examples.is_test)
    metrics = {
        name: _kept(work, name, part, replace(METRICS[name], seed=seed))
        for name, part in zip(KERNELS, by_length(training), strict=True)
    }
    networks = []
    for number in range(members):
        schedule = Schedule(epochs=epochs, batch=128, rate=1.5e-3, weight_decay=0.05, average=0.995, seed=seed + number)
        checkpoint = None if work is None else work / f"forward_{number}.pt"
        networks.append(train_member(training, schedule, checkpoint))
    card: dict[str, object] = {
        "name": "xastruct-forward",
        "what": "surroundings of an absorber to its K-edge XANES, 200 points over 56 eV, tail one",
        "data": f"{table.name}: FEFF9 site spectra, {len(training)} for training, {len(held_out)} held out",
        "split": "by the checksum of the reduced formula, 12 % of formulas held out; the figures are theirs. The "
        "shipped kernel regression was afterwards fitted to all formulas, in the same metric; the network was not.",
        "command": f"python -m xsearch.training.forward {table.name} --members {members} --epochs {epochs} "
        f"--seed {seed}",
        "members": members,
        "start_eV": examples.start_eV,
        "absorbers": sorted({int(z) for z in examples.z}),
        "formulas_crc32": sorted({zlib.crc32(str(formula).encode()) for formula in examples.formula}),
        "long_absorbers": sorted({int(z) for z in examples.z[examples.long]}),
    }
    judged = ForwardEnsemble(_fit(training, metrics), tuple(networks), card)
    found, sigma = judged.spectra(held_out.features, held_out.z)
    error = np.abs(found - held_out.mu)[held_out.known].mean()
    card["sigma_scale"] = round(float(error / sigma[held_out.known].mean()), 3)
    card["held_out"] = score_spectra(found, held_out)
    write_weights(_fit(examples, metrics), networks)
    card["sha256"] = hashlib.sha256(FORWARD_FILE.read_bytes()).hexdigest()
    write_card(card)
    return card


Metrics = dict[str, tuple[SiteMetric, float]]


def _fit(examples: ForwardExamples, metrics: Metrics) -> dict[str, SiteKernel]:
    parts = zip(KERNELS, by_length(examples), (FORWARD.aligned_eV, ()), strict=True)
    return {name: fit_kernel(part, *metrics[name], aligned) for name, part, aligned in parts}


def write_weights(kernels: dict[str, SiteKernel], networks: list[XAStructForward]) -> None:
    """Write all arrays into one file, the networks' in half precision."""
    from safetensors.numpy import save_file

    arrays = {f"{kernel}.{name}": array for kernel, made in kernels.items() for name, array in made.to_arrays().items()}
    for name, network in zip(member_names(len(networks)), networks, strict=True):
        arrays |= {f"{name}.{key}": value.half().numpy() for key, value in network.state_dict().items()}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, FORWARD_FILE)


def _kept(
    work: Path | None, name: str, training: ForwardExamples, schedule: MetricSchedule
) -> tuple[SiteMetric, float]:
    """The metric, from the folder where an earlier, interrupted training left it."""
    path = None if work is None else work / f"metric_{name}_{schedule.steps}_{schedule.seed}.npz"
    if path is not None and path.exists():
        with np.load(path) as file:
            arrays = dict(file)
        return SiteMetric(**{key: value for key, value in arrays.items() if key != "ridge"}), float(arrays["ridge"])
    metric, ridge = learn_metric(training, schedule)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, ridge=ridge, **{field.name: getattr(metric, field.name) for field in fields(SiteMetric)})
    return metric, ridge


def write_card(card: dict[str, object]) -> None:
    """Write the card with its list of formulas on one line."""
    text = json.dumps({**card, "formulas_crc32": "@"}, indent=2)
    CARD.write_text(text.replace('"@"', json.dumps(card["formulas_crc32"])) + "\n", encoding="utf-8")


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Train the structure-to-XANES ensemble.")
    parser.add_argument("table", type=Path)
    parser.add_argument("--members", type=int, default=1, help="networks beside the kernel regression")
    parser.add_argument("--epochs", type=int, default=40, help="of each network")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=None, help="folder for checkpoints")
    given = parser.parse_args()
    card = train_ensemble(given.table, members=given.members, epochs=given.epochs, seed=given.seed, work=given.work)
    print(json.dumps(card["held_out"], indent=2))


if __name__ == "__main__":
    main()
