"""Parquet tables of absorption spectra, one a row: simulated, measured and predicted, of sites and materials."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.edge_names import parse_absorber, parse_edge
from xsearch.elements import ATOMIC_NUMBERS, EDGES
from xsearch.errors import BuildError, CrystalError, SpectrumError
from xsearch.indexes.files import sha256
from xsearch.paths import Paths, as_paths
from xsearch.preprocess.computed import feff_near_edge, mean_over_sites
from xsearch.spectra.xas import KINDS, XasSpectrum

ABSORBERS, ABSORPTIONS = ("absorber", "element"), ("mu_raw", "mu", "mu_norm", "chi")
"""Columns that may name the absorber and hold the absorption; the first that is there counts."""

Row = dict[str, Any]
"""A spectrum and what its row states, in the terms of `spectrum_of_rows`."""

TEXTS = (
    "id", "material_id", "edge", "kind", "code", "feff", "facility", "source", "licence", "formula",
    "reduced_formula", "phase", "sample", "spectrum_level",
)  # fmt: skip
NUMBERS = ("site_index", "site", "site_multiplicity", "multiplicity")
FLAGS = ("usable_query", "suspect", "sites_complete")

BATCH_ROWS = 500
"""Rows read at a time. Set by hand."""


@dataclass(frozen=True)
class XasTables:
    """Parquet files with an absorption spectrum a row.

    Needed are `energy` (eV), an absorption (`mu_raw`, `mu`, `mu_norm` or `chi`) and the absorber (`absorber` or
    `element`). A row with a `material_id` belongs to that entry. One with it, or with a `code`, is simulated, one
    without either a measured reference; a column `kind` (simulated, measured, predicted) says otherwise. `site_index`
    or `site` makes it a site's spectrum. Of a material whose sites one code computed, and whose mean it does not give,
    the mean is added, weighted by `site_multiplicity` or `multiplicity`: where `sites_complete` says that none is
    missing, or, in a table without that column, where there are several. A column `mu0` beside `mu`, as FEFF writes
    it, brings the edge step to one, and what FEFF leaves out below the edge is continued; see `feff_near_edge`. A
    table with `chi` (in edge steps, at energies that begin where k is zero) instead holds EXAFS.

    Attributes:
        files: read one after another.
        licence: of rows that state none.
        formulas: reduced formula by material id, for tables that state none.
    """

    files: tuple[Path, ...]
    licence: str = "not stated"
    formulas: Mapping[str, str] = field(default_factory=dict, repr=False)

    def fingerprint(self) -> str:
        """A hash of the files' content."""
        digests = [sha256(path) for path in self.files]
        return hashlib.sha256(json.dumps([digests, self.licence]).encode()).hexdigest()

    def count(self) -> int | None:
        """Rows of all files; means come on top."""
        return sum(int(pq.ParquetFile(path).metadata.num_rows) for path in self.files)

    def spectra(self) -> Iterator[tuple[str, tuple[Row, ...]]]:
        """Id and row of each spectrum in the files' order; after each file the means of its sites, of several rows."""
        for path in self.files:
            sites: dict[tuple[str, ...], list[Row]] = {}
            given: set[tuple[str, ...]] = set()
            for row in self._rows(path):
                yield row["id"], (row,)
                key = (row["material_id"], row["absorber"], row["edge"], row["code"], row["type"], row["kind"])
                if row["site"] is None:
                    given.add(key)
                elif row["material_id"]:
                    sites.setdefault(key, []).append(row)
            for means, rows in sites.items():
                is_whole = all(row["is_whole"] for row in rows) if rows[0]["is_whole"] is not None else len(rows) > 1
                if is_whole and means not in given:
                    name = " ".join(means[:4] if means[4] == "XANES" else means[:5])
                    yield f"{name} mean of {len(rows)}", tuple({**row, "site": None} for row in rows)

    def _rows(self, path: Path) -> Iterator[Row]:
        file = pq.ParquetFile(path)
        there = set(file.schema_arrow.names)
        absorber = next(name for name in ABSORBERS if name in there)
        absorption = next(name for name in ABSORPTIONS if name in there)
        wanted = [name for name in (*TEXTS, *NUMBERS, *FLAGS) if name in there]
        has_mu0 = absorption == "mu" and "mu0" in there
        needed = [*wanted, absorber, absorption, "energy", *(["mu0"] if has_mu0 else [])]
        for batch in file.iter_batches(BATCH_ROWS, columns=needed):
            energies, mus = _lists(batch.column("energy")), _lists(batch.column(absorption))
            columns = {name: batch.column(name).to_pylist() for name in {*wanted, absorber}}
            if absorption == "chi":
                mus = [None if chi is None else 1.0 + chi for chi in mus]
            if has_mu0:
                named = zip(columns[absorber], columns.get("edge", ["K"] * batch.num_rows), strict=True)
                raw = zip(energies, mus, _lists(batch.column("mu0")), named, strict=True)
                energies, mus = map(list, zip(*(_near_edge(*one) for one in raw), strict=True))
            for i in range(batch.num_rows):
                stated = {name: values[i] for name, values in columns.items() if not _is_missing(values[i])}
                stated["spectrum_type"] = "EXAFS" if absorption == "chi" else "XANES"
                yield _row(stated, str(stated.get(absorber, "")), energies[i], mus[i], path, self)


def is_xas_table(columns: Collection[str]) -> bool:
    """Whether a Parquet file with these columns holds absorption spectra."""
    there = set(columns)
    return "energy" in there and bool(there & set(ABSORBERS)) and bool(there & set(ABSORPTIONS))


def split_files(files: Paths) -> tuple[list[Path], list[Path]]:
    """Parquet files of structures, and those of spectra, known by their columns.

    What cannot be read counts as structures; their reader says what is wrong.
    """
    structures: list[Path] = []
    spectra: list[Path] = []
    for path in as_paths(files):
        (spectra if is_xas_table(columns_of(path)) else structures).append(path)
    return structures, spectra


def columns_of(path: Path) -> list[str]:
    """The columns of a Parquet file; none where it is missing or no such file."""
    try:
        return list(pq.ParquetFile(path).schema_arrow.names)
    except (OSError, pa.ArrowInvalid):
        return []


def spectrum_of_rows(spectrum_id: str, rows: tuple[Row, ...]) -> XasSpectrum:
    """A spectrum from its row, or from the rows of several sites their mean.

    Raises:
        SpectrumError: where the row is marked as doubtful, or holds no spectrum.
    """
    row = rows[0]
    if row["refused"]:
        raise SpectrumError(row["refused"])
    energy, mu = (row["energy"], row["mu"]) if len(rows) == 1 else _mean(rows)
    if energy is None or mu is None or len(energy) == 0:
        raise SpectrumError("The row holds no energies or no absorption.")
    is_site = row["site"] is not None
    return XasSpectrum(
        spectrum_id=spectrum_id,
        absorber=parse_absorber(row["absorber"]),
        edge=parse_edge(row["edge"]),
        energy_eV=np.asarray(energy, np.float64),
        mu=np.asarray(mu, np.float64),
        spectrum_type=row["type"],
        level="site" if is_site else "material",
        kind=row["kind"],
        code=row["code"],
        source=row["source"],
        licence=row["licence"],
        reduced_formula=row["reduced_formula"],
        material_id=row["material_id"] or None,
        site_index=row["site"] if is_site else None,
        reference=row["reference"],
    )


def _row(stated: Row, absorber: str, energy: np.ndarray, mu: np.ndarray, path: Path, tables: XasTables) -> Row:
    """The payload of one row; what is wrong with it is left for `spectrum_of_rows` to report."""
    material = str(stated.get("material_id", ""))
    site = stated.get("site_index", stated.get("site"))
    is_site = site is not None and stated.get("spectrum_level", "site") == "site"
    kind = "simulated" if material or "code" in stated else "measured"
    kind = str(stated["kind"]) if stated.get("kind") in KINDS else kind
    code = str(stated.get("code") or str(stated.get("feff", "")).partition(" ")[0] or _code_of(path, kind))
    if kind == "measured":
        code = str(stated.get("facility") or stated.get("code") or "measured")
    edge = str(stated.get("edge", "K" if material else ""))
    compound = material or stated.get("formula", path.stem)
    multiplicity = stated.get("site_multiplicity", stated.get("multiplicity"))
    where = f"site {int(site)}" if is_site and site is not None else "material"
    name = f"{compound} {absorber} {edge} {code} {where}"
    if (spectrum_type := stated["spectrum_type"]) != "XANES":
        name = f"{name} {spectrum_type}"
    return {
        "id": str(stated.get("id") or name),
        "type": spectrum_type,
        "material_id": material,
        "absorber": absorber,
        "edge": edge,
        "kind": kind,
        "code": code,
        "site": int(site) if is_site and site is not None else None,
        "weight": 1.0 if multiplicity is None else float(multiplicity),
        "source": str(stated.get("source") or path.name),
        "licence": str(stated.get("licence") or tables.licence),
        "reduced_formula": _formula(stated, tables.formulas.get(material, "")),
        "reference": str(stated.get("phase") or stated.get("sample") or "") or None,
        "is_whole": stated.get("sites_complete"),
        "refused": _refusal(stated, absorber, edge),
        "energy": energy,
        "mu": mu,
    }


def _refusal(stated: Row, absorber: str, edge: str) -> str:
    if stated.get("usable_query") is False:
        return "The table marks it as not usable (usable_query is false)."
    if stated.get("suspect") is True:
        return "The table marks its energy scale or normalisation as suspect."
    return f"The row names no {'absorber' if edge else 'edge'}." if not absorber or not edge else ""


def _formula(stated: Row, known: str) -> str:
    for text in (stated.get("reduced_formula"), stated.get("formula"), known):
        if text:
            try:
                return reduced_formula(parse_formula(str(text)))
            except CrystalError:
                continue
    return ""


def _code_of(path: Path, kind: str) -> str:
    """The code that a file's name states where no column does."""
    named = re.search(r"feff\d*|vasp|fdmnes|xspectra|ocean", path.stem, re.IGNORECASE)
    return named[0].upper() if named and kind == "simulated" else path.stem


def _mean(rows: tuple[Row, ...]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Weighted mean over the energies that all sites cover; one code's energies share one scale."""
    whole = [row for row in rows if row["energy"] is not None and len(row["energy"]) > 1]
    if len(whole) < len(rows):
        return None, None
    return mean_over_sites([(row["energy"], row["mu"]) for row in whole], [row["weight"] for row in whole])


def _lists(column: pa.Array) -> list[Any]:
    """A list column's rows as arrays, None for a null."""
    return [None if value is None else np.asarray(value.values, np.float64) for value in column]


def _near_edge(energy: Any, mu: Any, mu0: Any, named: tuple[Any, Any]) -> tuple[Any, Any]:
    """What FEFF gives as a spectrum that can be used, where µ0 is there and absorber and edge are named."""
    whole = all(one is not None and len(one) for one in (energy, mu, mu0))
    if not whole or named[0] not in ATOMIC_NUMBERS or named[1] not in EDGES:
        return energy, mu
    return feff_near_edge(energy, mu, mu0, *named)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or value == ""


def check_tables(files: Sequence[Path]) -> None:
    """Hold files against what a table of spectra needs.

    Raises:
        BuildError: for the first that is missing or lacks a column.
    """
    for path in files:
        if not path.is_file():
            raise BuildError(f"{path}: no such file; give a Parquet table of spectra.")
        if not is_xas_table(columns_of(path)):
            raise BuildError(
                f"{path.name}: no table of spectra; the columns energy, {' or '.join(ABSORPTIONS)}, and "
                f"{' or '.join(ABSORBERS)} are expected."
            )
