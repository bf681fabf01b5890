"""XAS tables from Parquet files: simulated site and material spectra, and measured references."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula
from xsearch.errors import BuildError, XSearchError
from xsearch.indexes.xanes_table import XanesTable
from xsearch.preprocess.xanes import XanesWindow, normalize, window
from xsearch.spectra.xanes import Xanes


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """One spectrum on its way into a table, as its source gives it."""

    xanes: Xanes
    spectrum_id: str
    material_id: str
    reduced_formula: str
    kind: str
    level: str
    code: str
    source: str
    licence: str


def read_parquet(path: Path) -> list[Spectrum]:
    """Spectra of a table; which columns it has tells which kind it is.

    Site spectra are read as they are, and every material whose sites were made by one code also gets their mean,
    weighted by `site_multiplicity` where it is given.

    Raises:
        BuildError: where neither the columns of simulated nor of measured spectra are there.
    """
    table = pd.read_parquet(path)
    if {"mu_raw", "element", "formula"} <= set(table.columns):
        return [_measured(row) for row in table.itertuples() if _usable(row)]
    if {"absorber", "material_id", "energy", "mu"} <= set(table.columns):
        rows = [_simulated(row) for row in table.itertuples()]
        return [*rows, *_means(table, rows)]
    raise BuildError(
        f"{path.name}: neither simulated spectra (absorber, material_id, energy, mu) nor measured ones (element, "
        "formula, energy, mu_raw)."
    )


def make_tables(spectra: Iterable[Spectrum]) -> tuple[list[XanesTable], list[tuple[str, str]]]:
    """Tables by absorber and edge, and what could not be used: the spectrum's id and the reason."""
    rows: dict[tuple[str, str], list[tuple[Spectrum, XanesWindow, frozenset[str]]]] = {}
    failed = []
    for spectrum in spectra:
        try:
            elements = frozenset(parse_formula(spectrum.reduced_formula))
            cut = window(normalize(spectrum.xanes))
        except XSearchError as error:
            failed.append((spectrum.spectrum_id, str(error)))
            continue
        rows.setdefault((spectrum.xanes.absorber, spectrum.xanes.edge), []).append((spectrum, cut, elements))
    tables = []
    for (absorber, edge), members in sorted(rows.items()):
        found, windows, elements_of = zip(*members, strict=True)
        texts = {
            name: np.array([getattr(s, name) for s in found], object)
            for name in ("spectrum_id", "material_id", "reduced_formula", "kind", "level", "code", "source", "licence")
        }
        tables.append(
            XanesTable(
                absorber=absorber,
                edge=edge,
                values=np.stack([w.values for w in windows]),
                known=np.stack([w.known for w in windows]),
                offset_eV=np.array([w.offset_eV for w in windows], np.float32),
                elements=elements_of,
                **texts,
            )
        )
    return tables, failed


def _text(row: object, name: str, default: str = "") -> str:
    value = getattr(row, name, default)
    return value if isinstance(value, str) else default


def _usable(row: object) -> bool:
    return bool(getattr(row, "usable_query", True)) and not bool(getattr(row, "suspect", False))


def _measured(row: object) -> Spectrum:
    formula = _text(row, "compound_key").rpartition("-")[2] or _text(row, "formula")
    return Spectrum(
        xanes=_xanes(row, _text(row, "element"), "mu_raw"),
        spectrum_id=_text(row, "id"),
        material_id="",
        reduced_formula=formula,
        kind="measured",
        level="material",
        code=_text(row, "facility") or "measured",
        source=_text(row, "source"),
        licence=_text(row, "licence"),
    )


def _simulated(row: object) -> Spectrum:
    site = getattr(row, "site_index", getattr(row, "site", None))
    is_site = site is not None and not np.isnan(site) and getattr(row, "spectrum_level", "site") == "site"
    material = _text(row, "material_id")
    code = _text(row, "code") or _text(row, "feff").partition(" ")[0] or "unknown"
    absorber, edge = _text(row, "absorber"), _text(row, "edge", "K")
    where = f"site {int(site)}" if is_site and site is not None else "material"
    return Spectrum(
        xanes=_xanes(row, absorber, "mu"),
        spectrum_id=_text(row, "id") or f"{material} {absorber} {edge} {code} {where}",
        material_id=material,
        reduced_formula=_text(row, "reduced_formula"),
        kind="simulated",
        level="site" if is_site else "material",
        code=code,
        source=_text(row, "source"),
        licence=_text(row, "licence"),
    )


def _xanes(row: object, absorber: str, column: str) -> Xanes:
    energy = np.asarray(row.energy, np.float64)  # type: ignore[attr-defined]
    mu = np.asarray(getattr(row, column), np.float64)
    keep = np.concatenate([[True], np.diff(energy) > 0]) & np.isfinite(energy) & np.isfinite(mu)
    return Xanes(energy[keep], mu[keep], absorber, _text(row, "edge", "K"), _text(row, "id"))


def _means(table: pd.DataFrame, rows: list[Spectrum]) -> list[Spectrum]:
    """A material's mean over its sites, where it has several and no spectrum of its own of that code."""
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    own = set()
    for number, spectrum in enumerate(rows):
        key = (spectrum.material_id, spectrum.xanes.absorber, spectrum.xanes.edge, spectrum.code)
        if spectrum.level == "material":
            own.add(key)
        elif spectrum.material_id:
            groups.setdefault(key, []).append(number)
    weights = (
        table.site_multiplicity.fillna(1.0).to_numpy(float) if "site_multiplicity" in table else np.ones(len(rows))
    )
    means = []
    for key, members in groups.items():
        if len(members) < 2 or key in own:
            continue
        mean = _mean([rows[m].xanes for m in members], weights[members])
        first = rows[members[0]]
        identifier = f"{key[0]} {key[1]} {key[2]} {first.code} mean of {len(members)}"
        means.append(
            Spectrum(
                mean, identifier, key[0], first.reduced_formula, first.kind, "material", first.code, first.source,
                first.licence,
            )
        )  # fmt: skip
    return means


def _mean(spectra: list[Xanes], weights: NDArray[np.float64]) -> Xanes:
    """Weighted mean over the energies that all of them cover; one code's energies share one scale."""
    low = max(s.energy_eV[0] for s in spectra)
    high = min(s.energy_eV[-1] for s in spectra)
    first = spectra[0]
    energy = np.arange(low, high + 1e-6, 0.25)
    mu = np.average([np.interp(energy, s.energy_eV, s.mu) for s in spectra], axis=0, weights=weights)
    return Xanes(energy, mu, first.absorber, first.edge, first.source)
