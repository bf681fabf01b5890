"""Pack the spectra that come with xsearch: `python -m xsearch.data.pack_library --help`.

From tables of full length come four small files, and the offsets of FEFF's energies. Measured references keep their
numbers in single precision; computed spectra keep FEFF's points in half precision, in edge steps and continued below
the edge, see `xsearch.preprocess.computed`; χ(k) of EXAFS is kept in half precision too.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.data.shipped_library import EXAFS, REFERENCES, SITES, STRUCTURES
from xsearch.data.xas_tables import XasTables, spectrum_of_rows
from xsearch.errors import CrystalError, SpectrumError
from xsearch.preprocess.computed import feff_near_edge
from xsearch.preprocess.xanes import normalize, window
from xsearch.xas.feff_energy import OFFSETS_FILE

COMPUTED = "FEFF10, computed for xsearch"
COMPUTED_LICENCE = "CC-BY-4.0"
"""Of spectra computed from structures of the Materials Project, which have this licence."""

POLYMORPHS = 2
"""Structures of a reference's compound that are shipped, the lowest in energy. Set by hand."""

REFERENCE_COLUMNS = (
    "id", "source", "licence", "facility", "element", "edge", "sample", "formula", "phase", "temperature",
    "compound_key", "usable_query", "suspect",
)  # fmt: skip
SITE_COLUMNS = (
    "material_id", "reduced_formula", "absorber", "edge", "site", "multiplicity", "sites_complete", "scf_converged",
    "fermi", "code", "source", "licence", "sample",
)  # fmt: skip
STRUCTURE_COLUMNS = (
    "material_id", "formula", "reduced_formula", "a", "b", "c", "alpha", "beta", "gamma", "species", "frac_coords",
    "licence", "spacegroup_number", "energy_above_hull", "energy_above_hull_src", "energy_above_hull_formula_sg_min",
    "theoretical", "duplicate_of", "band_gap", "band_gap_src",
)  # fmt: skip


def pack_references(table: pd.DataFrame, out: Path) -> None:
    """Measured references as they were measured: they are normalised as a query is."""
    _write(table, REFERENCE_COLUMNS, "mu_raw", table.mu_raw, np.float32, out)


def pack_sites(tables: Sequence[pd.DataFrame], out: Path, packed: pd.DataFrame | None = None) -> pd.DataFrame:
    """Computed sites of several tables, in edge steps; of equal ones the first is kept. Returns them all.

    Args:
        tables: as `simulate sites` wrote them.
        out: the file.
        packed: sites that were packed before and stay as they are.
    """
    raw = pd.concat(tables, ignore_index=True)
    raw = raw[raw.scf_converged]
    curves = [
        feff_near_edge(as_float(row.energy), as_float(row.mu), as_float(row.mu0), row.absorber, row.edge)
        for row in raw.itertuples()
    ]
    sites = raw.assign(
        source=COMPUTED,
        licence=COMPUTED_LICENCE,
        sample=raw.cards,
        energy=[energy for energy, _ in curves],
        mu=[mu for _, mu in curves],
    )
    parts = [one for one in (packed, sites) if one is not None]
    sites = pd.concat([part[[*SITE_COLUMNS, "energy", "mu"]] for part in parts], ignore_index=True)
    sites = sites.drop_duplicates(["material_id", "absorber", "edge", "site"])
    sites = sites.sort_values(["absorber", "edge", "material_id", "site"], kind="stable")
    _write(sites, SITE_COLUMNS, "mu", sites.mu, np.float16, out)
    return sites


def pack_exafs(table: pd.DataFrame, materials: set[str], out: Path) -> pd.DataFrame:
    """χ(k) of the sites of materials whose structures are shipped, those that miss no site. Returns them."""
    sites = table[table.sites_complete & table.material_id.isin(materials)]
    sites = sites.sort_values(["absorber", "edge", "material_id", "site"], kind="stable")
    sites = sites.assign(source=COMPUTED, licence=COMPUTED_LICENCE, sample=sites.cards)
    columns = [column for column in SITE_COLUMNS if column in sites]
    _write(sites, columns, "chi", sites.chi, np.float16, out)
    return sites


def as_float(values: Sequence[float]) -> NDArray[np.float64]:
    """A list column's row as an array."""
    return np.asarray(values, np.float64)


def pack_structures(structures: pd.DataFrame, materials: set[str], formulas: set[str], out: Path) -> set[str]:
    """Structures of materials, and of compounds that references were measured of. Returns their ids."""
    order = structures.assign(unreported=structures.theoretical.fillna(True).astype(bool))
    order = order[order.reduced_formula.isin(formulas) & order.duplicate_of.isna()]
    energy = order.energy_above_hull.fillna(order.energy_above_hull_formula_sg_min).fillna(1.0)
    order = order.assign(energy=energy).sort_values(["unreported", "energy", "nsites"], kind="stable")
    wanted = materials | set(order.groupby("reduced_formula").head(POLYMORPHS).material_id)
    kept = structures[structures.material_id.isin(wanted)]
    _write_structures(kept, out)
    return set(kept.material_id)


def add_sites(tables: Sequence[pd.DataFrame], structures: pd.DataFrame, sites_file: Path, cells_file: Path) -> str:
    """Add sites and their structures to files that were packed before. Returns what was done, in one line.

    Args:
        tables: as `simulate sites` wrote them.
        structures: with those of the tables' materials; what is packed already need not be among them.
        sites_file, cells_file: the packed files.
    """
    packed, cells = pd.read_parquet(sites_file), pd.read_parquet(cells_file)
    sites = pack_sites(tables, sites_file, packed)
    new = structures[structures.material_id.isin(set(sites.material_id) - set(cells.material_id))]
    _write_structures(pd.concat([cells, new[list(STRUCTURE_COLUMNS)]], ignore_index=True), cells_file)
    return f"sites added: {len(sites) - len(packed)}, structures: {len(new)}"


def _write_structures(table: pd.DataFrame, out: Path) -> None:
    packed = pa.Table.from_pandas(table[list(STRUCTURE_COLUMNS)], preserve_index=False).replace_schema_metadata(None)
    pq.write_table(packed, out, compression="zstd", compression_level=19)


def write_offsets(out: Path) -> None:
    """Where the edges of the packed spectra lie, less the tabulated ones: medians over materials, by edge."""
    found: dict[str, list[float]] = {}
    for name, rows in XasTables((SITES,)).spectra():
        spectrum = spectrum_of_rows(name, rows)
        if spectrum.level != "material":
            continue
        try:
            offset = window(normalize(spectrum.to_xanes())).offset_eV
        except SpectrumError:
            continue
        found.setdefault(f"{spectrum.absorber} {spectrum.edge}", []).append(offset)
    medians = {name: round(float(np.median(values)), 2) for name, values in sorted(found.items())}
    out.write_text(json.dumps(medians, indent=1) + "\n", encoding="utf-8")


def _write(
    table: pd.DataFrame, columns: Sequence[str], name: str, mu: Sequence[np.ndarray], precision: type, out: Path
) -> None:
    arrays = {column: pa.array(table[column], from_pandas=True) for column in columns if column in table}
    arrays["energy"] = pa.array([np.asarray(one).round(2).astype(np.float32) for one in table.energy])
    arrays[name] = pa.array([np.asarray(one).astype(precision) for one in mu])
    split = {f"{column}.list.element": "BYTE_STREAM_SPLIT" for column in ("energy", name)}
    texts = [column for column in columns if column in table]
    packed = pa.table(arrays)
    pq.write_table(packed, out, compression="zstd", compression_level=19, use_dictionary=texts, column_encoding=split)


def _formulas(table: pd.DataFrame) -> set[str]:
    found = set()
    for text in table.formula.dropna().unique():
        try:
            found.add(reduced_formula(parse_formula(str(text))))
        except CrystalError:
            continue
    return found


def main() -> None:
    """Write the four files and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--references", type=Path, help="measured spectra: xas_references.parquet")
    parser.add_argument("--sites", type=Path, nargs="+", required=True, help="tables that `simulate sites` wrote")
    parser.add_argument("--exafs", type=Path, help="table that `simulate sites --range exafs` wrote")
    parser.add_argument("--structures", type=Path, required=True, help="mp_structures.parquet")
    parser.add_argument("--add", action="store_true", help="add the sites to what is packed; the rest stays")
    given = parser.parse_args()
    if given.add:
        tables = [pd.read_parquet(path) for path in given.sites]
        print(add_sites(tables, pd.read_parquet(given.structures), SITES, STRUCTURES))
        write_offsets(OFFSETS_FILE)
        return
    if given.references is None or given.exafs is None:
        parser.error("without --add, --references and --exafs are needed")
    REFERENCES.parent.mkdir(exist_ok=True)
    references = pd.read_parquet(given.references)
    pack_references(references, REFERENCES)
    sites = pack_sites([pd.read_parquet(path) for path in given.sites], SITES)
    write_offsets(OFFSETS_FILE)
    structures = pd.read_parquet(given.structures)
    kept = pack_structures(structures, set(sites.material_id), _formulas(references), STRUCTURES)
    exafs = pack_exafs(pd.read_parquet(given.exafs), kept, EXAFS)
    for name, table in (("near edges", sites), ("EXAFS", exafs)):
        edges = table.groupby(["absorber", "edge"]).ngroups
        print(f"{name}: {len(table)} sites of {table.material_id.nunique()} materials, {edges} edges")
    size = sum(path.stat().st_size for path in (REFERENCES, SITES, EXAFS, STRUCTURES))
    print(f"{len(references)} references, {len(kept)} structures; {size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
