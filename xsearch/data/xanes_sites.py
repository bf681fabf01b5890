"""Training examples: the windows of simulated spectra with the labels of their sites."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.data.site_labels import labels_of, read_site_spectra
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import SpectrumError
from xsearch.models.tasks import CLASSES, SHARED, class_indices
from xsearch.preprocess.site_window import computed_window, step_scaled
from xsearch.preprocess.xanes import normalize, window
from xsearch.spectra.edges import tabulated_edge
from xsearch.spectra.mend import mend_axis
from xsearch.spectra.xanes import Xanes

FEFF_START_eV = 2.44
"""FEFF's grid of a near edge starts at k = -0.8 1/Å, so far below the Fermi level."""

NAMED = ("labels", "shares")
"""Fields of `Examples` that hold an array for each name."""

NUMBERS = ("cn", "cn2", "ocn", "site_symmetry_order", "psgo", "oxidation_state", "nnrs_A", "mood_A", "nnosm", "mnnd_A")


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Spectra and labels in arrays of one length n.

    Attributes:
        values: (n, 200) float32 windows, zero where unknown.
        known: (n, 200) bool.
        offset_eV: (n,) float32, the centre of the rise from the tabulated edge.
        rise_eV: (n,) float32 of the centre of the rise from the Fermi level; NaN where a code does not place that.
        z: (n,) int64, the absorber's atomic number.
        edge: (n,) such as `K`.
        labels: each (n,) float32 with NaN where unknown; `neighbor_z` holds atomic numbers, `oxidation_agrees` 1
            where bond valences and composition give one oxidation state and 0 where they do not.
        ambiguous: (n,) bool, whether the coordination number is.
        formula: (n,) reduced formulas, by which splits are grouped.
        code: (n,) what made each spectrum.
        ids: (n,).
        material: (n,) ids.
        multiplicity: (n,) equivalent absorbers in the cell; 1 where a table does not say.
        shares: task of `SHARED` to (n, classes) shares of the absorbers that are of each class; rows of what is
            unknown are zero.
    """

    values: NDArray[np.float32]
    known: NDArray[np.bool_]
    offset_eV: NDArray[np.float32]
    rise_eV: NDArray[np.float32]
    z: NDArray[np.int64]
    edge: NDArray[np.object_]
    labels: dict[str, NDArray[np.float32]]
    ambiguous: NDArray[np.bool_]
    formula: NDArray[np.object_]
    code: NDArray[np.object_]
    ids: NDArray[np.object_]
    material: NDArray[np.object_]
    multiplicity: NDArray[np.float32]
    shares: dict[str, NDArray[np.float32]]

    def __len__(self) -> int:
        return len(self.z)

    def take(self, rows: NDArray[np.generic]) -> Examples:
        """Some of the rows, by index or mask."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in NAMED}
        return Examples(
            **{name: array[rows] for name, array in arrays.items()},
            labels={name: array[rows] for name, array in self.labels.items()},
            shares={name: array[rows] for name, array in self.shares.items()},
        )


def edge_counts(examples: Examples) -> dict[str, int]:
    """How many spectra there are of each absorber and edge, such as `Fe K`."""
    named = Counter(f"{SYMBOLS[z - 1]} {edge}" for z, edge in zip(examples.z, examples.edge, strict=True))
    return dict(sorted(named.items()))


def concatenate(parts: Sequence[Examples]) -> Examples:
    """Examples of several sources as one."""
    arrays = [f.name for f in fields(Examples) if f.name not in NAMED]
    return Examples(
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in arrays},
        labels={name: np.concatenate([p.labels[name] for p in parts]) for name in parts[0].labels},
        shares={name: np.concatenate([p.shares[name] for p in parts]) for name in parts[0].shares},
    )


def read_examples(
    path: Path, labels_cache: Path | None = None, processes: int = 1, structures: Path | None = None
) -> Examples:
    """Examples of a table of site spectra (`xas_feff9.parquet` or one like it).

    Spectra that cannot be normalised and sites that cannot be described are left out.

    Args:
        path: the table; cells may stand beside it, see `labels_of`.
        labels_cache: a file that keeps the labels between calls.
        processes: for the labels.
        structures: a table of cells, where it does not stand beside the file.
    """
    spectra = read_site_spectra(path, structures)
    return join(spectra, labels_of(path, labels_cache, processes, structures))


def join(spectra: pd.DataFrame, labels: pd.DataFrame) -> Examples:
    """Examples of the spectra that have labels and can be normalised."""
    if labels.empty:
        raise SpectrumError("None of the spectra has a structure in which its site is the absorber.")
    table = spectra.drop(columns=[c for c in labels.columns if c != "id"], errors="ignore").merge(labels, on="id")
    windows, rises, rows = [], [], []
    starts_below_fermi = "fermi" in table.columns  # FEFF's own grid; others are cut and shifted
    for number, row in enumerate(table.itertuples()):
        try:
            energy, mu, _ = mend_axis(np.asarray(row.energy), np.asarray(row.mu), str(row.id), "energy")
            windows.append(computed_window(Xanes(energy, mu, row.absorber, row.edge, row.id)))
            centre_eV = windows[-1].offset_eV + tabulated_edge(row.absorber, row.edge).energy_eV
            rises.append(centre_eV - energy[0] - FEFF_START_eV if starts_below_fermi else np.nan)
        except SpectrumError:
            continue
        rows.append(number)
    if not rows:
        raise SpectrumError("None of the spectra that have labels could be normalised.")
    kept = table.iloc[rows]
    known = np.stack([w.known for w in windows])
    labels = _label_arrays(kept)
    multiplicity = next((kept[c] for c in ("multiplicity", "site_multiplicity") if c in kept), None)
    return Examples(
        values=step_scaled(np.stack([w.values for w in windows]), known),
        known=known,
        offset_eV=np.array([w.offset_eV for w in windows], np.float32),
        rise_eV=np.array(rises, np.float32),
        z=np.array([ATOMIC_NUMBERS[e] for e in kept.absorber], np.int64),
        edge=kept.edge.to_numpy(object),
        labels=labels,
        ambiguous=kept.ambiguous.to_numpy(bool),
        formula=kept.reduced_formula.to_numpy(object),
        code=(kept.code if "code" in kept else pd.Series("unknown", kept.index)).to_numpy(object),
        ids=kept.id.to_numpy(object),
        material=kept.material_id.to_numpy(object),
        multiplicity=np.ones(len(kept), np.float32)
        if multiplicity is None
        else multiplicity.fillna(1).to_numpy(np.float32),
        shares=one_kind(labels),
    )


def one_kind(labels: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Shares of spectra of one kind of site: all of its class."""
    found = {}
    for task in SHARED:
        index = class_indices(task, labels[task])
        found[task] = np.zeros((len(index), len(CLASSES[task])), np.float32)
        found[task][index >= 0, index[index >= 0]] = 1.0
    return found


def read_labelled(path: Path) -> Examples:
    """Examples of measured spectra whose descriptors a table states: fine-tuning needs no structures.

    Args:
        path: a table with `absorber, edge, formula, energy, mu` and any of `cn, oxidation_state, neighbor, mnnd_A,
            nnrs_A, mood_A`; missing values are unknown. Spectra that cannot be normalised are left out.

    Raises:
        SpectrumError: where columns are missing or nothing can be used.
    """
    table = pd.read_parquet(path)
    needed = ("absorber", "edge", "formula", "energy", "mu")
    if missing := [c for c in needed if c not in table.columns]:
        raise SpectrumError(f"{path.name}: the columns {', '.join(missing)} are missing.")
    if not {"cn", "oxidation_state", "neighbor", "mnnd_A"} & set(table.columns):
        raise SpectrumError(f"{path.name}: no column says what surrounds the absorber, such as cn or oxidation_state.")
    rows, windows = [], []
    for number, row in enumerate(table.itertuples()):
        try:
            energy, mu, _ = mend_axis(np.asarray(row.energy), np.asarray(row.mu), f"row {number}", "energy")
            windows.append(window(normalize(Xanes(energy, mu, row.absorber, row.edge, f"row {number}"))))
        except SpectrumError:
            continue
        rows.append(number)
    if not rows:
        raise SpectrumError(f"{path.name}: none of its spectra could be normalised.")
    kept = table.iloc[rows]
    count = len(kept)

    def column(name: str) -> NDArray[np.float32]:
        return kept[name].to_numpy(np.float32) if name in kept else np.full(count, np.nan, np.float32)

    labels = {name: column(name) for name in NUMBERS} | {"oxidation_agrees": np.full(count, np.nan, np.float32)}
    neighbors = kept["neighbor"] if "neighbor" in kept else pd.Series([None] * count)
    labels["neighbor_z"] = np.array([ATOMIC_NUMBERS.get(str(e), np.nan) for e in neighbors], np.float32)
    labels["mixed"] = np.full(count, np.nan, np.float32)
    known = np.stack([w.known for w in windows])
    names = np.array([f"row {n}" for n in rows], object)
    return Examples(
        values=step_scaled(np.stack([w.values for w in windows]), known),
        known=known,
        offset_eV=np.array([w.offset_eV for w in windows], np.float32),
        rise_eV=np.full(count, np.nan, np.float32),
        z=np.array([ATOMIC_NUMBERS[e] for e in kept.absorber], np.int64),
        edge=kept.edge.to_numpy(object),
        labels=labels,
        ambiguous=np.zeros(count, bool),
        formula=np.array([reduced_formula(parse_formula(str(f))) for f in kept.formula], object),
        code=np.full(count, "measured", object),
        ids=names,
        material=names,
        multiplicity=np.ones(count, np.float32),
        shares=one_kind(labels),
    )


def _label_arrays(table: pd.DataFrame) -> dict[str, NDArray[np.float32]]:
    labels = {name: table[name].to_numpy(np.float32) for name in NUMBERS}
    labels["neighbor_z"] = np.array([ATOMIC_NUMBERS[e] for e in table.neighbor], np.float32)
    agrees = table.oxidation_agrees.map({True: 1.0, False: 0.0, "True": 1.0, "False": 0.0})
    labels["oxidation_agrees"] = agrees.to_numpy(np.float32)
    # A fractional mean state of a composition is no class: only whole states are taught.
    state = labels["oxidation_state"]
    whole = np.abs(state - np.round(state)) < 0.01
    labels["oxidation_state"] = np.where(whole, np.round(state), np.nan).astype(np.float32)
    labels["mixed"] = np.zeros(len(table), np.float32)
    return labels


def formula_hashes(formulas: NDArray[np.object_]) -> NDArray[np.uint32]:
    """Sorted hashes of distinct formulas: enough to decide later whether a formula was among them."""
    digests = [hashlib.sha256(str(f).encode()).digest()[:4] for f in set(formulas)]
    return np.sort(np.array([int.from_bytes(d, "big") for d in digests], np.uint32))


def fold_of(formula: str, folds: int = 10) -> int:
    """The fold of a reduced formula: a hash, so that it never depends on what else is in a table."""
    return int.from_bytes(hashlib.sha256(formula.encode()).digest()[:4], "big") % folds
