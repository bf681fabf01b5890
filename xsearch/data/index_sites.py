"""Training examples from an index: the spectra that it keeps, with the sites of its structures as labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.descriptors import site_orbits
from xsearch.data.site_labels import label_sites
from xsearch.data.xanes_sites import Examples, join
from xsearch.errors import SpectrumError
from xsearch.indexes import Index

COLUMNS = ("spectrum_id", "material_id", "reduced_formula", "absorber", "edge", "level", "code", "site_index")


def index_examples(index: Index, processes: int = 1) -> Examples:
    """Examples of every near-edge spectrum of an index that belongs to one kind of site.

    A material's mean spectrum counts where all its absorbers are equivalent by symmetry. Measured and predicted
    spectra are left out: the first are of samples, the second were made by a model.

    Args:
        index: with spectra, such as one built from the Materials Project.
        processes: for the labels.

    Raises:
        SpectrumError: where it holds no such spectrum.
    """
    spectra, cells = read_index(index)
    if spectra.empty:
        raise SpectrumError(f"Index {index.name!r} holds no simulated spectrum whose site is known.")
    return join(spectra, label_sites(spectra, cells, processes))


def read_index(index: Index) -> tuple[pd.DataFrame, dict[str, Crystal]]:
    """Rows as `label_sites` takes them, and the crystals of their materials by id."""
    stored = index.spectra_table
    usable = pc.and_(pc.equal(stored.column("kind"), "simulated"), pc.is_valid(stored.column("window")))
    stored = stored.filter(pc.and_(usable, pc.is_valid(stored.column("row_id"))))
    table = pd.DataFrame({name: stored.column(name).to_pylist() for name in (*COLUMNS, "row_id")})
    table["energy"] = [np.asarray(e) for e in stored.column("energy_eV").to_pylist()]
    table["mu"] = [np.asarray(m) for m in stored.column("mu").to_pylist()]
    rows = sorted(set(table.row_id))
    cells = {m.material_id: m.crystal for m in index.materials(rows) if m.crystal.is_ordered}
    table["site_index"] = [_site_of(row, cells) for row in table.itertuples()]
    kept = table[table.site_index.notna()].rename(columns={"spectrum_id": "id"})
    return kept.drop(columns=["row_id"]), cells


def _site_of(row: object, cells: Mapping[str, Crystal]) -> float:
    """The site of a spectrum; NaN where it belongs to several that differ."""
    crystal = cells.get(row.material_id)  # type: ignore[attr-defined]
    if crystal is None:
        return np.nan
    site, absorber = row.site_index, row.absorber  # type: ignore[attr-defined]
    if row.level == "site" and not pd.isna(site):  # type: ignore[attr-defined]
        return float(site)
    sites = [i for i, element in enumerate(crystal.elements) if element == absorber]
    orbits = site_orbits(crystal) if len(sites) > 1 else ()
    return float(sites[0]) if len(sites) == 1 or len({orbits[i] for i in sites}) == 1 else np.nan
