"""Training of SpecFusionNet from tables or an index, with its card: `xsearch train specfusion`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from xsearch.data.xanes_sites import fold_of
from xsearch.data.xanes_tables import make_tables, read_spectra
from xsearch.errors import SpectrumError
from xsearch.indexes import Index
from xsearch.indexes.xanes_table import XanesTable
from xsearch.models.property_model import PropertyModel
from xsearch.spectra.xas import XasSpectrum
from xsearch.training.calibration import temperatures
from xsearch.training.loop import Schedule, usable_device
from xsearch.training.run_site import resumable
from xsearch.training.settings import CALIBRATION, PROPERTIES
from xsearch.training.specfusion import (
    Samples,
    figures,
    heads_for,
    make_samples,
    properties_of,
    read_properties,
    train_specfusion,
)

if TYPE_CHECKING:
    from rich.table import Table

CARD = """# SpecFusionNet: properties of a material from its edges and its elements

- Data: {n:,} materials with spectra of {source}; a label that a material lacks is masked, and what fewer than 100
  materials have labels of gets no head.
- Split: by reduced formula (a hash modulo 10): fold 0 for the figures, fold 1 for calibration. Seed {seed}.
- Command: `{command}`. sha256 {digest}.
- Gap and energies are those of semilocal DFT, magnetism that of collinear calculations of the database.

| figure on fold 0 | N | edges and elements | elements alone | one constant answer |
|---|---|---|---|---|
{rows}
"""


@dataclass(frozen=True, slots=True)
class PropertyReport:
    """Figures on formulas that were held out.

    Attributes:
        rows: figure, N, of the model, of the same network without spectra, and of one constant answer.
        folder: where the weights are.
    """

    rows: tuple[tuple[str, int, float, float, float], ...]
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        heads = ("n", "model", "elements_alone", "constant")
        return {name: dict(zip(heads, rest, strict=True)) for name, *rest in self.rows} | {"folder": str(self.folder)}

    def table(self) -> Table:
        """As a table for a terminal."""
        from rich.table import Table

        shown = Table(title="Formulas held out")
        for heading in ("figure", "N", "edges and elements", "elements alone", "constant"):
            shown.add_column(heading, justify="left" if heading == "figure" else "right")
        for name, n, *values in self.rows:
            shown.add_row(name, f"{n:,}", *(f"{v:.3f}" for v in values))
        shown.caption = f"Weights and card are in {self.folder}."
        return shown


def make_specfusion(
    out: Path,
    tables: Sequence[Path] = (),
    properties: Sequence[Path] = (),
    index: str | Path | None = None,
    *,
    epochs: int | None = None,
    seed: int = 0,
    device: str = "cpu",
    say: Callable[[str], None] | None = None,
) -> PropertyReport:
    """Train SpecFusionNet and the baseline that sees no spectrum, calibrate, save with a card.

    Args:
        out: where weights and card go; checkpoints too, until the training is done.
        tables: Parquet tables of spectra.
        properties: Parquet tables of properties by `material_id`; a later one fills in what an earlier one lacks.
        index: an index whose spectra and properties are taken as well.
        epochs: of the model, instead of the usual number.
        seed: of weights, order and augmentation.
        device: where it is trained, such as `cuda`.
        say: called with one line of progress.

    Raises:
        XSearchError: where there is nothing to train on.
    """
    usable_device(device)
    samples, edges = read_samples(tables, properties, index)
    fold = np.array([fold_of(str(f)) for f in samples.formula])
    training, validation, test = samples.take(fold > 1), samples.take(fold == 1), samples.take(fold == 0)
    if min(len(training), len(validation), len(test)) == 0:
        raise SpectrumError(f"{len(samples)} materials are too few to train on, calibrate with and test on.")
    heads = heads_for(training)
    if not heads.numbers and not heads.classes:
        raise SpectrumError("No property has enough labels among the materials with spectra.")
    found, models = {}, {}
    for name, use_spectra, usual in (
        ("fused", True, PROPERTIES.epochs),
        ("elements", False, PROPERTIES.baseline_epochs),
    ):

        def report(epoch: int, loss: float, _: nn.Module, name: str = name) -> None:
            if say is not None:
                say(f"{name}: epoch {epoch + 1}, loss {loss:.4f}")

        schedule = Schedule(epochs=epochs or usual, batch=96, rate=1.5e-3, weight_decay=0.05, seed=seed)
        # named by data and schedule, so that no checkpoint is taken up by another training
        checkpoint = out / f"specfusion_{name}_{_key(training, schedule)}.checkpoint"
        with resumable(checkpoint):
            models[name] = train_specfusion(training, schedule, checkpoint, report, use_spectra, device)
        found[name] = figures(models[name], test, use_spectra)
    model = PropertyModel(models["fused"], {"scale": {}, "temperature": {}, "edges": edges, "seed": seed})
    _calibrate(model, validation)
    model.save(out)
    rows = _rows(model, found)
    names = [p.name for p in (*tables, *properties)]
    source = ", ".join([*(f"`{name}`" for name in names), *([f"index `{index}`"] if index else [])])
    given = [f"$XSEARCH_DATA/{p.name}" for p in tables] + [f"--properties $XSEARCH_DATA/{p.name}" for p in properties]
    given += [f"--index {index}"] if index else []
    card = CARD.format(
        n=len(training),
        source=source,
        seed=seed,
        command=" ".join(["xsearch train specfusion", *given, "--seed", str(seed), "--out FOLDER"]),
        digest=hashlib.sha256((out / "specfusion.safetensors").read_bytes()).hexdigest(),
        rows="\n".join(f"| {name} | {n} | {a:.3f} | {b:.3f} | {c:.3f} |" for name, n, a, b, c in rows),
    )
    (out / "specfusion.md").write_text(card, encoding="utf-8")
    for path in out.glob("specfusion_*.checkpoint"):
        path.unlink()
    return PropertyReport(rows, out)


def read_samples(
    tables: Sequence[Path], properties: Sequence[Path], index: str | Path | None = None
) -> tuple[Samples, list[str]]:
    """Materials with spectra and properties, and their edges.

    Of codes that give one site several spectra only the one with the longest is taken, so that no material counts
    twice.

    Raises:
        SpectrumError: where nothing is given, or no material has both spectra and properties.
    """
    if index is None and not (tables and properties):
        raise SpectrumError("Nothing to train on: name tables of spectra and --properties, or an index with --index.")
    spectra = [s for s in read_spectra(*tables)[0] if s.material_id and s.reduced_formula]
    found: list[XanesTable] = make_tables(_longest(spectra))[0]
    labels = read_properties(properties)
    if index is not None:
        opened = Index.open(index)
        found += [t.take(t.kind == "simulated") for t in opened.xanes.values()]
        labels |= properties_of(opened)
    return make_samples(found, labels), sorted({f"{t.absorber} {t.edge}" for t in found if len(t)})


def _key(samples: Samples, schedule: Schedule) -> str:
    digest = hashlib.sha256(repr((schedule, heads_for(samples))).encode())
    for tensor in samples.inputs:
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:12]


def _longest(spectra: Sequence[XasSpectrum]) -> list[XasSpectrum]:
    """Of each material and edge the spectra of the one code whose window reaches farthest."""
    reach: dict[tuple[str | None, str, str], dict[str, float]] = {}
    for s in spectra:
        mine = reach.setdefault((s.material_id, s.absorber, s.edge), {})
        span = float(np.ptp(s.energy_eV))
        mine[s.code] = max(mine.get(s.code, 0.0), span)
    best = {key: max(sorted(codes), key=lambda code: codes[code]) for key, codes in reach.items()}
    return [s for s in spectra if s.code == best[s.material_id, s.absorber, s.edge]]


@torch.inference_mode()
def _calibrate(model: PropertyModel, validation: Samples) -> None:
    numbers, classes = model.network.eval()(*validation.inputs)
    for name, (usual, spread) in model.network.heads.numbers.items():
        truth = (validation.numbers[name] - usual) / spread
        known = torch.isfinite(truth)
        errors = (numbers[name][known, 0] - truth[known]).abs() / numbers[name][known, 1].clamp(-5, 3).exp()
        model.settings["scale"][name] = float(errors.quantile(CALIBRATION.share_within)) if known.any() else 1.0
    for name in model.network.heads.classes:
        truth = validation.classes[name]
        losses = {
            t: float(nn.functional.cross_entropy(classes[name] / t, truth, ignore_index=-1)) for t in temperatures()
        }
        model.settings["temperature"][name] = min(losses, key=lambda t: losses[t]) if (truth >= 0).any() else 1.0


def _rows(model: PropertyModel, found: dict[str, dict[str, float]]) -> tuple[tuple[str, int, float, float, float], ...]:
    heads, fused, alone = model.network.heads, found["fused"], found["elements"]
    keys = [(n, f"{n}_mae") for n in heads.numbers] + [(n, f"{n}_accuracy") for n in heads.classes]
    return tuple((k, int(fused[f"{n}_n"]), fused[k], alone[k], fused[f"{k}_constant"]) for n, k in keys)
