"""`feff.inp`: the cluster around an absorber, and the cards of a XANES or an EXAFS calculation with FEFF."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal, cell_heights
from xsearch.elements import ATOMIC_NUMBERS, EDGES
from xsearch.errors import QueryError
from xsearch.settings import setting

LIBRARY = "cards of the computed spectra that come with xsearch"
SAME_PLACE_A = 0.1
"""Entries that are closer to one another stand on one place, Å."""


@dataclass(frozen=True, slots=True)
class FeffSettings:
    """What a calculation has to give."""

    scf_A: float = setting(4.5, "A", f"radius of the self-consistent cluster: {LIBRARY}")
    scf_iterations: int = setting(30, "1", LIBRARY)
    scf_mixing: float = setting(0.2, "1", LIBRARY)
    scf_tolerances: tuple[float, ...] = setting((0.001, 0.01, 0.005), "1", f"FEFF10 alone knows them: {LIBRARY}")
    fms_A: float = setting(5.0, "A", f"radius of full multiple scattering: {LIBRARY}")
    cluster_A: float = setting(10.0, "A", f"radius of the cluster that is written: {LIBRARY}")
    core_hole: str = setting("FSR", "1", f"final state rule: {LIBRARY}")
    exchange: int = setting(0, "1", f"Hedin-Lundqvist self-energy: {LIBRARY}")
    k_max_invA: float = setting(3.7, "1/A", LIBRARY)
    k_step_invA: float = setting(0.04, "1/A", LIBRARY)
    e_step_eV: float = setting(0.1, "eV", f"near the Fermi level: {LIBRARY}")

    @property
    def cards(self) -> str:
        """In one line, as tables of computed spectra state them."""
        tolerances = " ".join(f"{one:g}".removeprefix("0") for one in self.scf_tolerances)
        return (
            f"SCF {self.scf_A:.1f} A, FMS {self.fms_A:.1f} A, COREHOLE {self.core_hole}, EXCHANGE {self.exchange}, "
            f"XANES {self.k_max_invA:g} {self.k_step_invA:g} {self.e_step_eV:g}"
            + (f", TOLSCF {tolerances}" if tolerances else "")
        )

    def lines(self) -> list[str]:
        """The cards that this calculation needs beside those of every one."""
        lines = [
            f"SCF {self.scf_A:g} 0 {self.scf_iterations} {self.scf_mixing:g} 1",
            f"FMS {self.fms_A:g} 0",
            f"XANES {self.k_max_invA:g} {self.k_step_invA:g} {self.e_step_eV:g}",
        ]
        if self.scf_tolerances:
            lines.append("TOLSCF " + " ".join(f"{one:g}" for one in self.scf_tolerances))
        return lines


@dataclass(frozen=True, slots=True)
class FeffExafsSettings:
    """What a calculation of EXAFS has to give: paths, with the potentials of overlapping atoms."""

    path_A: float = setting(5.5, "A", "half length of the longest path: what |χ(R)| up to 4.5 Å shows; set by hand")
    legs: int = setting(4, "legs", "of a path; more add little (FEFF's own default is 8): set by hand")
    criteria: tuple[float, float] = setting(
        (4.0, 2.5), "%", "FEFF's defaults: amplitudes below which paths are left out"
    )
    k_max_invA: float = setting(14.0, "1/A", "beyond the 12 1/Å that are compared; set by hand")
    cluster_A: float = setting(7.5, "A", "radius of the cluster that is written; set by hand")
    core_hole: str = setting("FSR", "1", f"final state rule: {LIBRARY}")
    exchange: int = setting(0, "1", f"Hedin-Lundqvist self-energy: {LIBRARY}")

    @property
    def cards(self) -> str:
        """In one line, as tables of computed spectra state them."""
        curved, plane = self.criteria
        return (
            f"EXAFS {self.k_max_invA:g}, RPATH {self.path_A:g} A, NLEG {self.legs}, CRITERIA {curved:g} {plane:g}, "
            f"COREHOLE {self.core_hole}, EXCHANGE {self.exchange}, no SCF"
        )

    def lines(self) -> list[str]:
        """The cards that this calculation needs beside those of every one."""
        curved, plane = self.criteria
        return [
            f"EXAFS {self.k_max_invA:g}",
            f"RPATH {self.path_A:g}",
            f"NLEG {self.legs}",
            f"CRITERIA {curved:g} {plane:g}",
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """The atoms around an absorber, nearest first.

    Attributes:
        positions_A: (n, 3) float64, the absorber at the origin and first.
        distances_A: (n,) float64.
        elements: n symbols.
    """

    positions_A: NDArray[np.float64]
    distances_A: NDArray[np.float64]
    elements: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.elements)


def cluster_around(crystal: Crystal, site: int, radius_A: float) -> Cluster:
    """The atoms within a radius of a site."""
    reach = np.ceil(radius_A / cell_heights(crystal.lattice_A) + 1).astype(int)
    cells = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), -1).reshape(-1, 3)
    offsets = crystal.frac_coords - crystal.frac_coords[site]
    offsets -= np.rint(offsets)
    positions = ((offsets[None] + cells[:, None]) @ crystal.lattice_A).reshape(-1, 3)
    distances = np.linalg.norm(positions, axis=1)
    within = np.flatnonzero(distances <= radius_A)
    order = within[np.lexsort((*positions[within].round(5).T, distances[within].round(5)))]
    kept = [i for i in order if distances[i] >= SAME_PLACE_A or i % len(crystal) == site]
    return Cluster(positions[kept], distances[kept], tuple(crystal.elements[i % len(crystal)] for i in kept))


def feff_input(
    crystal: Crystal, site: int, edge: str = "K", settings: FeffSettings | FeffExafsSettings | None = None
) -> str:
    """The text of `feff.inp` for the XANES or the EXAFS of one site.

    Args:
        crystal: fully occupied.
        site: the absorber's place in the crystal.
        edge: such as `K` or `L3`.
        settings: radii and cards; of XANES if None.

    Raises:
        QueryError: for a disordered crystal, a site that is not there, an edge that FEFF does not know, or an
            absorber that stands alone.
    """
    if not crystal.is_ordered:
        raise QueryError("FEFF needs a crystal in which every site holds one element; order it first.")
    if not 0 <= site < len(crystal):
        raise QueryError(f"The crystal has {len(crystal)} atoms; site {site} is not among them.")
    if edge not in EDGES or "," in edge:
        raise QueryError(f"FEFF computes one edge such as K or L3, not {edge}.")
    chosen = settings or FeffSettings()
    cluster = cluster_around(crystal, site, chosen.cluster_A)
    kinds = sorted(set(cluster.elements[1:]), key=ATOMIC_NUMBERS.__getitem__)
    if not kinds:
        raise QueryError(f"No atom lies within {chosen.cluster_A:g} Å of site {site}; FEFF needs neighbours.")
    potential = {element: number for number, element in enumerate(kinds, start=1)}
    absorber = crystal.elements[site]
    lines = [
        f"TITLE {absorber} {edge} site {site}",
        f"EDGE {edge}",
        "CONTROL 1 1 1 1 1 1",
        "PRINT 1 0 0 0 0 0",
        f"COREHOLE {chosen.core_hole}",
        "S02 0.0",
        f"EXCHANGE {chosen.exchange} 0.0 0.0 2",
        *chosen.lines(),
    ]
    lines += ["", "POTENTIALS", f"0 {ATOMIC_NUMBERS[absorber]} {absorber}"]
    lines += [f"{number} {ATOMIC_NUMBERS[element]} {element}" for element, number in potential.items()]
    lines += ["", "ATOMS"]
    for i, (position, distance) in enumerate(zip(cluster.positions_A, cluster.distances_A, strict=True)):
        element = cluster.elements[i]
        number = potential[element] if i else 0
        x, y, z = position + 0.0  # no -0.0
        lines.append(f"{x:12.6f} {y:12.6f} {z:12.6f} {number:3d} {element:3s} {distance:10.5f}")
    return "\n".join([*lines, "END", ""])
