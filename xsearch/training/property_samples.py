"""Materials with properties, and with spectra where they have any, as arrays to train SpecFusionNet on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch
from torch import Tensor

from xsearch.chemistry.formula import parse_formula
from xsearch.elements import ATOMIC_NUMBERS, EDGES
from xsearch.errors import CrystalError, SpectrumError
from xsearch.indexes import Index
from xsearch.indexes.xanes_table import XanesTable
from xsearch.models.property_composition import (
    COMPOSITION_FEATURES,
    PROPERTY_CLASSES,
    PROPERTY_NUMBERS,
    PropertyHeads,
    composition_features,
)
from xsearch.models.specfusion import Tokens
from xsearch.preprocess.xanes import WINDOW_POINTS
from xsearch.training.settings import PROPERTIES

COLUMNS = {
    "band_gap": "band_gap_eV",
    "density": "density_g_cm3",
    "formation_energy_per_atom": "formation_energy_eV_atom",
    "efermi": "fermi_level_eV",
    "ordering": "magnetic_ordering",
}
"""Columns of tables that are named otherwise than the properties."""

FORMULA = "reduced_formula"


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Properties as tensors of one length: numbers, NaN where unknown, and places in the classes, -1 where unknown."""

    numbers: dict[str, Tensor]
    classes: dict[str, Tensor]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Labels:
        """From properties by name, one mapping a material."""
        numbers = {name: torch.tensor([_number(row.get(name)) for row in rows]) for name in PROPERTY_NUMBERS}
        classes = {
            name: torch.tensor([known.index(row[name]) if row.get(name) in known else -1 for row in rows])
            for name, known in PROPERTY_CLASSES.items()
        }
        return cls(numbers, classes)

    def take(self, at: Tensor) -> Labels:
        """Those of some materials."""
        return Labels({k: v[at] for k, v in self.numbers.items()}, {k: v[at] for k, v in self.classes.items()})

    def heads(self, least: int = PROPERTIES.least_labels) -> PropertyHeads:
        """Heads for what enough materials have labels of, with more than one answer among them."""
        numbers = {}
        for name, values in self.numbers.items():
            known = values[torch.isfinite(values)]
            if len(known) >= least and float(known.std()) > 0:
                numbers[name] = (float(known.median()), float(known.std()))
        seen = {name: values[values >= 0] for name, values in self.classes.items()}
        classes = [name for name, known in seen.items() if len(known) >= least and int(known.max()) > int(known.min())]
        return PropertyHeads(numbers, tuple(classes))


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Materials: what is given of them, their labels, and by formula and id which they are.

    `elements_only` (n, COMPOSITION_FEATURES) is what their elements alone say.
    """

    tokens: Tokens
    elements_only: Tensor
    labels: Labels
    formula: np.ndarray
    material_id: np.ndarray

    def __len__(self) -> int:
        return len(self.formula)

    def take(self, rows: np.ndarray) -> Samples:
        """Some of the samples, by mask or index."""
        at = torch.from_numpy(np.flatnonzero(rows) if rows.dtype == bool else rows)
        some = at.numpy()
        return Samples(
            taken(self.tokens, at), self.elements_only[at], self.labels.take(at), self.formula[some],
            self.material_id[some],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Compositions:
    """Materials of which no spectrum is needed.

    Attributes:
        composition, elements_only: (n, COMPOSITION_FEATURES) with the amounts and without.
        labels: their properties.
        formula: (n,).
    """

    composition: Tensor
    elements_only: Tensor
    labels: Labels
    formula: np.ndarray

    def __len__(self) -> int:
        return len(self.formula)

    def take(self, rows: np.ndarray) -> Compositions:
        """Some of them, by mask."""
        at = torch.from_numpy(np.flatnonzero(rows))
        return Compositions(
            self.composition[at], self.elements_only[at], self.labels.take(at), self.formula[at.numpy()]
        )


def taken(tokens: Tokens, at: Tensor) -> Tokens:
    """The tokens of some samples."""
    return Tokens(*(value[at] for value in tokens.fields()))


def read_properties(tables: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Property labels, and formulas, by material id; a later table fills in what is missing.

    Raises:
        SpectrumError: where a file is no Parquet table with `material_id`.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in tables:
        if not path.exists() or "material_id" not in (there := pq.read_schema(path).names):
            raise SpectrumError(f"{path}: a Parquet table with material_id and properties is expected.")
        named = {name: COLUMNS.get(name, name) for name in there}
        wanted = {*PROPERTY_NUMBERS, *PROPERTY_CLASSES, FORMULA}
        kept = [name for name, meaning in named.items() if meaning in wanted]
        table = pd.read_parquet(path, columns=["material_id", *kept]).astype(object)
        for row in table.where(table.notna(), None).to_dict("records"):
            mine = found.setdefault(str(row["material_id"]), {})
            for name in kept:
                if mine.get(named[name]) is None:
                    mine[named[name]] = _plain(row[name])
    return found


def properties_of(index: Index) -> dict[str, dict[str, Any]]:
    """Property labels of an index's materials with spectra by id."""
    rows = [int(row) for row in sorted(set(index.spectra_table.column("row_id").drop_null().to_pylist()))]
    return {
        m.material_id: {FORMULA: m.reduced_formula, **{k: _plain(v) for k, v in m.properties.items()}}
        for m in index.materials(rows)
    }


def make_compositions(properties: Mapping[str, Mapping[str, Any]]) -> Compositions:
    """All materials whose formula is known; those of one formula stand one by one."""
    kept, formulas = [], []
    for row in properties.values():
        try:
            formulas.append(parse_formula(row.get(FORMULA) or ""))
        except CrystalError:
            continue
        kept.append(row)
    names = np.array([row[FORMULA] for row in kept], object)
    return Compositions(*_compositions(formulas), Labels.of(kept), names)


def _compositions(formulas: Sequence[Mapping[str, float]]) -> tuple[Tensor, Tensor]:
    """(n, COMPOSITION_FEATURES) of formulas, and of their elements alone."""
    shape = (-1, COMPOSITION_FEATURES)
    whole = np.array([composition_features(amounts, amounts) for amounts in formulas], np.float32).reshape(shape)
    elements = np.array([composition_features(amounts) for amounts in formulas], np.float32).reshape(shape)
    return torch.from_numpy(whole), torch.from_numpy(elements)


def make_samples(tables: Sequence[XanesTable], properties: Mapping[str, Mapping[str, Any]]) -> Samples:
    """One sample a material: its spectra of every edge, the mean over its sites where there is one.

    Raises:
        SpectrumError: where no material has both spectra and properties.
    """
    rows: dict[str, dict[tuple[str, str], tuple[XanesTable, int]]] = {}
    for table in tables:
        for number in range(len(table)):
            mine = rows.setdefault(table.material_id[number], {})
            if (table.absorber, table.edge) not in mine or table.level[number] == "material":
                mine[table.absorber, table.edge] = (table, number)
    kept = {material: mine for material, mine in rows.items() if material in properties}
    if not kept:
        raise SpectrumError("None of the materials with spectra has properties; are the ids of one kind?")
    n, t = len(kept), PROPERTIES.most_tokens
    z, edge = torch.zeros(n, t, dtype=torch.int64), torch.full((n, t), -1)
    values, known = torch.zeros(n, t, WINDOW_POINTS), torch.zeros(n, t, WINDOW_POINTS, dtype=torch.bool)
    offset = torch.zeros(n, t)
    formulas: list[str] = []
    for i, mine in enumerate(kept.values()):
        table, number = next(iter(mine.values()))
        formulas.append(table.reduced_formula[number])
        amounts = parse_formula(formulas[-1])
        measured = [(absorber, name, *found) for (absorber, name), found in sorted(mine.items())]
        absorbers = {absorber for absorber, *_ in measured}
        for j, (absorber, name, source, row) in enumerate(measured[:t]):
            z[i, j], edge[i, j] = ATOMIC_NUMBERS[absorber], EDGES.index(name)
            values[i, j] = torch.from_numpy(source.values[row])
            known[i, j] = torch.from_numpy(source.known[row])
            offset[i, j] = float(source.offset_eV[row])
        for j, symbol in enumerate(sorted(set(amounts) - absorbers)[: max(t - len(measured), 0)], start=len(measured)):
            z[i, j] = ATOMIC_NUMBERS[symbol]
    composition, elements_only = _compositions([parse_formula(formula) for formula in formulas])
    tokens = Tokens(z, edge, values, known, offset, composition, torch.zeros(n, 1), torch.zeros(n, dtype=torch.bool))
    labels = Labels.of([properties[material] for material in kept])
    return Samples(tokens, elements_only, labels, np.array(formulas, object), np.array(list(kept), object))


def with_patterns(samples: Samples, pattern: Tensor, has_pattern: Tensor) -> Samples:
    """The samples with what is known of their patterns, (n, d) and (n,) bool."""
    values = dict(zip((f.name for f in fields(Tokens)), samples.tokens.fields(), strict=True))
    tokens = Tokens(**{**values, "pattern": pattern, "has_pattern": has_pattern})
    return Samples(tokens, samples.elements_only, samples.labels, samples.formula, samples.material_id)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _plain(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool | np.bool_) else value
