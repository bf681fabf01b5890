"""Variants of the forward model on the same formulas and seeds, each against the model as it ships."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks._data import KEPT, data_file
from xsearch.data.forward_sites import ForwardExamples, read_forward_examples
from xsearch.models.forward import errors
from xsearch.models.forward_features import SiteFeatures, columns_of
from xsearch.models.xastruct_forward import TAIL_POINTS
from xsearch.training.forward import METRICS, contexts, mean_spectra, train_member
from xsearch.training.loop import Schedule
from xsearch.training.settings import FORWARD
from xsearch.training.site_kernel import by_length, fit_kernel, learn_metric

SEEDS = {"kernel": (0,), "network": (0, 1)}
"""Of each model; the regression's has no chance beyond the order of formulas."""

EPOCHS = 15
"""Of the networks; those of the package are trained for 25."""

STEPS, BATCH = 60, 400
"""Of the metrics of the kernel regressions, and sites in one; those of the package have 120 to 300 and 1,000."""

FOLDS_JUDGED = 3
"""Of the five folds of formulas; 56 % of the formulas are in these."""

RESAMPLED = 1000
"""Draws of formulas from which the standard error of a difference comes."""

Errors = NDArray[np.float64]


def compared_features(work: Path | None, share: float) -> Iterator[dict[str, Any]]:
    """A line for each model and kind of features: mean errors by group, and what they gain over the surroundings."""
    both = _examples(SiteFeatures.BOTH, share)
    for model, trained in (("kernel", _kernel_errors), ("network", _network_errors)):
        first: Errors | None = None
        for kind in SiteFeatures:
            part = replace(both, features=np.ascontiguousarray(both.features[:, columns_of(kind)]))
            error = np.mean(
                [_kept(work, f"{model}_{kind}_{seed}", trained, part, seed) for seed in SEEDS[model]], axis=0
            )  # over seeds, of each spectrum
            first = error if first is None else first
            yield {"variant": f"{model}_{kind}", **_figures(both, error, first)}


def compared_gates(work: Path | None, share: float) -> Iterator[dict[str, Any]]:
    """A line for each kind of blocks, both of as many parameters."""
    examples = _examples(SiteFeatures.SURROUNDINGS, share)

    def ungated(part: ForwardExamples, seed: int) -> Errors:
        return _network_errors(part, seed, gated=False)

    first: Errors | None = None
    for name, trained in (("gated", _network_errors), ("ungated", ungated)):
        error = np.mean([_kept(work, f"{name}_{seed}", trained, examples, seed) for seed in SEEDS["network"]], axis=0)
        first = error if first is None else first
        yield {"variant": name, **_figures(examples, error, first)}


def _examples(kind: SiteFeatures, share: float) -> ForwardExamples:
    """Sites of a share of the formulas, which is drawn by another part of the checksum than the folds."""

    def wanted(formula: str) -> bool:
        return zlib.crc32(formula.encode()) // 100 % 1000 < 1000 * share

    tables = [data_file("xas_feff9.parquet"), data_file("xas_feff10_sites.parquet")]
    cache = KEPT / "chgnet"
    return read_forward_examples(tables, shipped=True, kind=kind, cache=cache, wanted=wanted)


def _kept(
    work: Path | None,
    name: str,
    trained: Callable[[ForwardExamples, int], Errors],
    examples: ForwardExamples,
    seed: int,
) -> Errors:
    """Errors of a variant, from the folder where an earlier run left them."""
    path = None if work is None else work / f"{name}.npy"
    if path is not None and path.exists():
        return np.asarray(np.load(path), np.float64)
    found = trained(examples, seed)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, found)
    return found


def _network_errors(examples: ForwardExamples, seed: int, gated: bool = True) -> Errors:
    """(n,) errors of networks, each on the fold of formulas that it was not trained on."""
    found = np.full(len(examples), np.nan)
    schedule = Schedule(epochs=EPOCHS, batch=256, rate=2e-3, weight_decay=0.05, average=0.995, seed=seed)
    for fold in range(FOLDS_JUDGED):
        part, rows = examples.take(examples.fold != fold), np.flatnonzero(examples.fold == fold)
        bases = mean_spectra(part, sorted(set(examples.of_code)))
        network = train_member(part, bases, schedule, gated=gated)
        tested = examples.take(rows)
        context, base = (torch.from_numpy(one) for one in contexts(tested, bases))
        with torch.inference_mode():
            spectra = network(torch.from_numpy(tested.features), context, base).numpy().astype(np.float64)
        found[rows] = errors(spectra, tested)
    return found


def _kernel_errors(examples: ForwardExamples, seed: int) -> Errors:
    """(n,) errors of the kernel regression that predicts each edge; NaN where none does."""
    found = np.full(len(examples), np.nan)
    for fold in range(FOLDS_JUDGED):
        training = examples.take(examples.fold != fold)
        long, short = by_length(training.take(training.code == "FEFF9"))
        parts = {"long": long, "all": short, "edges": training.take(training.code == "FEFF10")}
        for name, part in parts.items():
            known = np.isin(examples.edge_numbers, part.edge_numbers)
            rows = np.flatnonzero((examples.fold == fold) & _is_of(examples, name) & known)
            tested = examples.take(rows)
            schedule = replace(METRICS[name], steps=STEPS, batch=BATCH, seed=seed)
            aligned = FORWARD.aligned_eV if name == "long" else ()
            kernel = fit_kernel(part, *learn_metric(part, schedule), aligned)
            spectra = kernel.spectra(tested.features, tested.edge_numbers).mean(axis=0)
            spectra /= np.maximum(spectra[:, -TAIL_POINTS:].mean(axis=1, keepdims=True), 0.2)
            found[rows] = errors(spectra, tested)
    return found


def _is_of(examples: ForwardExamples, name: str) -> NDArray[np.bool_]:
    """(n,) which spectra a kernel predicts."""
    copper = examples.edge_names == "Cu K"
    if name == "edges":
        return np.asarray(examples.code == "FEFF10")
    if name == "long":
        return np.asarray((examples.code == "FEFF9") & copper & examples.long)
    return np.asarray((examples.code == "FEFF9") & ~copper)


def _figures(examples: ForwardExamples, error: Errors, first: Errors) -> dict[str, Any]:
    """Mean errors in edge steps by group, and how much less than the first variant's, with its standard error."""
    found: dict[str, Any] = {}
    for group, name in (("cu", "long"), ("five", "all"), ("feff10", "edges")):
        rows = np.flatnonzero(_is_of(examples, name) & np.isfinite(error))
        gain, of = (first - error)[rows], examples.formula[rows].astype(str)
        found[group] = {
            "n": len(rows),
            "formulas": len(set(of)),
            "error": round(float(error[rows].mean()), 4),
            "gain": round(float(gain.mean()), 4),
            "gain_se": round(_standard_error(gain, of), 4),
        }
    return {"n": sum(one["n"] for one in found.values()), **found}


def _standard_error(values: Errors, groups: NDArray[np.str_]) -> float:
    """Of a mean of values, drawing whole groups with replacement."""
    _, place = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(place, values), np.bincount(place)
    drawn = np.random.default_rng(0).integers(len(sums), size=(RESAMPLED, len(sums)))
    return float((sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)).std())
