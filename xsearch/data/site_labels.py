"""Labels of simulated spectra: the descriptors of the site that each spectrum belongs to, kept in one Parquet file."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import parquet

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.descriptors import describe_all
from xsearch.errors import SpectrumError

CELLS_FILE, STRUCTURES_FILE = "mp_cells_of_xas.parquet", "mp_structures.parquet"
"""Tables of cells that are looked for beside a table of spectra: `site_index` counts in the first, `site` in the
second."""

FEFF10_COLUMNS = {"mu0", "fermi"}
"""By which tables of FEFF10 are known that do not name their code."""

NEEDED = ("absorber", "edge", "material_id", "site_index", "energy", "mu", "reduced_formula")


def read_site_spectra(path: Path, structures: Path | None = None) -> pd.DataFrame:
    """Rows of a table of spectra that belong to one site each.

    A column `site` may stand for `site_index`. Rows without an id get one; formulas that a table lacks are taken from
    the cells of its materials.

    Args:
        path: the table.
        structures: the cells, for formulas; see `cells_of` for the default.

    Raises:
        SpectrumError: where columns are missing.
    """
    if not path.exists():
        raise SpectrumError(f"{path}: no such file; a Parquet table of spectra is expected.")
    table = pd.read_parquet(path)
    cells = structures or cells_of(path)
    if "site_index" not in table.columns:
        table = table.rename(columns={"site": "site_index"})
    if "reduced_formula" not in table.columns and cells.exists() and "material_id" in table.columns:
        formulas = pd.read_parquet(cells, columns=["material_id", "reduced_formula"])
        table = table.merge(formulas.drop_duplicates("material_id"), on="material_id")
    if missing := [c for c in NEEDED if c not in table.columns]:
        raise SpectrumError(f"{path.name}: the columns {', '.join(missing)} are missing.")
    if "code" not in table.columns:
        table["code"] = "FEFF10" if {*table.columns} >= FEFF10_COLUMNS else path.stem
    if "id" not in table.columns:
        parts = zip(table.material_id, table.absorber, table.edge, table.site_index, strict=True)
        table["id"] = [f"{material} {absorber} {edge} {site:g}" for material, absorber, edge, site in parts]
    sites = table[table.site_index.notna()]
    return sites[sites.spectrum_level == "site"] if "spectrum_level" in sites.columns else sites


def cells_of(path: Path) -> Path:
    """Where the cells of a table's materials are looked for, see `CELLS_FILE`; the file need not be there."""
    names = parquet.read_schema(path).names if path.exists() else []
    return path.parent / (CELLS_FILE if "site_index" in names else STRUCTURES_FILE)


def read_cells(path: Path, material_ids: Collection[str] | None = None) -> dict[str, Crystal]:
    """Crystals by material id from a table with `a b c alpha beta gamma species frac_coords`; only some, if given."""
    columns = ["material_id", "a", "b", "c", "alpha", "beta", "gamma", "species", "frac_coords"]
    table = pd.read_parquet(path, columns=columns)
    if material_ids is not None:
        table = table[table.material_id.isin(material_ids)]
    return {
        row.material_id: Crystal.ordered(
            lattice_from_parameters(row.a, row.b, row.c, row.alpha, row.beta, row.gamma),
            np.asarray(row.frac_coords, np.float64).reshape(-1, 3),
            [str(s) for s in row.species],
        )
        for row in table.itertuples()
    }


def label_sites(spectra: pd.DataFrame, cells: dict[str, Crystal], processes: int = 1) -> pd.DataFrame:
    """Descriptors of the site of every spectrum that has a structure in which that site is the absorber.

    A structure that a row states (`structure_json`) goes before the cell of its material.

    Returns:
        A table with `id` and one column a descriptor, without the rows that could not be described.
    """
    crystals: dict[str, Crystal] = {}
    wanted: dict[str, dict[int, list[str]]] = {}
    for row in spectra.itertuples():
        stated = getattr(row, "structure_json", None)
        key = f"stated:{row.material_id}" if isinstance(stated, str) else str(row.material_id)
        if key not in crystals:
            found = crystal_of_json(stated) if isinstance(stated, str) else cells.get(key)
            if found is None:
                continue
            crystals[key] = found
        site = int(row.site_index)
        if site < len(crystals[key]) and crystals[key].elements[site] == row.absorber:
            wanted.setdefault(key, {}).setdefault(site, []).append(str(row.id))
    described = describe_all([(crystals[key], sorted(sites)) for key, sites in wanted.items()], processes)
    rows = []
    for sites, answer in zip(wanted.values(), described, strict=True):
        if isinstance(answer, str):
            continue
        for descriptors in answer:
            values = asdict(descriptors) | {"neighbors": " ".join(descriptors.neighbors)}
            rows += [{"id": identifier, **values} for identifier in sites[descriptors.site]]
    return pd.DataFrame(rows)


def labels_of(
    path: Path, cache: Path | None = None, processes: int = 1, structures: Path | None = None
) -> pd.DataFrame:
    """Labels of a table of spectra, computed or taken from a cache file that an earlier call wrote.

    Args:
        path: the table of spectra.
        cache: where the labels are kept; nothing is kept if None.
        processes: how many are computed at once.
        structures: a table of the cells of rows without a structure; see `cells_of` for the default.

    Raises:
        SpectrumError: where none of the spectra has a structure.
    """
    if cache is not None and cache.exists():
        return pd.read_parquet(cache)
    cells = structures or cells_of(path)
    if structures is not None and not structures.exists():
        raise SpectrumError(f"{structures}: no such file; a Parquet table of cells is expected.")
    spectra = read_site_spectra(path, structures)
    crystals = read_cells(cells, set(spectra.material_id)) if cells.exists() else {}
    labels = label_sites(spectra, crystals, processes)
    if labels.empty:
        raise SpectrumError(
            f"{path.name}: none of the spectra has a structure (structure_json, or a cell in {cells.name}) in which "
            "its site is the absorber."
        )
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        aside = cache.with_suffix(".part")
        labels.to_parquet(aside)
        aside.rename(cache)
    return labels


def crystal_of_json(text: str) -> Crystal | None:
    """A crystal from a pymatgen structure in JSON; None where it is disordered or broken."""
    from pymatgen.core import Structure

    try:
        crystal = Crystal.from_structure(Structure.from_dict(json.loads(text)))
    except (KeyError, TypeError, ValueError):
        return None
    return crystal if crystal.is_ordered else None
