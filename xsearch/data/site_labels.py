"""Labels of simulated spectra: the descriptors of the site that each spectrum belongs to, kept in one Parquet file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.descriptors import describe_all
from xsearch.errors import SpectrumError

CELLS_FILE = "mp_cells_of_xas.parquet"
NEEDED = ("id", "absorber", "edge", "material_id", "site_index", "energy", "mu", "reduced_formula")


def read_site_spectra(path: Path) -> pd.DataFrame:
    """Rows of a table of spectra that belong to one site each.

    Raises:
        SpectrumError: where columns are missing.
    """
    if not path.exists():
        raise SpectrumError(f"{path}: no such file; a Parquet table of spectra is expected.")
    table = pd.read_parquet(path)
    if missing := [c for c in NEEDED if c not in table.columns]:
        raise SpectrumError(f"{path.name}: the columns {', '.join(missing)} are missing.")
    sites = table[table.site_index.notna()]
    return sites[sites.spectrum_level == "site"] if "spectrum_level" in sites.columns else sites


def read_cells(path: Path) -> dict[str, Crystal]:
    """Crystals by material id from a table with `a b c alpha beta gamma species frac_coords`."""
    return {
        row.material_id: Crystal.ordered(
            lattice_from_parameters(row.a, row.b, row.c, row.alpha, row.beta, row.gamma),
            np.asarray(row.frac_coords, np.float64).reshape(-1, 3),
            [str(s) for s in row.species],
        )
        for row in pd.read_parquet(path).itertuples()
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
        structures: a table of the cells of rows without a structure; by default `mp_cells_of_xas.parquet` beside it.

    Raises:
        SpectrumError: where none of the spectra has a structure.
    """
    if cache is not None and cache.exists():
        return pd.read_parquet(cache)
    cells = structures or path.parent / CELLS_FILE
    if structures is not None and not structures.exists():
        raise SpectrumError(f"{structures}: no such file; a Parquet table of cells is expected.")
    labels = label_sites(read_site_spectra(path), read_cells(cells) if cells.exists() else {}, processes)
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
