"""A calculated XANES spectrum as a table for the terminal, as plain values and as a file of three columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from xsearch.report.files import with_folder
from xsearch.report.rich_table import new_table
from xsearch.xas.forward import CalculatedXanes

ROWS_SHOWN = 15
"""Of the table; JSON and the file hold all points."""


def xanes_table(spectrum: CalculatedXanes) -> Table:
    """Some rows of the spectrum."""
    table = new_table(("energy / eV", "μ", "±"))
    table.title = f"{spectrum.absorber} {spectrum.edge} edge, {spectrum.method}"
    for i in np.linspace(0, len(spectrum.mu) - 1, ROWS_SHOWN).round().astype(int).tolist():
        table.add_row(f"{spectrum.energy_eV[i]:.1f}", f"{spectrum.mu[i]:.3f}", f"{spectrum.sigma[i]:.3f}")
    return table


def xanes_record(spectrum: CalculatedXanes) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "absorber": spectrum.absorber,
        "edge": spectrum.edge,
        "method": spectrum.method,
        "notes": list(spectrum.notes),
        "energy_eV": spectrum.energy_eV.tolist(),
        "mu": spectrum.mu.tolist(),
        "sigma": spectrum.sigma.tolist(),
    }


def write_xanes(spectrum: CalculatedXanes, path: str | Path) -> Path:
    """Energy, absorption and its standard deviation as three columns with a header."""
    path = Path(path)
    header = f"{spectrum.absorber} {spectrum.edge} edge, {spectrum.method}; energy_eV mu sigma\n" + "\n".join(
        spectrum.notes
    )
    columns = np.column_stack([spectrum.energy_eV, spectrum.mu, spectrum.sigma])
    np.savetxt(with_folder(path), columns, fmt="%.4f", header=header)
    return path
