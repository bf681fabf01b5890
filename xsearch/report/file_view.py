"""What was read from a file, as an interactive page shows it before a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from xsearch.chemistry.cif import read_cif
from xsearch.chemistry.formula import formula_unit, reduced_formula
from xsearch.report.crystal_picture import crystal_picture
from xsearch.report.file_contents import FileContents, facts_of
from xsearch.report.interactive import edge_record, pattern_preview
from xsearch.report.typeset import formula_html
from xsearch.spectra import PowderPattern

CRYSTAL_FILE = ".cif"
"""Files of this kind hold a crystal where they hold no pattern."""


def file_view(contents: FileContents, most: int = 200) -> dict[str, Any]:
    """Facts, notes and a preview of the first spectrum, and what the others are; of a long series the first ones."""
    spectra = [_spectrum(contents, number) for number in range(min(len(contents.spectra), most))]
    return {
        "name": contents.name,
        "problems": list(contents.problems),
        "count": len(contents.spectra),
        "spectra": spectra,
        "preview": _preview(contents),
    }


def _spectrum(contents: FileContents, number: int) -> dict[str, Any]:
    spectrum = contents.spectra[number]
    facts, notes = facts_of(contents, number) if number == 0 else ({}, [])
    found: dict[str, Any] = {"facts": facts, "notes": notes}
    if isinstance(spectrum, PowderPattern):
        return {"kind": "pattern", "wavelength_A": None if contents.problems else spectrum.wavelength_A, **found}
    return {"kind": "edge", "absorber": spectrum.absorber, "edge": spectrum.edge, **found}


def _preview(contents: FileContents) -> dict[str, Any]:
    spectrum = contents.spectra[0]
    if isinstance(spectrum, PowderPattern):
        return {"kind": "pattern", **pattern_preview(spectrum)}
    found = contents.normalised(0)
    if isinstance(found, str):
        return {"kind": "edge", "energy_eV": spectrum.energy_eV, "mu": spectrum.mu, "e0_eV": None}
    return {"kind": "edge", **edge_record(found), "energy_eV": np.round(found.energy_eV, 3), "mu": found.mu}


def crystal_file_view(path: Path, name: str) -> dict[str, Any]:
    """The first crystal of a CIF file: its formula and its picture.

    Raises:
        CrystalError: where it holds none.
    """
    crystal = read_cif(path.read_text(encoding="utf-8", errors="replace"), name)[0].crystal
    formula = reduced_formula(formula_unit(crystal))
    return {
        "name": name,
        "problems": [],
        "count": 1,
        "spectra": [
            {"kind": "crystal", "facts": {"formula": formula, "atoms": f"{len(crystal)} in the cell"}, "notes": []}
        ],
        "label": formula_html(formula),
        "preview": {"kind": "crystal", "picture": crystal_picture(crystal)},
    }
