"""Training examples of the forward model: surroundings of absorbers, and the spectra that they have."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.data.chgnet_atoms import atoms_of
from xsearch.data.shipped_library import SITES, STRUCTURES
from xsearch.data.site_labels import cells_of, crystal_of_json, read_cells, read_site_spectra
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import CrystalError, SpectrumError
from xsearch.models.forward_features import COUNTS, SiteFeatures, features_of
from xsearch.models.site_kernel import edge_number
from xsearch.models.xastruct_forward import POINTS, TAIL_POINTS, WINDOW_eV
from xsearch.preprocess.computed import feff_near_edge

LEAST_COVERED = 0.5
"""Share of the window that a spectrum must cover."""

FOLDS = (0, 12, 34, 56, 78, 100)
"""Hundredths of the formulas' checksums at which the folds begin. The first is the one that shipped weights are judged
by; edges of few spectra need them all."""

BEFORE_RISE_eV = 13.0
"""The window begins so far below the usual rise of an edge, where spectra begin further below. Set by hand."""

LONG_PRE_EDGE_eV = 20.0
"""Spectra that begin so far below the rise have been continued below the edge. Set by hand."""


class EdgeOfCode(NamedTuple):
    """An edge as one code computes it; `str` of it is such as `Fe K FEFF10`."""

    absorber: str
    edge: str
    code: str

    def __str__(self) -> str:
        return " ".join(self)


@dataclass(frozen=True, eq=False)
class ForwardExamples:
    """Sites and their spectra, in arrays of one length n.

    Attributes:
        features: (n, k) float32, see `features_of`.
        z: (n,) int64, the absorber's atomic number.
        edge: (n,) such as `K`.
        code: (n,) one of `CODES`.
        mu: (n, POINTS) float32 in units of the mean of the last `TAIL_POINTS` known points; 0 where unknown.
        known: (n, POINTS) bool.
        formula: (n,) reduced formulas.
        material: (n,) ids of the materials.
        start_eV: energy of the first point by edge and code.
        dropped: sites that could not be used.
    """

    features: NDArray[np.float32]
    z: NDArray[np.int64]
    edge: NDArray[np.object_]
    code: NDArray[np.object_]
    mu: NDArray[np.float32]
    known: NDArray[np.bool_]
    formula: NDArray[np.object_]
    material: NDArray[np.object_]
    start_eV: dict[str, float]
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.z)

    @property
    def long(self) -> NDArray[np.bool_]:
        """(n,) bool, whether the whole window is known."""
        return np.asarray(self.known.all(axis=1), np.bool_)

    @cached_property
    def edge_numbers(self) -> NDArray[np.int64]:
        """(n,) as `edge_number` gives them."""
        pairs = zip(self.z.tolist(), self.edge, strict=True)
        return np.array([edge_number(z, edge) for z, edge in pairs], np.int64)

    @cached_property
    def edge_names(self) -> NDArray[np.object_]:
        """(n,) such as `Fe K`."""
        pairs = zip(self.z.tolist(), self.edge, strict=True)
        return np.array([f"{SYMBOLS[z - 1]} {edge}" for z, edge in pairs], object)

    @cached_property
    def of_code(self) -> NDArray[np.object_]:
        """(n,) `EdgeOfCode` as text."""
        return np.asarray(self.edge_names + " " + self.code, object)

    @cached_property
    def fold(self) -> NDArray[np.int64]:
        """(n,) the fold of each formula, by its checksum."""
        hundredths = np.array([zlib.crc32(str(formula).encode()) % 100 for formula in self.formula])
        return np.searchsorted(FOLDS, hundredths, side="right") - 1

    def take(self, rows: NDArray[np.generic]) -> ForwardExamples:
        """Some of the examples, by index or mask."""
        names = ("features", "z", "edge", "code", "mu", "known", "formula", "material")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


class _Site(NamedTuple):
    """A row of a table whose site is its absorber in its crystal."""

    name: EdgeOfCode
    crystal: Crystal
    site: int
    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]
    formula: str
    material: str


def read_forward_examples(
    tables: Sequence[Path],
    start_eV: Mapping[str, float] | None = None,
    shipped: bool = False,
    kind: SiteFeatures = SiteFeatures.SURROUNDINGS,
    cache: Path | None = None,
    wanted: Callable[[str], bool] | None = None,
) -> ForwardExamples:
    """Examples from tables of site spectra, such as `xas_feff9.parquet`.

    Cells are taken from the rows themselves (`structure_json`) or from the tables that `cells_of` names. The code is
    that of the column `code`, or of the file's name; spectra of other codes than `CODES` are left out.

    Args:
        tables: Parquet files.
        start_eV: where the window of each edge and code begins; by default as its spectra say.
        shipped: whether the sites that come with the package are read after the tables.
        kind: what is read of a site.
        cache: a folder that keeps CHGNet's features between calls.
        wanted: says of a formula whether it is; by default all are.

    Raises:
        SpectrumError: where columns are missing or nothing is left.
        MissingExtra: where CHGNet is needed and not installed.
    """
    pairs = [(path, cells_of(path)) for path in tables] + ([(SITES, STRUCTURES)] if shipped else [])
    dropped: list[str] = []
    sites = [
        site for path, cells in pairs for site in _sites(path, cells, dropped) if wanted is None or wanted(site.formula)
    ]
    starts = {**usual_starts(sites), **(start_eV or {})}
    features, kept, mu, known = [], [], [], []
    described = _described(sites, kind, cache)
    for one in sites:
        values, inside = resampled(one.energy_eV, one.mu, starts[str(one.name)])
        found = described[id(one.crystal), one.site]
        if found is None or inside.mean() < LEAST_COVERED:
            dropped.append(str(one.name))
            continue
        features.append(found)
        kept.append(one)
        mu.append(values)
        known.append(inside)
    if not kept:
        raise SpectrumError(
            f"{', '.join(path.name for path, _ in pairs)}: no spectrum has a structure in which its site is the "
            f"absorber; give `structure_json`, or {pairs[0][1].name} beside the table."
        )
    return ForwardExamples(
        features=np.array(features, np.float32).reshape(-1, COUNTS[kind]),
        z=np.array([ATOMIC_NUMBERS[one.name.absorber] for one in kept], np.int64),
        edge=np.array([one.name.edge for one in kept], object),
        code=np.array([one.name.code for one in kept], object),
        mu=np.array(mu, np.float32),
        known=np.array(known, np.bool_),
        formula=np.array([one.formula for one in kept], object),
        material=np.array([one.material for one in kept], object),
        start_eV={name: starts[name] for name in sorted({str(one.name) for one in kept})},
        dropped=len(dropped),
    )


def _sites(path: Path, cells_file: Path, dropped: list[str]) -> Iterator[_Site]:
    """The rows of a table that can be used; names of the others are added to `dropped`."""
    table = read_site_spectra(path, cells_file if cells_file.exists() else None)
    cells = read_cells(cells_file, set(table.material_id)) if cells_file.exists() else {}
    stated: dict[str, Crystal | None] = {}
    for row in table.itertuples():
        code = code_named(str(row.code))
        if code is None:
            continue
        crystal, site = _crystal(row, cells, stated), int(row.site_index)
        if crystal is None or not site < len(crystal) or crystal.elements[site] != row.absorber:
            dropped.append(f"{row.absorber} {row.edge}")
            continue
        energy, mu = np.asarray(row.energy, np.float64), np.asarray(row.mu, np.float64)
        if hasattr(row, "mu0"):
            energy, mu = feff_near_edge(energy, mu, np.asarray(row.mu0, np.float64), row.absorber, row.edge)
        name = EdgeOfCode(str(row.absorber), str(row.edge), code)
        yield _Site(name, crystal, site, energy, mu, str(row.reduced_formula), str(row.material_id))


def code_named(text: str) -> str | None:
    """Which of `CODES` a column or a file's name means; None for others."""
    found = re.search(r"feff10|feff|vasp", text.lower())
    return None if found is None else {"feff10": "FEFF10", "feff": "FEFF9", "vasp": "VASP"}[found[0]]


def usual_starts(sites: Sequence[_Site]) -> dict[str, float]:
    """Where the window of each edge and code begins: with its spectra, or a little below their usual rise."""
    begins: dict[str, list[tuple[float, float]]] = {}
    for one in sites:
        begins.setdefault(str(one.name), []).append((float(one.energy_eV[0]), rise_eV(one.energy_eV, one.mu)))
    found = {}
    for name, pairs in begins.items():
        first, rise = np.median(np.array(pairs), axis=0).tolist()
        found[name] = rise - BEFORE_RISE_eV if rise - first > LONG_PRE_EDGE_eV else first
    return found


def rise_eV(energy_eV: NDArray[np.float64], mu: NDArray[np.float64]) -> float:
    """Where a spectrum first reaches half of its end."""
    return float(energy_eV[np.argmax(mu >= 0.5 * mu[-TAIL_POINTS:].mean())])


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


def _described(
    sites: Sequence[_Site], kind: SiteFeatures, cache: Path | None
) -> dict[tuple[int, int], NDArray[np.float32] | None]:
    """Features by the crystal's identity and the site; None where there are none."""
    crystals = {id(one.crystal): one.crystal for one in sites}
    atoms: dict[int, NDArray[np.float32] | None] = dict.fromkeys(crystals)
    if kind is not SiteFeatures.SURROUNDINGS:
        atoms = dict(zip(crystals, atoms_of(list(crystals.values()), cache), strict=True))
    found: dict[tuple[int, int], NDArray[np.float32] | None] = {}
    for key, crystal, site in ((id(one.crystal), one.crystal, one.site) for one in sites):
        if (key, site) in found:
            continue
        found[key, site] = None
        if kind is SiteFeatures.SURROUNDINGS or atoms[key] is not None:
            with suppress(CrystalError):
                found[key, site] = features_of(crystal, [site], kind, atoms[key])[0]
    return found


def _crystal(row: Any, cells: dict[str, Crystal], stated: dict[str, Crystal | None]) -> Crystal | None:
    text = getattr(row, "structure_json", None)
    name = str(row.material_id)
    if not isinstance(text, str):
        return cells.get(name)
    if name not in stated:
        stated[name] = crystal_of_json(text)
    return stated[name]
