"""An external FEFF executable as a source of XANES: inputs through pymatgen, one run, the spectrum back."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xsearch.chemistry.crystal import Crystal
from xsearch.errors import MissingExtra, QueryError, SpectrumError
from xsearch.spectra import Xanes

EXECUTABLES = ("feff", "feff10", "feff9", "feff85L", "feffmpi")
TIMEOUT_S = 3600.0
"""An external FEFF is ended after this time."""


@dataclass(frozen=True, slots=True)
class FeffSettings:
    """What a calculation has to give.

    Attributes:
        scf_A: radius of the self-consistent cluster.
        fms_A: radius of full multiple scattering.
        cluster_A: radius of the cluster that is written.
        core_hole: `FSR` (final state rule) or `RPA`.
        k_max: of the XANES card, 1/Å.
        k_step, e_step_eV: of the XANES card.
    """

    scf_A: float = 4.5
    fms_A: float = 6.0
    cluster_A: float = 8.0
    core_hole: str = "FSR"
    k_max: float = 3.7
    k_step: float = 0.04
    e_step_eV: float = 0.1


def find_feff(executable: str | Path | None = None) -> Path:
    """The FEFF executable: the one given, or the first of the usual names on the search path.

    Raises:
        MissingExtra: where there is none; FEFF is licensed by its authors and never part of xsearch.
    """
    names = [str(executable)] if executable is not None else list(EXECUTABLES)
    for name in names:
        if found := shutil.which(name):
            return Path(found)
    wanted = f"{executable} is not an executable" if executable else f"none of {', '.join(EXECUTABLES)} is on the path"
    raise MissingExtra(f"No FEFF: {wanted}. Install FEFF (feff.phys.washington.edu) and name it with --feff PATH.")


def write_feff_input(
    crystal: Crystal, site: int, folder: str | Path, edge: str = "K", settings: FeffSettings | None = None
) -> Path:
    """Write `feff.inp` for the XANES of one site.

    Args:
        crystal: fully occupied.
        site: the absorber's place in the crystal.
        folder: made if it is not there.
        edge: such as `K` or `L3`.
        settings: radii and cards.

    Returns:
        The path of `feff.inp`.

    Raises:
        QueryError: for a disordered crystal or a site that is not there.
    """
    from pymatgen.io.feff.inputs import Atoms, Potential, Tags

    if not crystal.is_ordered:
        raise QueryError("FEFF needs a crystal in which every site holds one element; order it first.")
    if not 0 <= site < len(crystal):
        raise QueryError(f"The crystal has {len(crystal)} atoms; site {site} is not among them.")
    chosen = settings or FeffSettings()
    structure = crystal.to_structure()
    # pymatgen merges coinciding sites: the absorber is the one at the given position
    place = int(
        np.argmin([np.linalg.norm((s.frac_coords - crystal.frac_coords[site] + 0.5) % 1 - 0.5) for s in structure])
    )
    atoms = Atoms(structure, place, chosen.cluster_A)
    tags = Tags(
        {
            "EDGE": edge,
            "S02": 1.0,
            "COREHOLE": chosen.core_hole,
            "CONTROL": "1 1 1 1 1 1",
            "XANES": f"{chosen.k_max:g} {chosen.k_step:g} {chosen.e_step_eV:g}",
            "SCF": f"{chosen.scf_A:g} 0 100 0.2 3",
            "FMS": f"{chosen.fms_A:g} 0",
            "EXCHANGE": "0 0.0 0.0 2",
        }
    )
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    title = f"TITLE {structure.composition.reduced_formula} site {site} {crystal.elements[site]} {edge}"
    text = "\n\n".join([title, _cards(tags), str(Potential(structure, place)), str(atoms), "END"])
    path = target / "feff.inp"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def read_feff_xmu(path: str | Path, absorber: str, edge: str = "K") -> Xanes:
    """The spectrum of an `xmu.dat`: columns ω, e, k, μ, μ0, χ; lines with # are comments.

    Raises:
        SpectrumError: where the file is not there or holds no such table.
    """
    file = Path(path)
    if not file.exists():
        raise SpectrumError(f"{file}: FEFF wrote no spectrum; its log in the same folder says why.")
    rows = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.lstrip().startswith("#") or not line.strip():
            continue
        try:
            rows.append([float(word) for word in line.split()])
        except ValueError:
            raise SpectrumError(f"{file}: {line.strip()[:60]!r} is not a row of numbers as FEFF writes them.") from None
    if not rows or len(rows[0]) < 4 or len({len(row) for row in rows}) != 1:
        raise SpectrumError(f"{file}: the columns ω, e, k, μ are expected in every row.")
    table = np.array(rows)
    energy, first = np.unique(table[:, 0], return_index=True)
    return Xanes(energy, table[first, 3], absorber, edge, source=str(file), notes=("Computed by FEFF.",))


def run_feff(
    crystal: Crystal,
    site: int,
    folder: str | Path,
    edge: str = "K",
    *,
    executable: str | Path | None = None,
    settings: FeffSettings | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Xanes:
    """Write the input, run FEFF in the folder, and read the spectrum.

    Raises:
        MissingExtra: where there is no FEFF.
        SpectrumError: where it fails, takes longer than `timeout_s`, or writes no spectrum.
    """
    program = find_feff(executable)
    path = write_feff_input(crystal, site, folder, edge, settings)
    log = path.with_name("feff.log")
    try:
        with log.open("wb") as out:
            done = subprocess.run(
                [str(program)], cwd=path.parent, stdout=out, stderr=subprocess.STDOUT, timeout=timeout_s, check=False
            )
    except subprocess.TimeoutExpired:
        raise SpectrumError(f"FEFF did not finish within {timeout_s:g} s; see {log}, or allow it more time.") from None
    if done.returncode != 0:
        raise SpectrumError(f"FEFF ended with code {done.returncode}; see {log}.")
    return read_feff_xmu(path.with_name("xmu.dat"), crystal.elements[site], edge)


def _cards(tags: dict[str, object]) -> str:
    return "\n".join(f"{name} {value}" for name, value in tags.items())
