"""Training of SpecFusionNet on materials with spectra; labels that a material lacks are masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from xsearch.elements import ATOMIC_NUMBERS
from xsearch.indexes.xanes_table import XanesTable
from xsearch.models.absorber import ABSORBER_FEATURES, absorber_features
from xsearch.models.specfusion import PROPERTY_CLASSES, PROPERTY_NUMBERS, SpecFusion
from xsearch.preprocess.xanes import WINDOW_POINTS
from xsearch.training.augment import Augmentation
from xsearch.training.loop import Schedule, train

MOST_ELEMENTS = 8
EDGE_DROPPED = 0.15
"""How often a measured edge is hidden in training, so that elements alone are an answer too."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Materials as padded tensors, arguments of `SpecFusion.forward`, with labels (NaN or -1 where unknown)."""

    inputs: tuple[Tensor, ...]
    numbers: dict[str, Tensor]
    classes: dict[str, Tensor]
    formula: np.ndarray

    def __len__(self) -> int:
        return len(self.formula)

    def take(self, rows: np.ndarray) -> Samples:
        """Some of the samples, by mask or index."""
        at = torch.from_numpy(np.flatnonzero(rows) if rows.dtype == bool else rows)
        return Samples(
            tuple(t[at] for t in self.inputs),
            {k: v[at] for k, v in self.numbers.items()},
            {k: v[at] for k, v in self.classes.items()},
            self.formula[at.numpy()],
        )


def read_properties(structures: Path, labels: Path) -> dict[str, dict[str, Any]]:
    """Property labels by material id from the tables `mp_structures` and `mp_labels`."""
    first = pd.read_parquet(structures, columns=["material_id", "density", "formation_energy_per_atom"])
    second = pd.read_parquet(
        labels, columns=["material_id", "band_gap", "is_metal", "is_magnetic", "magnetic_ordering"]
    )
    table = first.merge(second, on="material_id", how="outer").astype(object)
    table = table.where(table.notna(), None)
    names = {
        "density": "density_g_cm3",
        "formation_energy_per_atom": "formation_energy_eV_atom",
        "band_gap": "band_gap_eV",
    }
    found = {}
    for row in table.rename(columns=names).to_dict("records"):
        for name in ("is_metal", "is_magnetic"):
            row[name] = None if row[name] is None else ("yes" if row[name] else "no")
        found[str(row.pop("material_id"))] = row
    return found


def make_samples(tables: Sequence[XanesTable], properties: Mapping[str, Mapping[str, Any]]) -> Samples:
    """One sample a material and code: its material-level spectra, or the only site's, of every absorber."""
    rows: dict[tuple[str, str], dict[str, tuple[XanesTable, int]]] = {}
    for table in tables:
        for number in range(len(table)):
            key = (table.material_id[number], table.code[number])
            mine = rows.setdefault(key, {})
            if table.absorber not in mine or table.level[number] == "material":
                mine[table.absorber] = (table, number)
    kept = [(key, mine) for key, mine in rows.items() if key[0] in properties]
    n, t = len(kept), MOST_ELEMENTS
    elements = torch.zeros(n, t, ABSORBER_FEATURES)
    present, measured = torch.zeros(n, t, dtype=torch.bool), torch.zeros(n, t, dtype=torch.bool)
    values, known = torch.zeros(n, t, WINDOW_POINTS), torch.zeros(n, t, WINDOW_POINTS, dtype=torch.bool)
    offset = torch.zeros(n, t)
    formulas = []
    for i, (_, mine) in enumerate(kept):
        table, number = next(iter(mine.values()))
        formulas.append(table.reduced_formula[number])
        ordered = sorted(table.elements[number], key=lambda e: (e not in mine, e))[:t]
        for j, symbol in enumerate(ordered):
            present[i, j] = True
            elements[i, j] = torch.from_numpy(absorber_features(ATOMIC_NUMBERS[symbol], "K"))
            if symbol in mine:
                source, row = mine[symbol]
                measured[i, j] = True
                values[i, j] = torch.from_numpy(source.values[row])
                known[i, j] = torch.from_numpy(source.known[row])
                offset[i, j] = float(source.offset_eV[row])
    labels = [properties[key[0]] for key, _ in kept]
    numbers = {name: torch.tensor([_number(row.get(name)) for row in labels]) for name in PROPERTY_NUMBERS}
    classes = {
        name: torch.tensor([values_.index(row[name]) if row.get(name) in values_ else -1 for row in labels])
        for name, values_ in PROPERTY_CLASSES.items()
    }
    return Samples((elements, present, measured, values, known, offset), numbers, classes, np.array(formulas, object))


def train_specfusion(
    samples: Samples,
    schedule: Schedule | None = None,
    checkpoint: Path | None = None,
    report: Callable[[int, float, nn.Module], None] | None = None,
    use_spectra: bool = True,
) -> SpecFusion:
    """Train the model; `use_spectra` off gives the baseline that sees the elements alone."""
    schedule = schedule or Schedule(epochs=40, batch=96, rate=1.5e-3, weight_decay=0.05)
    torch.manual_seed(schedule.seed)
    model, disturb = SpecFusion(), Augmentation()

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        elements, present, measured, values, known, offset = (t[rows] for t in samples.inputs)
        seen = measured & (torch.rand(measured.shape, generator=generator) > EDGE_DROPPED) & use_spectra
        if seen.any():
            plain = (values, known, offset)
            disturbed = disturb(values[seen], known[seen], offset[seen], generator)
            values, known, offset = (t.index_put((seen,), d) for t, d in zip(plain, disturbed, strict=True))
        numbers, classes = net(elements, present, seen, values, known, offset)
        return _loss(numbers, classes, samples, rows)

    trained = train(model, len(samples), loss_of, schedule, checkpoint, report)
    assert isinstance(trained, SpecFusion)
    return trained


@torch.inference_mode()
def figures(model: SpecFusion, samples: Samples, use_spectra: bool = True) -> dict[str, float]:
    """Mean absolute errors and accuracies on samples, with the constant answer's beside them and how many were told."""
    inputs = list(samples.inputs)
    inputs[2] = inputs[2] & use_spectra
    numbers, classes = model(*inputs)
    found: dict[str, float] = {}
    for name, (usual, spread) in PROPERTY_NUMBERS.items():
        truth = samples.numbers[name]
        told = torch.isfinite(truth)
        answer = numbers[name][:, 0] * spread + usual
        found[f"{name}_mae"] = float((answer - truth)[told].abs().mean())
        found[f"{name}_mae_constant"] = float((truth[told].median() - truth[told]).abs().mean())
        found[f"{name}_n"] = int(told.sum())
    for name in PROPERTY_CLASSES:
        truth = samples.classes[name]
        told = truth >= 0
        found[f"{name}_accuracy"] = float((classes[name].argmax(1) == truth)[told].float().mean())
        found[f"{name}_accuracy_constant"] = float(torch.bincount(truth[told]).max() / told.sum())
        found[f"{name}_n"] = int(told.sum())
    return found


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _loss(numbers: dict[str, Tensor], classes: dict[str, Tensor], samples: Samples, rows: Tensor) -> Tensor:
    total = torch.zeros(())
    for name, (usual, spread) in PROPERTY_NUMBERS.items():
        truth = (samples.numbers[name][rows] - usual) / spread
        told = torch.isfinite(truth)
        if told.any():
            mean, log_scale = numbers[name][told, 0], numbers[name][told, 1].clamp(-5, 3)
            total = total + nn.functional.smooth_l1_loss(mean, truth[told], beta=0.2)
            distance = (mean.detach() - truth[told]).abs()
            total = total + 0.1 * (distance * (-log_scale).exp() + log_scale).mean()
    for name in PROPERTY_CLASSES:
        truth = samples.classes[name][rows]
        if (truth >= 0).any():
            total = total + 0.5 * nn.functional.cross_entropy(classes[name], truth, ignore_index=-1)
    return total
