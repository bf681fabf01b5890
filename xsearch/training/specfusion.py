"""Training of SpecFusionNet on materials with spectra; labels that a material lacks are masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch
from torch import Tensor, nn

from xsearch.data.augmentation import Augmentation
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import SpectrumError
from xsearch.indexes import Index
from xsearch.indexes.xanes_table import XanesTable
from xsearch.models.absorber import ABSORBER_FEATURES, absorber_features
from xsearch.models.specfusion import PROPERTY_CLASSES, PROPERTY_NUMBERS, PropertyHeads, SpecFusion
from xsearch.preprocess.xanes import WINDOW_POINTS
from xsearch.training.loop import Schedule, train
from xsearch.training.settings import PROPERTIES

COLUMNS = {
    "band_gap": "band_gap_eV",
    "density": "density_g_cm3",
    "formation_energy_per_atom": "formation_energy_eV_atom",
    "efermi": "fermi_level_eV",
    "ordering": "magnetic_ordering",
}
"""Columns of tables that are named otherwise than the properties."""


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


def read_properties(tables: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Property labels by material id from Parquet tables with `material_id`; a later table fills in what is missing.

    Raises:
        SpectrumError: where a file is no such table.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in tables:
        if not path.exists() or "material_id" not in (there := pq.read_schema(path).names):
            raise SpectrumError(f"{path}: a Parquet table with material_id and properties is expected.")
        named = {name: COLUMNS.get(name, name) for name in there}
        kept = [n for n, meaning in named.items() if meaning in PROPERTY_NUMBERS or meaning in PROPERTY_CLASSES]
        table = pd.read_parquet(path, columns=["material_id", *kept]).astype(object)
        for row in table.where(table.notna(), None).to_dict("records"):
            mine = found.setdefault(str(row["material_id"]), {})
            for name in kept:
                if mine.get(named[name]) is None:
                    mine[named[name]] = _plain(row[name])
    return found


def properties_of(index: Index) -> dict[str, dict[str, Any]]:
    """Property labels of an index's materials by id."""
    rows = [int(row) for row in sorted(set(index.spectra_table.column("row_id").drop_null().to_pylist()))]
    return {m.material_id: {k: _plain(v) for k, v in m.properties.items()} for m in index.materials(rows)}


def heads_for(samples: Samples, least: int = PROPERTIES.least_labels) -> PropertyHeads:
    """Heads for what enough of the samples have labels of, with more than one answer among them."""
    numbers = {}
    for name, values in samples.numbers.items():
        known = values[torch.isfinite(values)]
        if len(known) >= least and float(known.std()) > 0:
            numbers[name] = (float(known.median()), float(known.std()))
    known_classes = {name: values[values >= 0] for name, values in samples.classes.items()}
    classes = [n for n, known in known_classes.items() if len(known) >= least and int(known.max()) > int(known.min())]
    return PropertyHeads(numbers, tuple(classes))


def make_samples(tables: Sequence[XanesTable], properties: Mapping[str, Mapping[str, Any]]) -> Samples:
    """One sample a material and code: its material-level spectra, or the only site's, of every absorber.

    Raises:
        SpectrumError: where no material has both spectra and properties.
    """
    rows: dict[tuple[str, str], dict[str, tuple[XanesTable, int]]] = {}
    for table in tables:
        for number in range(len(table)):
            key = (table.material_id[number], table.code[number])
            mine = rows.setdefault(key, {})
            if table.absorber not in mine or table.level[number] == "material":
                mine[table.absorber] = (table, number)
    kept = [(key, mine) for key, mine in rows.items() if key[0] in properties]
    if not kept:
        raise SpectrumError("None of the materials with spectra has properties; are the ids of one kind?")
    n, t = len(kept), PROPERTIES.most_elements
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
            edge = mine[symbol][0].edge if symbol in mine else "K"
            elements[i, j] = torch.from_numpy(absorber_features(ATOMIC_NUMBERS[symbol], edge))
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
    device: str = "cpu",
) -> SpecFusion:
    """Train the model; `use_spectra` off gives the baseline that sees the elements alone."""
    schedule = schedule or Schedule(epochs=40, batch=96, rate=1.5e-3, weight_decay=0.05)
    torch.manual_seed(schedule.seed)
    model = SpecFusion(heads_for(samples))
    augment = Augmentation(stretch=0.0, disorder_A2=0.0, white_line=0.0)

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        elements, present, measured, values, known, offset = (t[rows] for t in samples.inputs)
        seen = measured & (torch.rand(measured.shape, generator=generator) > PROPERTIES.edge_dropped) & use_spectra
        if seen.any():
            plain = (values, known, offset)
            augmented = augment(values[seen], known[seen], offset[seen], generator)
            values, known, offset = (t.index_put((seen,), d) for t, d in zip(plain, augmented, strict=True))
        batch = (t.to(device) for t in (elements, present, seen, values, known, offset))
        numbers, classes = net(*batch)
        return _loss(numbers, classes, samples, rows, model.heads)

    trained = train(model, len(samples), loss_of, schedule, checkpoint, report, device)
    assert isinstance(trained, SpecFusion)
    return trained


@torch.inference_mode()
def figures(model: SpecFusion, samples: Samples, use_spectra: bool = True) -> dict[str, float]:
    """Mean absolute errors and accuracies on samples, with the constant answer's beside them and how many are known."""
    inputs = list(samples.inputs)
    inputs[2] = inputs[2] & use_spectra
    numbers, classes = model(*inputs)
    found: dict[str, float] = {}
    for name, (usual, spread) in model.heads.numbers.items():
        truth = samples.numbers[name]
        known = torch.isfinite(truth)
        answer = numbers[name][:, 0] * spread + usual
        found[f"{name}_mae"] = float((answer - truth)[known].abs().mean())
        found[f"{name}_mae_constant"] = float((truth[known].median() - truth[known]).abs().mean())
        found[f"{name}_n"] = int(known.sum())
    for name in model.heads.classes:
        truth = samples.classes[name]
        known = truth >= 0
        found[f"{name}_accuracy"] = float((classes[name].argmax(1) == truth)[known].float().mean())
        found[f"{name}_accuracy_constant"] = float(torch.bincount(truth[known]).max() / known.sum())
        found[f"{name}_n"] = int(known.sum())
    return found


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _plain(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool | np.bool_) else value


def _loss(
    numbers: dict[str, Tensor], classes: dict[str, Tensor], samples: Samples, rows: Tensor, heads: PropertyHeads
) -> Tensor:
    terms = []
    for name, (usual, spread) in heads.numbers.items():
        out = numbers[name]
        truth = ((samples.numbers[name][rows] - usual) / spread).to(out.device)
        known = torch.isfinite(truth)
        if known.any():
            mean, log_scale = out[known, 0], out[known, 1].clamp(-5, 3)
            distance = (mean.detach() - truth[known]).abs()
            terms.append(nn.functional.smooth_l1_loss(mean, truth[known], beta=0.2))
            terms.append(0.1 * (distance * (-log_scale).exp() + log_scale).mean())
    for name in heads.classes:
        truth = samples.classes[name][rows].to(classes[name].device)
        if (truth >= 0).any():
            terms.append(0.5 * nn.functional.cross_entropy(classes[name], truth, ignore_index=-1))
    outputs = (*numbers.values(), *classes.values())
    return torch.stack(terms or [0 * out.sum() for out in outputs]).sum()
