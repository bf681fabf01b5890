"""Where FEFF's energies lie, by edge: its atoms lack what moves deep levels, up to 27 eV at the K edge of iodine.

The shift from FEFF to a measurement was found on the K edges of titanium to zinc. On other edges it is expected to
differ by as much as FEFF's edges lie elsewhere, relative to the tabulated ones. Medians over the computed spectra that
come with xsearch, of some fifteen materials an edge; made by `python -m xsearch.data.pack_library`.
"""

from __future__ import annotations

import json
from functools import cache

import numpy as np

from xsearch.paths import WEIGHTS_FOLDER

OFFSETS_FILE = WEIGHTS_FOLDER / "feff_energy.json"

CALIBRATED = tuple(f"{element} K" for element in ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"))
"""Edges on which the shift was found."""

STATED_eV = {"O K": 5.0}
"""Where it is not so: FEFF's O K edges lie up to 4 eV above or below those of measured oxides. Set by hand."""


@cache
def offsets_eV() -> dict[str, float]:
    """By edge such as `I K`: the centre of FEFF's rise less the tabulated energy, median over compounds."""
    return {name: float(value) for name, value in json.loads(OFFSETS_FILE.read_text(encoding="utf-8")).items()}


def extra_shift_eV(absorber: str, edge: str) -> float | None:
    """What the shift of an edge is expected to be beyond that of the calibrated ones; None where nothing is known."""
    name = f"{absorber} {edge}"
    if name in CALIBRATED:
        return 0.0
    if name in STATED_eV:
        return STATED_eV[name]
    found = offsets_eV()
    if name not in found:
        return None
    usual = float(np.median([found[one] for one in CALIBRATED if one in found]))
    return usual - found[name]
