"""Spectra of sites that FEFF computes: a job, the row that it gives, and the journal that keeps rows as they come."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import distinct_sites
from xsearch.errors import BuildError, QueryError, XSearchError
from xsearch.indexes.files import write_atomically
from xsearch.preprocess.exafs import INV_A2_PER_eV
from xsearch.simulate.feff import run_feff, run_feff_exafs, without_log
from xsearch.simulate.feff_input import FeffExafsSettings, FeffSettings, cluster_around
from xsearch.spectra.edges import tabulated_edge

CODE = "FEFF10"

SCHEMA = pa.schema(
    {
        "material_id": pa.string(),
        "reduced_formula": pa.string(),
        "absorber": pa.string(),
        "edge": pa.string(),
        "site": pa.int64(),
        "multiplicity": pa.int64(),
        "sites_complete": pa.bool_(),
        "energy": pa.list_(pa.float64()),
        "mu": pa.list_(pa.float32()),
        "mu0": pa.list_(pa.float32()),
        "fermi": pa.float64(),
        "scf_converged": pa.bool_(),
        "natoms": pa.int64(),
        "code": pa.string(),
        "cards": pa.string(),
        "seconds": pa.float64(),
    }
)
"""Columns of a table of computed near edges: energies in eV, absorption in FEFF's units."""

EXAFS_SCHEMA = pa.schema(
    [
        pa.field("chi", one.type) if one.name == "mu" else one
        for one in SCHEMA
        if one.name not in ("mu0", "fermi", "scf_converged")
    ]
)
"""Columns of a table of computed EXAFS: energies of the k of χ above the tabulated edge, and χ in edge steps."""

SiteSettings = FeffSettings | FeffExafsSettings
"""Of a calculation: they say whether it is of the near edge or of EXAFS."""


@dataclass(frozen=True)
class SiteJob:
    """One site of one edge of one material.

    Attributes:
        material_id, reduced_formula: of the material.
        crystal: fully occupied.
        absorber, edge: such as `Fe`, `K`.
        site: the absorber's place in the crystal.
        multiplicity: how many sites of the crystal are like it.
        distinct: how many distinct sites of the absorber the crystal has.
    """

    material_id: str
    reduced_formula: str
    crystal: Crystal
    absorber: str
    edge: str
    site: int
    multiplicity: int
    distinct: int

    @cached_property
    def key(self) -> str:
        """Equal for equal crystals, edges and sites."""
        crystal = self.crystal
        numbers = [crystal.lattice_A.round(4).tolist(), crystal.frac_coords.round(4).tolist(), crystal.elements]
        digest = hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:12]
        return f"{self.material_id} {digest} {self.absorber} {self.edge} {self.site}"


def site_jobs(material_id: str, reduced_formula: str, crystal: Crystal, absorber: str, edge: str) -> list[SiteJob]:
    """The jobs of one edge of a material: each of its distinct sites.

    Raises:
        QueryError: for a disordered crystal, or one without the absorber.
    """
    if not crystal.is_ordered:
        raise QueryError(f"{material_id}: FEFF needs a crystal in which every site holds one element.")
    sites = distinct_sites(crystal, absorber)
    if not sites:
        raise QueryError(f"{material_id}: the crystal holds no {absorber}.")
    return [
        SiteJob(material_id, reduced_formula, crystal, absorber, edge, site, multiplicity, len(sites))
        for site, multiplicity in sites
    ]


def compute_site(job: SiteJob, settings: SiteSettings, timeout_s: float) -> dict[str, Any]:
    """The row of a job, of its near edge or its EXAFS; one that fails gives a row with `error`, the reason in one line.

    Only FEFF10 by pip is used: rows of one table are to agree.
    """
    row: dict[str, Any] = {"key": job.key, "cards": settings.cards}
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            found = _spectrum(job, settings, folder, timeout_s)
    except XSearchError as error:
        return {**row, "error": without_log(error), "timeout_s": timeout_s}
    return {
        **row,
        "material_id": job.material_id,
        "reduced_formula": job.reduced_formula,
        "absorber": job.absorber,
        "edge": job.edge,
        "site": job.site,
        "multiplicity": job.multiplicity,
        "distinct": job.distinct,
        **found,
        "natoms": len(cluster_around(job.crystal, job.site, settings.cluster_A)),
        "code": CODE,
    }


def _spectrum(job: SiteJob, settings: SiteSettings, folder: str, timeout_s: float) -> dict[str, Any]:
    """Columns of a row that FEFF gives."""
    if isinstance(settings, FeffExafsSettings):
        exafs = run_feff_exafs(job.crystal, job.site, folder, job.edge, settings=settings, timeout_s=timeout_s)
        energy_eV = tabulated_edge(job.absorber, job.edge).energy_eV + exafs.k_invA**2 / INV_A2_PER_eV
        return {
            "energy": energy_eV.round(3).tolist(),
            "chi": exafs.chi.round(7).tolist(),
            "seconds": round(exafs.seconds, 2),
        }
    found = run_feff(job.crystal, job.site, folder, job.edge, settings=settings, timeout_s=timeout_s)
    return {
        "energy": found.energy_eV.round(3).tolist(),
        "mu": found.mu.round(6).tolist(),
        "mu0": found.mu0.round(6).tolist(),
        "fermi": None if np.isnan(found.fermi_eV) else found.fermi_eV,
        "scf_converged": found.scf_converged,
        "seconds": round(found.seconds, 2),
    }


class Journal:
    """Rows of computed sites in a file of JSON lines: one is kept the moment it is there, whatever ends the run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> Iterator[dict[str, Any]]:
        """All that were kept; a last line that was cut off is passed over."""
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    continue

    def done(self, settings: SiteSettings, timeout_s: float) -> set[str]:
        """Keys of the sites that need not be computed again: spectra, and failures unless there is more time now."""
        return {
            row["key"]
            for row in self.rows()
            if row["cards"] == settings.cards and ("error" not in row or row.get("timeout_s", 0.0) >= timeout_s)
        }

    def append(self, row: dict[str, Any]) -> None:
        """Keep a row."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(row) + "\n"
        if self.path.exists() and not _ends_a_line(self.path):
            line = "\n" + line
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the journal for one process.

        Raises:
            BuildError: where another holds it.
        """
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=0):
                yield
        except Timeout:
            raise BuildError(f"Another process is computing into {self.path}; wait for it to end.") from None

    def table(self, settings: SiteSettings, keys: Collection[str] | None = None) -> pa.Table:
        """Spectra of these cards, one row a site, in the order in which they came.

        Args:
            settings: their cards.
            keys: of the jobs that are wanted; default all.

        Returns:
            A table with the columns of `SCHEMA`, or of `EXAFS_SCHEMA`.
        """
        rows = {
            row["key"]: row
            for row in self.rows()
            if "error" not in row and row["cards"] == settings.cards and (keys is None or row["key"] in keys)
        }
        whole: dict[str, int] = {}
        for key in rows:
            whole[_edge_of(key)] = whole.get(_edge_of(key), 0) + 1
        for key, row in rows.items():
            row["sites_complete"] = whole[_edge_of(key)] == row["distinct"]
        schema = EXAFS_SCHEMA if isinstance(settings, FeffExafsSettings) else SCHEMA
        return pa.Table.from_pylist(list(rows.values()), schema)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a Parquet file aside, then move it into its place."""
    content = pa.BufferOutputStream()
    pq.write_table(table, content, compression="zstd")
    write_atomically(path, content.getvalue().to_pybytes())


def _edge_of(key: str) -> str:
    return key.rpartition(" ")[0]


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, 2)
        if not file.tell():
            return True
        file.seek(-1, 2)
        return file.read(1) == b"\n"
