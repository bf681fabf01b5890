"""A calculated pattern as a table for the terminal, as plain values and as a file of two columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.text import Text

from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.report.files import with_folder
from xsearch.report.json_text import head, plain
from xsearch.report.material_record import cell_record
from xsearch.report.rich_table import new_table
from xsearch.simulate.crystal_pattern import SimulatedPattern


def simulation_table(simulated: SimulatedPattern, top: int = 20) -> Group:
    """The strongest lines in order of angle."""
    strongest = sorted(simulated.lines(), key=lambda line: -line["intensity"])[:top]
    table = new_table(("h k l", "multiplicity", "d (Å)", "2θ (°)", "intensity"))
    for line in sorted(strongest, key=lambda line: line["two_theta_deg"]):
        hkl = " ".join(str(index) for index in line["hkl"])
        numbers = (f"{line['d_A']:.4f}", f"{line['two_theta_deg']:.3f}", f"{line['intensity']:.1f}")
        table.add_row(hkl, str(line["multiplicity"]), *numbers)
    return Group(Text(f"{title(simulated)}, λ {simulated.pattern.wavelength_A:.5g} Å", style="bold"), table)


def simulation_record(simulated: SimulatedPattern) -> dict[str, Any]:
    """Everything as plain values."""
    return plain(
        {
            **head("simulated pattern"),
            "name": simulated.name,
            "formula": simulated.formula,
            "space_group": simulated.space_group,
            "space_group_symbol": space_group_symbol(simulated.space_group),
            "crystal_system": simulated.reflections.crystal_system,
            "cell": cell_record(simulated.reflections.cell),
            "wavelength_A": simulated.pattern.wavelength_A,
            "fwhm_deg": simulated.fwhm_deg,
            "lines": simulated.lines(),
        }
    )


def write_pattern(simulated: SimulatedPattern, path: str | Path) -> Path:
    """The profile as two columns, with the wavelength in the header, as every program reads it."""
    path = Path(path)
    header = (
        f"wavelength = {simulated.pattern.wavelength_A:.6f} A\n{simulated.name}: {title(simulated)}\n"
        "2theta_deg intensity"
    )
    columns = np.column_stack([simulated.pattern.two_theta_deg, simulated.pattern.intensity])
    np.savetxt(with_folder(path), columns, "%.4f", header=header)
    return path


def title(simulated: SimulatedPattern) -> str:
    """Formula, space group and cell in one line."""
    a, b, c, alpha, beta, gamma = simulated.reflections.cell
    return (
        f"{simulated.formula}, {space_group_symbol(simulated.space_group)} ({simulated.space_group}), "
        f"{a:.4f} {b:.4f} {c:.4f} Å {alpha:.2f} {beta:.2f} {gamma:.2f}°"
    )
