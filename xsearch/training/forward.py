"""The recipe of the structure-to-XANES model: `python -m xsearch.training.forward TABLE ...`."""

from __future__ import annotations

import argparse
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.data.forward_sites import FOLDS, ForwardExamples, read_forward_examples, tails
from xsearch.models.forward import (
    CARD,
    FORWARD,
    FORWARD_FILE,
    KERNELS,
    ForwardEnsemble,
    errors,
    member_names,
    score_spectra,
)
from xsearch.models.forward_features import SiteFeatures
from xsearch.models.site_kernel import SiteKernel, SiteMetric
from xsearch.models.xastruct_forward import POINTS, ForwardConfig, XAStructForward, edge_context
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.training import settings as training
from xsearch.training.loop import Schedule, train
from xsearch.training.site_kernel import (
    MetricSchedule,
    by_length,
    filled,
    fit_kernel,
    learn_metric,
    standardisation,
)

METRICS = {
    "long": MetricSchedule(steps=300, per_formula=12),
    "all": MetricSchedule(steps=150, per_formula=6),
    "edges": MetricSchedule(steps=120, batch=1100, per_formula=12),
}
"""How long the metric of each kernel is trained; set by hand."""

SHARES = (0.0, 0.1, 0.2, 0.4, 1.0)
"""Shares of the networks in the mean that the card compares."""

Metrics = dict[str, tuple[SiteMetric, float]]


def train_member(
    examples: ForwardExamples,
    bases: dict[str, NDArray[np.float32]],
    schedule: Schedule,
    checkpoint: Path | None = None,
    gated: bool = True,
) -> XAStructForward:
    """One network, trained on the examples given.

    The loss is the mean absolute error (smoothed near zero) of spectra in units of their tails, plus that of their
    slopes, over the points that are known. An edge of a code counts with the square root of its number of spectra.

    Args:
        examples: of any edges and codes.
        bases: mean spectra, see `mean_spectra`.
        schedule: how long.
        checkpoint: see `train`.
        gated: whether its blocks are.
    """
    torch.manual_seed(schedule.seed)
    model = XAStructForward(ForwardConfig(examples.features.shape[1], gated=gated))
    mean, scale = standardisation(examples.features)
    with torch.no_grad():
        model.mean.copy_(torch.from_numpy(mean))
        model.scale.copy_(torch.from_numpy(scale))
        nn.init.zeros_(model.leave.weight)
        nn.init.zeros_(model.leave.bias)
    features, width = torch.from_numpy(examples.features), torch.from_numpy(scale)
    context, base = (torch.from_numpy(one) for one in contexts(examples, bases))
    mu, known = torch.from_numpy(examples.mu), torch.from_numpy(examples.known.astype(np.float32))
    tail = torch.from_numpy(tails(examples.known))
    _, group, count = np.unique(examples.of_code.astype(str), return_inverse=True, return_counts=True)
    counts = torch.from_numpy((1 / np.sqrt(count[group])).astype(np.float32))
    counts = counts / counts.mean()
    numbers = training.FORWARD

    def loss_of(network: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn(len(rows), features.shape[1], generator=generator)
        found = network(features[rows] + numbers.feature_noise * width * noise, context[rows], base[rows])
        found = found / (found * tail[rows]).sum(dim=1, keepdim=True).clamp(min=0.2)
        weight = counts[rows, None] * known[rows] / known[rows].sum(dim=1, keepdim=True)
        difference = found - mu[rows]
        slope = difference[:, 1:] - difference[:, :-1]
        level = ((difference**2 + numbers.smoothing).sqrt() * weight).sum(dim=1)
        return (level + numbers.slope_weight * (slope.abs() * weight[:, 1:]).sum(dim=1)).mean()

    return train(model, len(examples), loss_of, schedule, checkpoint)  # type: ignore[return-value]


def mean_spectra(examples: ForwardExamples, names: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """The mean spectrum of each edge of a code; that of all where the examples have none of it."""
    whole = filled(examples)
    everything = whole.mean(axis=0)
    found = {}
    for name in names:
        rows = examples.of_code == name
        found[name] = np.asarray(whole[rows].mean(axis=0) if rows.any() else everything, np.float32)
    return found


def contexts(
    examples: ForwardExamples, bases: dict[str, NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(n, 31) what a network is given of each example's edge, and (n, POINTS) the mean spectrum of it."""
    names, first, place = np.unique(examples.of_code.astype(str), return_index=True, return_inverse=True)
    rows = [edge_context(int(examples.z[i]), examples.edge[i], examples.code[i]) for i in first.tolist()]
    return np.array(rows, np.float32)[place], np.array([bases[name] for name in names], np.float32)[place]


def train_ensemble(
    tables: Sequence[Path],
    *,
    members: int = 1,
    epochs: int = 25,
    seed: int = 0,
    work: Path | None = None,
    folds: int = len(FOLDS) - 1,
    features: SiteFeatures = SiteFeatures.SURROUNDINGS,
    out: Path = WEIGHTS_FOLDER,
) -> dict[str, Any]:
    """Train, write weights and card, and return the card.

    Everything is trained on all folds of formulas but one, and judged on that one. What is shipped has the metrics and
    the networks that have not seen the first fold; its kernel regressions are fitted to all formulas.

    Args:
        tables: site spectra, see `read_forward_examples`; the sites that come with the package are read as well.
        members: networks beside the kernel regression, with seeds from `seed` on.
        epochs: passes of each over the data.
        seed: of the first.
        work: a folder for checkpoints, from which an interrupted training goes on.
        folds: how many are judged; the card's figures of edges with few spectra are those of all of them.
        features: what is read of a site.
        out: a folder for weights and card; by default that of the package.
    """
    cache = None if work is None else work / "chgnet"
    examples = read_forward_examples(tables, shipped=True, kind=features, cache=cache)
    card: dict[str, Any] = {
        "name": "xastruct-forward",
        "what": "surroundings of an absorber to the XANES of its edge, 200 points over 56 eV, tail one",
        "data": f"{', '.join(path.name for path in tables)} and the sites that come with the package: "
        f"{len(examples):,} site spectra of FEFF9, FEFF10 and VASP",
        "split": "by the checksum of the reduced formula. `held_out`: edges of many FEFF9 spectra, the first fold of "
        f"12 %. `cross_validation`: edges of FEFF10, {folds} folds. Shipped kernel regressions were afterwards fitted "
        "to all formulas, in the metric of the first fold; the networks were not.",
        "command": f"python -m xsearch.training.forward {' '.join(path.name for path in tables)} --members {members} "
        f"--epochs {epochs} --seed {seed} --features {features}",
        "features": features,
        "members": members,
        "start_eV": examples.start_eV,
        **_of_each_edge(examples),
        "formulas_crc32": sorted({zlib.crc32(str(formula).encode()) for formula in examples.formula}),
    }
    found = np.full((len(examples), POINTS), np.nan)
    sigma, by_share = found.copy(), np.full((len(SHARES), len(examples)), np.nan)
    for fold in range(folds):
        part = examples.take(examples.fold != fold)
        kernels = KERNELS if fold == 0 else ("edges",)
        metrics, networks = _trained(part, fold, kernels, members, epochs, seed, work)
        judged = ForwardEnsemble(
            _fit(part, metrics), tuple(networks), mean_spectra(part, list(examples.start_eV)), card
        )
        there = np.array([card["kernel"][name] in metrics for name in examples.edge_names], bool)
        rows = np.flatnonzero((examples.fold == fold) & there & _is_predicted(examples, card))
        tested = examples.take(rows)
        found[rows], sigma[rows] = judged.spectra(tested.features, tested.edge_names)
        for number, share in enumerate(SHARES):
            weighed = replace(judged, settings=replace(FORWARD, network_weight=share))
            by_share[number, rows] = errors(weighed.spectra(tested.features, tested.edge_names)[0], tested)
        if fold == 0:
            shipped = metrics, networks
        print(f"fold {fold}: {len(rows):,} spectra, mean error {np.nanmean(by_share[1, rows]):.4f}", flush=True)
    card |= _figures(examples, card, found, sigma, by_share)
    out.mkdir(parents=True, exist_ok=True)
    weights = out / FORWARD_FILE.name
    write_weights(_fit(examples, shipped[0]), shipped[1], mean_spectra(examples, list(examples.start_eV)), weights)
    card["sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    write_card(card, out / CARD.name)
    return card


def _of_each_edge(examples: ForwardExamples) -> dict[str, Any]:
    """`code`: which code has most spectra of each edge; `kernel`: which kernel then predicts it."""
    codes, kernels = {}, {}
    for name in sorted(set(examples.edge_names)):
        rows = examples.edge_names == name
        there, count = np.unique(examples.code[rows].astype(str), return_counts=True)
        codes[name] = str(there[count.argmax()])
        to_end = examples.known[rows & (examples.code == codes[name]), -1]
        kernels[name] = "edges" if codes[name] == "FEFF10" else "long" if to_end.any() else "all"
    return {"code": codes, "kernel": kernels}


def _is_predicted(examples: ForwardExamples, card: dict[str, Any]) -> NDArray[np.bool_]:
    """(n,) whether a spectrum is of the code whose spectra of its edge are predicted."""
    codes = zip(examples.edge_names, examples.code, strict=True)
    return np.array([card["code"][name] == code for name, code in codes], bool)


def _trained(
    examples: ForwardExamples,
    fold: int,
    kernels: Sequence[str],
    members: int,
    epochs: int,
    seed: int,
    work: Path | None,
) -> tuple[Metrics, list[XAStructForward]]:
    """Metrics of some kernels, and networks, of a fold's training part."""
    metrics = {
        name: _kept(work, f"{name}_{fold}", part, replace(METRICS[name], seed=seed))
        for name, part in _parts(examples).items()
        if name in kernels
    }
    networks = []
    bases = mean_spectra(examples, sorted(set(examples.of_code)))
    for number in range(members):
        schedule = Schedule(epochs=epochs, batch=256, rate=2e-3, weight_decay=0.05, average=0.995, seed=seed + number)
        checkpoint = None if work is None else work / f"forward_{fold}_{number}.pt"
        networks.append(train_member(examples, bases, schedule, checkpoint))
    return metrics, networks


def _parts(examples: ForwardExamples) -> dict[str, ForwardExamples]:
    """The spectra of each kernel; one without spectra is left out."""
    long, short = by_length(examples.take(examples.code == "FEFF9"))
    parts = dict(zip(KERNELS, (long, short, examples.take(examples.code == "FEFF10")), strict=True))
    return {name: part for name, part in parts.items() if len(part)}


def _fit(examples: ForwardExamples, metrics: Metrics) -> dict[str, SiteKernel]:
    aligned = {"long": training.FORWARD.aligned_eV}
    return {
        name: fit_kernel(part, *metrics[name], aligned.get(name, ()))
        for name, part in _parts(examples).items()
        if name in metrics
    }


def _figures(
    examples: ForwardExamples,
    card: dict[str, Any],
    found: NDArray[np.float64],
    sigma: NDArray[np.float64],
    by_share: NDArray[np.float64],
) -> dict[str, Any]:
    """What the card says of formulas held out.

    Args:
        examples, card: of the training.
        found, sigma: (n, POINTS) predictions by models that had not seen the formula; NaN where there are none.
        by_share: (shares, n) their errors by the share of the networks.
    """
    judged = np.isfinite(found[:, 0])
    kernel = np.array([card["kernel"][name] for name in examples.edge_names], object)
    many = np.flatnonzero(judged & (kernel != "edges") & (examples.fold == 0))
    few = np.flatnonzero(judged & (kernel == "edges"))
    scales = {}
    for name in sorted(set(kernel)):
        rows = np.flatnonzero(judged & (kernel == name))
        part = examples.take(rows)
        error = np.abs(found[rows] - part.mu)[part.known].mean()
        scales[name] = round(float(error / sigma[rows][part.known].mean()), 3)
    return {
        "sigma_scale": scales,
        "held_out": score_spectra(found[many], examples.take(many)),
        "cross_validation": score_spectra(found[few], examples.take(few)),
        "error_by_network_weight": {
            f"{share:.1f}": [round(float(by_share[i, rows].mean()), 4) for rows in (many, few)]
            for i, share in enumerate(SHARES)
        },
    }


def write_weights(
    kernels: dict[str, SiteKernel],
    networks: Sequence[XAStructForward],
    bases: dict[str, NDArray[np.float32]],
    path: Path,
) -> None:
    """Write all arrays into one file, the networks' and mean spectra in half precision."""
    from safetensors.numpy import save_file

    arrays = {f"{kernel}.{name}": array for kernel, made in kernels.items() for name, array in made.to_arrays().items()}
    for name, network in zip(member_names(len(networks)), networks, strict=True):
        arrays |= {f"{name}.{key}": value.half().numpy() for key, value in network.state_dict().items()}
    arrays["bases"] = np.array(list(bases.values()), np.float16)
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def _kept(
    work: Path | None, name: str, examples: ForwardExamples, schedule: MetricSchedule
) -> tuple[SiteMetric, float]:
    """The metric, from the folder where an earlier, interrupted training left it."""
    path = None if work is None else work / f"metric_{name}_{schedule.steps}_{schedule.seed}.npz"
    if path is not None and path.exists():
        with np.load(path) as file:
            arrays = dict(file)
        return SiteMetric(**{key: value for key, value in arrays.items() if key != "ridge"}), float(arrays["ridge"])
    metric, ridge = learn_metric(examples, schedule)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, ridge=ridge, **{field.name: getattr(metric, field.name) for field in fields(SiteMetric)})
    return metric, ridge


def write_card(card: dict[str, Any], path: Path) -> None:
    """Write the card with its list of formulas on one line."""
    text = json.dumps({**card, "formulas_crc32": "@"}, indent=2)
    path.write_text(text.replace('"@"', json.dumps(card["formulas_crc32"])) + "\n", encoding="utf-8")


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Train the structure-to-XANES ensemble.")
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--members", type=int, default=1, help="networks beside the kernel regression")
    parser.add_argument("--epochs", type=int, default=25, help="of each network")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=None, help="folder for checkpoints")
    parser.add_argument("--folds", type=int, default=len(FOLDS) - 1, help="how many are judged")
    kinds = [kind.value for kind in SiteFeatures]
    parser.add_argument("--features", choices=kinds, default=kinds[0], help="of a site; CHGNet is an extra")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FOLDER, help="folder for weights and card; ours by default")
    given = vars(parser.parse_args())
    given["features"] = SiteFeatures(given["features"])
    card = train_ensemble(given.pop("tables"), **given)
    print(json.dumps({name: card[name] for name in ("held_out", "cross_validation")}, indent=2))


if __name__ == "__main__":
    main()
