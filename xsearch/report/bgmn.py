"""Structure and control files of BGMN, as Profex reads them (Bergmann et al., CPD Newsletter 20 (1998) 5).

Atoms are written in full, in space group P1 with the ties of the conventional cell, so that no choice of origin or
setting is left to the reader. Lengths are in nm. BGMN needs a description of the goniometer too, which Profex makes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xsearch.answers import Hit
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.report.structures import file_stem
from xsearch.spectra import PowderPattern
from xsearch.spectra.radiation import LINES_A, SAME_TUBE_A, mean_kalpha_A

TIES = {
    "cubic": "B=A C=A ALPHA=90 BETA=90 GAMMA=90",
    "hexagonal": "B=A ALPHA=90 BETA=90 GAMMA=120",
    "trigonal": "B=A ALPHA=90 BETA=90 GAMMA=120",
    "tetragonal": "B=A ALPHA=90 BETA=90 GAMMA=90",
    "orthorhombic": "ALPHA=90 BETA=90 GAMMA=90",
    "monoclinic": "ALPHA=90 GAMMA=90",
    "triclinic": "",
}
"""Parameters of a cell that others or its system fix."""

FREE = {
    "cubic": "A", "hexagonal": "AC", "trigonal": "AC", "tetragonal": "AC", "orthorhombic": "ABC",
    "monoclinic": "ABCb", "triclinic": "ABCabg",
}  # fmt: skip
NAMES = {"A": "A", "B": "B", "C": "C", "a": "ALPHA", "b": "BETA", "g": "GAMMA"}
LENGTH_RANGE, ANGLE_RANGE_DEG = 0.01, 1.0
"""A cell parameter may change by so much of its length, or by so many degrees."""

TDS_NM2 = 0.005
"""Isotropic displacement factor B of every atom."""


def structure_text(hit: Hit) -> str:
    """The crystal of a hit, strained to the pattern, as a BGMN structure file."""
    symmetry = find_symmetry(hit.strained_crystal, hit.matched_entry.symprec_A)
    system = symmetry.crystal_system
    structure = symmetry.primitive.to_structure()
    structure.make_supercell(symmetry.to_conventional.T)
    cell = (*(symmetry.cell[:3] / 10).tolist(), *symmetry.cell[3:].tolist())
    free = []
    for letter in FREE[system]:
        value = cell["ABCabg".index(letter)]
        change = LENGTH_RANGE * value if letter in "ABC" else ANGLE_RANGE_DEG
        free.append(f"PARAM={NAMES[letter]}={value:.6f}_{value - change:.6f}^{value + change:.6f}")
    name = f"phase{hit.rank}"
    lines = [
        f"PHASE={hit.formula} // {hit.material_id}, cell strained to the pattern by xsearch",
        "SpacegroupNo=1 HermannMauguin=P1 Lattice=Triclinic //",
        f"{' '.join(free)} {TIES[system]} //",
        "RP=4 k1=0 k2=0 PARAM=B1=0_0^0.02 PARAM=GEWICHT=0.1_0 //",
        f"GOAL:{name}=GEWICHT //",
    ]
    for site in structure:
        kinds = [
            one.symbol.upper() if share == 1 else f"{one.symbol.upper()}({share:g})"
            for one, share in site.species.items()
        ]
        species = kinds[0] if len(kinds) == 1 else f"({','.join(kinds)})"
        x, y, z = np.mod(np.round(site.frac_coords, 6), 1.0)
        lines.append(f"E={species} Wyckoff=a x={x:.6f} y={y:.6f} z={z:.6f} TDS={TDS_NM2:g}")
    return "\n".join(lines) + "\n"


def control_text(pattern: PowderPattern, structures: list[Path], data: Path) -> str:
    """What BGMN does: the radiation, the phases, the data, and a zero shift."""
    anode = next(
        (
            anode.upper()
            for anode, (first_A, second_A, _) in LINES_A.items()
            if min(abs(pattern.wavelength_A - one) for one in (first_A, mean_kalpha_A(first_A, second_A))) < SAME_TUBE_A
        ),
        None,
    )
    radiation = f"LAMBDA={anode}" if anode else f"SYNCHROTRON={pattern.wavelength_A / 10:.7f}"
    return "\n".join(
        [
            "% written by xsearch; give the geometry of your goniometer",
            "VERZERR=instrument.geq",
            radiation,
            *(f"STRUC[{place}]={path.name}" for place, path in enumerate(structures, start=1)),
            f"VAL[1]={data.name}",
            "LIST=bgmn.lst",
            "OUTPUT=bgmn.par",
            "DIAGRAMM=bgmn.dia",
            "PARAM[1]=EPS1=0_-0.01^0.01",
            "PROTOKOLL=Y",
            "",
        ]
    )


def write_bgmn(pattern: PowderPattern, hits: tuple[Hit, ...], folder: Path) -> list[Path]:
    """A structure file a phase, the data, and a control file."""
    paths = []
    for hit in hits:
        paths.append(folder / f"{file_stem(hit)}.str")
        paths[-1].write_text(structure_text(hit), encoding="utf-8")
    control, points = folder / "bgmn.sav", folder / "bgmn.xy"
    np.savetxt(points, np.column_stack([pattern.two_theta_deg, pattern.intensity]), "%.6f")
    control.write_text(control_text(pattern, paths, points), encoding="utf-8")
    return [*paths, points, control]
