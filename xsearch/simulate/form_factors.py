"""X-ray form factors of the free neutral atoms, tabulated once for the simulator."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import SYMBOLS

S_MAX_INV_A = 3.0
TABLE_STEP_INV_A = 0.002
"""Largest sin θ / λ of the table of form factors, and its step, 1/Å."""
MOTT_BETHE_A2 = 41.78214
"""8π²a₀m/h² in the units of the table below: electrons · Å² for an electron form factor in Å."""


@cache
def form_factor_table() -> NDArray[np.float64]:
    """f0 of every element on a grid of s = sin θ / λ.

    Returns:
        (98, k) float64, electrons; row Z - 1, column i at s = i · `TABLE_STEP_INV_A` up to `S_MAX_INV_A`.

    The electron form factors of Doyle and Turner (Acta Cryst. A24 (1968) 390) and Smith and Burge (Acta Cryst. 15
    (1962) 182), turned into X-ray ones by the Mott-Bethe formula f = Z - 41.78 s² Σ aᵢ exp(-bᵢ s²) as in De Graef and
    McHenry, Structure of Materials (2007), table 12.1; pymatgen keeps the coefficients, so that the two agree.
    """
    s2 = np.arange(0, S_MAX_INV_A + TABLE_STEP_INV_A, TABLE_STEP_INV_A) ** 2
    coefficients = json.loads(_coefficients_file().read_text(encoding="utf-8"))
    table = np.empty((len(SYMBOLS), len(s2)))
    for z, symbol in enumerate(SYMBOLS, start=1):
        a, b = np.array(coefficients[symbol]).T
        table[z - 1] = z - MOTT_BETHE_A2 * s2 * (a[:, None] * np.exp(-b[:, None] * s2)).sum(axis=0)
    return table


def _coefficients_file() -> Path:
    """Where pymatgen keeps the coefficients, found without importing its heavy modules."""
    spec = find_spec("pymatgen.analysis")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "diffraction" / "atomic_scattering_params.json"
        if path.exists():
            return path
    raise FileNotFoundError("pymatgen's atomic_scattering_params.json is not there; reinstall pymatgen.")
