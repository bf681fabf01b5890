"""The command that makes the shipped SpecFusionNet: `python -m xsearch.training.run_specfusion FOLDER`."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from xsearch.builders.xanes import make_tables, read_parquet
from xsearch.models.property_model import WEIGHTS, PropertyModel
from xsearch.models.specfusion import PROPERTY_CLASSES, PROPERTY_NUMBERS
from xsearch.training.loop import Schedule
from xsearch.training.specfusion import Samples, figures, make_samples, read_properties, train_specfusion
from xsearch.training.xanes_data import fold_of

SHARE_WITHIN = 0.68
TEMPERATURES = tuple(np.round(np.exp(np.linspace(-0.9, 0.9, 37)), 3).tolist())

CARD = """# SpecFusionNet: properties of a material from its edges and its elements

- Data: {n:,} materials with spectra of `xas_feff9.parquet`, properties of `mp_structures.parquet` and
  `mp_labels.parquet`; a label that a material lacks is masked. Fermi level and direct gaps had no labels: no heads.
- Split: by reduced formula (a hash modulo 10): fold 0 for the figures, fold 1 for calibration. Seed {seed}.
- Command: `python -m xsearch.training.run_specfusion $XSEARCH_DATA --seed {seed}`. sha256 {digest}.
- Gap and energies are those of semilocal DFT, magnetism that of collinear calculations of the database.

| figure on fold 0 | N | edges and elements | elements alone | one constant answer |
|---|---|---|---|---|
{rows}
"""


def make_specfusion(
    folder: Path,
    out: Path = WEIGHTS,
    work: Path | None = None,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> dict[str, float]:
    """Train SpecFusionNet and the baseline that sees no spectrum, calibrate, save with a card; returns the figures.

    Args:
        folder: with `xas_feff9.parquet`, `mp_structures.parquet` and `mp_labels.parquet`.
        out: where weights and card go.
        work: a folder for checkpoints.
        seed: of weights, order and augmentation.
        say: told in one line what is going on.
    """
    samples, edges = read_samples(folder)
    fold = np.array([fold_of(f) for f in samples.formula])
    training, validation, test = samples.take(fold > 1), samples.take(fold == 1), samples.take(fold == 0)
    found = {}
    models = {}
    for name, use_spectra, epochs in (("fused", True, 30), ("elements", False, 20)):

        def report(epoch: int, loss: float, _: nn.Module, name: str = name) -> None:
            if say is not None:
                say(f"{name}: epoch {epoch + 1}, loss {loss:.4f}")

        schedule = Schedule(epochs=epochs, batch=96, rate=1.5e-3, weight_decay=0.05, seed=seed)
        checkpoint = None if work is None else work / f"specfusion_{name}.pt"
        models[name] = train_specfusion(training, schedule, checkpoint, report, use_spectra)
        found[name] = figures(models[name], test, use_spectra)
    model = PropertyModel(models["fused"], {"scale": {}, "temperature": {}, "edges": edges, "seed": seed})
    _calibrate(model, validation)
    model.save(out)
    _write_card(out, training, found, seed)
    return found["fused"] | {f"elements_{k}": v for k, v in found["elements"].items()}


def read_samples(folder: Path) -> tuple[Samples, list[str]]:
    """Materials of the FEFF9 table, the longer spectra where two codes' tables hold the same sites; and the edges."""
    spectra = read_parquet(folder / "xas_feff9.parquet")
    kept = [
        s
        for s in spectra
        if not s.code.startswith("VASP")
        and s.reduced_formula not in ("nan", "")
        and not (s.code == "FEFF9" and s.xanes.absorber == "Cu")
    ]
    tables, _ = make_tables(kept)
    properties = read_properties(folder / "mp_structures.parquet", folder / "mp_labels.parquet")
    return make_samples(tables, properties), [f"{t.absorber} {t.edge}" for t in tables]


@torch.inference_mode()
def _calibrate(model: PropertyModel, validation: Samples) -> None:
    numbers, classes = model.network.eval()(*validation.inputs)
    for name, (usual, spread) in PROPERTY_NUMBERS.items():
        truth = (validation.numbers[name] - usual) / spread
        told = torch.isfinite(truth)
        errors = (numbers[name][told, 0] - truth[told]).abs() / numbers[name][told, 1].clamp(-5, 3).exp()
        model.settings["scale"][name] = float(errors.quantile(SHARE_WITHIN))
    for name in PROPERTY_CLASSES:
        truth = validation.classes[name]
        losses = {
            t: float(nn.functional.cross_entropy(classes[name] / t, truth, ignore_index=-1)) for t in TEMPERATURES
        }
        model.settings["temperature"][name] = min(losses, key=lambda t: losses[t])


def _write_card(out: Path, training: Samples, found: dict[str, dict[str, float]], seed: int) -> None:
    rows = []
    for name, kind in (*((n, "mae") for n in PROPERTY_NUMBERS), *((n, "accuracy") for n in PROPERTY_CLASSES)):
        key = f"{name}_{kind}"
        fused, alone = found["fused"], found["elements"]
        numbers = f"{fused[key]:.3f} | {alone[key]:.3f} | {fused[key + '_constant']:.3f}"
        rows.append(f"| {key} | {fused[name + '_n']} | {numbers} |")
    digest = hashlib.sha256((out / "specfusion.safetensors").read_bytes()).hexdigest()
    (out / "specfusion.md").write_text(CARD.format(n=len(training), seed=seed, digest=digest, rows="\n".join(rows)))


def main() -> None:
    """Command line of the training."""
    parser = argparse.ArgumentParser(description="Train SpecFusionNet.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--work", type=Path, help="folder for checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found = make_specfusion(given.folder, given.out, given.work, given.seed, lambda line: print(line, flush=True))
    for name, value in found.items():
        print(f"{name}: {value:.4f}")


if __name__ == "__main__":
    main()
