"""Training examples of the forward model: surroundings of absorbers, and the spectra that they have."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.surroundings import feature_count, site_features
from xsearch.data.site_labels import CELLS_FILE, crystal_of_json, read_cells, read_site_spectra
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import CrystalError, SpectrumError
from xsearch.models.xastruct_forward import POINTS, TAIL_POINTS, WINDOW_eV

LEAST_COVERED = 0.5
"""Share of the window that a spectrum must cover."""

TEST_PERCENT = 12
"""Share of formulas that are never trained on, by the checksum of the reduced formula."""


@dataclass(frozen=True, slots=True, eq=False)
class ForwardExamples:
    """Sites and their spectra, in arrays of one length n.

    Attributes:
        features: (n, feature_count()) float32.
        z: (n,) int64, the absorber's atomic number.
        mu: (n, POINTS) float32 in units of the mean of the last `TAIL_POINTS` known points; 0 where unknown.
        known: (n, POINTS) bool.
        formula: (n,) reduced formulas.
        long: (n,) bool, whether the whole window is known.
        start_eV: energy of the first point by absorber.
        dropped: sites that could not be used.
    """

    features: NDArray[np.float32]
    z: NDArray[np.int64]
    mu: NDArray[np.float32]
    known: NDArray[np.bool_]
    formula: NDArray[np.object_]
    long: NDArray[np.bool_]
    start_eV: dict[str, float]
    dropped: int

    def __len__(self) -> int:
        return len(self.z)

    @property
    def is_test(self) -> NDArray[np.bool_]:
        """(n,) bool, whether the formula belongs to the part that is never trained on."""
        return np.array([zlib.crc32(str(f).encode()) % 100 < TEST_PERCENT for f in self.formula])

    def take(self, rows: NDArray[np.generic]) -> ForwardExamples:
        """Some of the examples, by index or mask."""
        arrays = {name: getattr(self, name)[rows] for name in ("features", "z", "mu", "known", "formula", "long")}
        return replace(self, **arrays)


def read_forward_examples(path: Path, start_eV: dict[str, float] | None = None) -> ForwardExamples:
    """Examples from a table of site spectra, such as `xas_feff9.parquet`.

    Cells are taken from the rows themselves (`structure_json`) or from `mp_cells_of_xas.parquet` beside the table.
    Spectra of codes other than FEFF are left out: their intensities are not comparable.

    Args:
        path: the table.
        start_eV: where each absorber's window begins; by default the lowest energy that all its spectra know.

    Raises:
        SpectrumError: where columns are missing or nothing is left.
    """
    table = read_site_spectra(path)
    if "code" in table.columns:
        table = table[table.code.str.startswith("FEFF")]
    starts = dict(start_eV or {})
    for absorber, rows in table.groupby("absorber"):
        starts.setdefault(str(absorber), float(np.median([energy[0] for energy in rows.energy])))
    cells_file = path.with_name(CELLS_FILE)
    cells = read_cells(cells_file) if cells_file.exists() else {}
    features, z, mu, known, formula, dropped = [], [], [], [], [], 0
    stated: dict[str, Crystal | None] = {}
    for row in table.itertuples():
        crystal = _crystal(row, cells, stated)
        site = int(row.site_index)
        if crystal is None or not site < len(crystal) or crystal.elements[site] != row.absorber:
            dropped += 1
            continue
        values, inside = resampled(
            np.asarray(row.energy, np.float64), np.asarray(row.mu, np.float64), starts[row.absorber]
        )
        try:
            described = site_features(crystal, [site])[0]
        except CrystalError:
            dropped += 1
            continue
        if inside.mean() < LEAST_COVERED:
            dropped += 1
            continue
        features.append(described)
        z.append(ATOMIC_NUMBERS[row.absorber])
        mu.append(values)
        known.append(inside)
        formula.append(row.reduced_formula)
    if not features:
        raise SpectrumError(
            f"{path.name}: no spectrum has a structure in which its site is the absorber; give `structure_json`, or "
            f"{CELLS_FILE} beside the table."
        )
    covered = np.array(known, np.bool_)
    return ForwardExamples(
        np.array(features, np.float32).reshape(-1, feature_count()),
        np.array(z, np.int64),
        np.array(mu, np.float32),
        covered,
        np.array(formula, object),
        np.asarray(covered.all(axis=1), np.bool_),
        starts,
        dropped,
    )


def resampled(
    energy_eV: NDArray[np.float64], mu: NDArray[np.float64], start_eV: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A spectrum on the window's grid, divided by the mean of the last known points of it."""
    grid = start_eV + np.linspace(0.0, WINDOW_eV, POINTS)
    known = (grid >= energy_eV[0] - 1.0) & (grid <= energy_eV[-1] + 0.15)
    values = np.interp(grid, energy_eV, mu)
    last = np.flatnonzero(known)[-TAIL_POINTS:]
    tail = float(values[last].mean()) if len(last) else 0.0
    if not tail > 0:
        return np.zeros(POINTS, np.float32), np.zeros(POINTS, np.bool_)
    return np.where(known, values / tail, 0.0).astype(np.float32), known


def tails(known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(n, POINTS) weights that take the mean of each row's last known points."""
    weights = np.zeros(known.shape, np.float32)
    for row, covered in zip(weights, known, strict=True):
        row[np.flatnonzero(covered)[-TAIL_POINTS:]] = 1 / TAIL_POINTS
    return weights


def _crystal(row: object, cells: dict[str, Crystal], stated: dict[str, Crystal | None]) -> Crystal | None:
    text = getattr(row, "structure_json", None)
    name = str(getattr(row, "material_id", ""))
    if not isinstance(text, str):
        return cells.get(name)
    if name not in stated:
        stated[name] = crystal_of_json(text)
    return stated[name]
