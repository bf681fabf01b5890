"""A small database in the form of the Materials Project's: AFLOW crystals under invented ids, synthetic spectra."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from xsearch.builders.aflow import AflowSource, process_aflow
from xsearch.chemistry.crystal import lattice_from_parameters
from xsearch.chemistry.formula import formula_unit, reduced_formula
from xsearch.errors import XSearchError
from xsearch.spectra.edges import tabulated_edge

Document = dict[str, Any]
FIRST, LATER = "2025-02-01T00:00:00", "2025-06-01T00:00:00"
CUT_POINT = 3_347_529
"""Ids up to here are written with digits by the project, later ones with letters only."""


def alpha_id(number: int) -> str:
    """A number as the project writes its newer ids: in base 26, padded to eight letters."""
    letters = ""
    while number:
        number, rest = divmod(number, 26)
        letters = chr(ord("a") + rest) + letters
    return f"mp-{letters.rjust(8, 'a')}"


class Library:
    """Summary and XAS documents, which a test may change as the project would.

    Attributes:
        summary: documents of materials, by their order.
        xas: documents of spectra.
        db_version: of the database.
    """

    def __init__(
        self, materials: int = 200, spectra_share: float = 0.4, seed: int = 1, snapshot: Path | None = None
    ) -> None:
        self.db_version = "2025.02.12"
        self.summary: list[Document] = []
        self.xas: list[Document] = []
        random = np.random.default_rng(seed)
        structures = _structures() if snapshot is None else structures_of(snapshot, materials)
        for number in range(materials):
            formula, structure = structures[number % len(structures)]
            # beyond the prototypes' number they come again, a little larger each time
            document = summary_of(1000 + 7 * number, formula, scaled(structure, 1 + 0.01 * (number // len(structures))))
            self.summary.append(document)
            if random.random() < spectra_share:
                self.xas += spectra_of(document, random)

    def material(self, material_id: str) -> Document:
        """The document of a material."""
        return next(d for d in self.summary if d["material_id"] == material_id)

    def change(self, material_id: str) -> None:
        """A new relaxation: the cell grows by half a percent."""
        document = self.material(material_id)
        document["structure"] = scaled(document["structure"], 1.005)
        document["last_updated"] = LATER

    def change_share(self, share: float) -> int:
        """A new version of the database, in which a share of the materials was relaxed anew; returns how many."""
        chosen = self.summary[:: round(1 / share)]
        for document in chosen:
            document["structure"], document["last_updated"] = scaled(document["structure"], 1.005), LATER
        self.db_version = "2025.06.01"
        return len(chosen)

    def deprecate(self, material_id: str) -> None:
        """The project takes a material back."""
        self.material(material_id)["deprecated"] = True

    def add(self, number: int, like: str) -> Document:
        """A new material like another one, 3 % larger."""
        model = self.material(like)
        document = summary_of(number, model["formula_pretty"], scaled(model["structure"], 1.03))
        document["last_updated"] = LATER
        self.summary.append(document)
        return document


def summary_of(number: int, formula: str, structure: Document) -> Document:
    """A summary document with all that xsearch asks for."""
    elements = sorted({species["element"] for site in structure["sites"] for species in site["species"]})
    return {
        "material_id": f"mp-{number}" if number <= CUT_POINT else alpha_id(number),
        "task_ids": [f"mp-{number}", alpha_id(number + 1), alpha_id(number + 2)],
        "formula_pretty": formula,
        "chemsys": "-".join(elements),
        "elements": elements,
        "structure": structure,
        "symmetry": {"number": 1, "symbol": "P1", "crystal_system": "Triclinic"},
        "theoretical": number % 2 == 0,
        "deprecated": False,
        "last_updated": FIRST,
        "builder_meta": {"license": "BY-C", "batch_id": None},
        "origins": [
            {"name": "energy", "task_id": f"mp-{number}"},
            {"name": "structure", "task_id": alpha_id(number + 1)},
        ],
        "run_types": {f"mp-{number}": "GGA", alpha_id(number + 1): "R2SCAN" if number % 2 else "GGA+U"},
        "band_gap": 0.5 * (number % 5),
        "is_gap_direct": number % 3 == 0,
        "is_metal": number % 5 == 0,
        "efermi": 3.25,
        "formation_energy_per_atom": -1.5,
        "energy_above_hull": 0.01 * (number % 7),
        "is_stable": number % 7 == 0,
        "ordering": "NM",
        "is_magnetic": False,
        "total_magnetization": 0.0,
        "density": 4.5,
    }


def spectra_of(document: Document, random: np.random.Generator) -> list[Document]:
    """Synthetic spectra of a material's elements: K edges, and one EXAFS; their key is a task, not the material."""
    found = []
    for element in document["elements"]:
        try:
            edge_eV = tabulated_edge(element, "K").energy_eV
        except XSearchError:
            continue
        found.append(spectrum_of(document, element, "XANES", edge_eV, random))
        if not found[:-1]:
            found.append(spectrum_of(document, element, "EXAFS", edge_eV, random))
    return found


def spectrum_of(document: Document, element: str, kind: str, edge_eV: float, random: np.random.Generator) -> Document:
    """An arctangent and three peaks."""
    start, stop = (-12.0, 55.0) if kind == "XANES" else (-5.0, 400.0)
    x = edge_eV + np.linspace(start, stop, 100)
    y = 0.5 + np.arctan((x - edge_eV) / 1.5) / np.pi
    for place in (6.0, 18.0, 33.0):
        y += random.uniform(0.05, 0.6) * np.exp(-0.5 * ((x - edge_eV - place - random.normal()) / 3) ** 2)
    return {
        "task_id": document["task_ids"][1],
        "spectrum_name": "XAS",
        "absorbing_element": element,
        "edge": "K",
        "spectrum_type": kind,
        "formula_pretty": document["formula_pretty"],
        "last_updated": FIRST,
        "warnings": ["synthetic"],
        "spectrum": {
            "@module": "pymatgen.analysis.xas.spectrum",
            "@class": "XAS",
            "x": x.tolist(),
            "y": y.tolist(),
            "structure": document["structure"],
            "absorbing_element": {"element": element},
            "edge": "K",
            "spectrum_type": kind,
            "absorbing_index": None,
        },
    }


def scaled(structure: Document, factor: float) -> Document:
    """A structure with longer cell vectors."""
    found = deepcopy(structure)
    found["lattice"]["matrix"] = (factor * np.array(found["lattice"]["matrix"])).tolist()
    return found


def structures_of(snapshot: Path, count: int) -> list[tuple[str, Document]]:
    """Formulas and structure documents of some rows of a Parquet snapshot, spread evenly over it."""
    cell = ("a", "b", "c", "alpha", "beta", "gamma")
    rows = pq.read_table(snapshot, columns=["reduced_formula", *cell, "species", "frac_coords"])
    found = []
    for row in rows.take(np.linspace(0, rows.num_rows - 1, count).astype(int)).to_pylist():
        lattice = lattice_from_parameters(*(row[name] for name in cell))
        places = np.array(row["frac_coords"], float).reshape(-1, 3).tolist()
        sites = [
            {"species": [{"element": element, "occu": 1}], "abc": place, "label": element, "properties": {}}
            for element, place in zip(row["species"], places, strict=True)
        ]
        found.append((row["reduced_formula"], {"lattice": {"matrix": lattice.tolist()}, "sites": sites}))
    return found


@cache
def _structures() -> list[tuple[str, Document]]:
    """Formulas and structure documents of the AFLOW prototypes with few atoms."""
    found = []
    for item in AflowSource().items():
        snl = item.payload["snl"]
        if len(snl["sites"]) > 12:
            continue
        unit = formula_unit(process_aflow(item).crystal)
        structure = {
            "@module": "pymatgen.core.structure",
            "@class": "Structure",
            "charge": 0,
            "lattice": {"matrix": snl["lattice"]["matrix"]},
            "sites": [{"species": s["species"], "abc": s["abc"], "label": "X", "properties": {}} for s in snl["sites"]],
        }
        found.append((reduced_formula(unit), structure))
    return found
