"""Rock-salt oxides with made-up spectra, as tables and in an index: real crystals, real labels, tiny sizes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from tests.chemistry.test_descriptors import spinel
from tests.crystals import rock_salt
from xsearch.builders.material import draft
from xsearch.indexes import Chunk, Entry, Index, Staging
from xsearch.indexes.spectra import SpectraChunk
from xsearch.spectra.edges import tabulated_edge
from xsearch.spectra.xas import XasSpectrum

METALS = ("Mn", "Fe", "Co", "Ni", "Cu", "Zn")


def spectrum(metal: str, a_A: float) -> tuple[np.ndarray, np.ndarray]:
    """An edge whose oscillation tells the cell's size."""
    e0 = tabulated_edge(metal, "K").energy_eV
    x = np.linspace(-15, 60, 160)
    mu = 0.5 + np.arctan(x / 1.5) / np.pi + 0.4 * np.exp(-(((x - 6) / 4) ** 2))
    return e0 + x, mu + 0.08 * np.sin((x - 5) * a_A**2 / 60) * (x > 5)


def write_table(path: Path, cells_apart: bool = False) -> Path:
    """Site spectra of eighteen oxides; their cells in each row, or in a table of their own beside it."""
    rows, cells = [], []
    for metal in METALS:
        for number, a_A in enumerate((4.1, 4.25, 4.4)):
            crystal = rock_salt(metal, "O", a_A)
            energy, mu = spectrum(metal, a_A)
            name = f"{metal}-{number}"
            row = {
                "id": f"s-{name}", "absorber": metal, "edge": "K", "material_id": name, "site_index": 0,
                "energy": energy, "mu": mu, "reduced_formula": f"{metal}O", "code": "made", "spectrum_level": "site",
            }  # fmt: skip
            if not cells_apart:
                row["structure_json"] = json.dumps(crystal.to_structure().as_dict())
            rows.append(row)
            a = float(np.linalg.norm(crystal.lattice_A[0]))
            cells.append(
                {"material_id": name, "a": a, "b": a, "c": a, "alpha": 60.0, "beta": 60.0, "gamma": 60.0,
                 "species": [metal, "O"], "frac_coords": crystal.frac_coords.ravel()}
            )  # fmt: skip
    pd.DataFrame(rows).to_parquet(path)
    if cells_apart:
        pd.DataFrame(cells).to_parquet(path.parent / "cells.parquet")
    return path


def write_index(folder: Path) -> Index:
    """The oxides of six metals with material spectra, a spinel with one, and a spectrum of each of two of its sites."""
    materials = [draft(f"{m}-0", rock_salt(m, "O", 4.2), source="made", licence="CC0-1.0") for m in METALS]
    materials.append(draft("spinel", spinel(), source="made", licence="CC0-1.0"))
    told = {"kind": "simulated", "code": "made", "source": "made", "licence": "CC0-1.0", "spectrum_type": "XANES"}
    spectra = [
        XasSpectrum(f"s-{m}", m, "K", *spectrum(m, 4.2), level="material", reduced_formula=f"{m}O",
                    material_id=f"{m}-0", **told)
        for m in METALS
    ]  # fmt: skip
    cobalt = [i for i, e in enumerate(materials[-1].crystal.elements) if e == "Co"]
    for name, level, site in (("all", "material", None), ("first", "site", cobalt[0]), ("last", "site", cobalt[-1])):
        spectra.append(
            XasSpectrum(f"spinel-{name}", "Co", "K", *spectrum("Co", 4.0), level=level, site_index=site,
                        reduced_formula="Co3O4", material_id="spinel", **told)
        )  # fmt: skip
    spectra.append(
        XasSpectrum("measured", "Ni", "K", *spectrum("Ni", 4.2), level="material", reduced_formula="NiO",
                    material_id="Ni-0", **{**told, "kind": "measured"})
    )  # fmt: skip
    with Staging.open(folder, "oxides", {}) as staging:
        staging.write(0, Chunk.from_entries([Entry(m, None, None) for m in materials], []))
        staging.write_spectra(0, SpectraChunk.from_spectra(spectra))
        staging.publish(1, spectra=1)
    return Index.open(folder)
