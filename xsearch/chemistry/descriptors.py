"""Descriptors of the surroundings of an atom: the quantities that are predicted from its XANES spectrum.

All of them are functions of the structure alone. First neighbours are those of CrystalNN (Pan et al., Inorg. Chem.
60 (2021) 1590): Voronoi faces weighted by solid angle, distance and electronegativity. Its answer is a distribution
over coordination numbers; where the second choice comes close, `ambiguous` says so.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.oxidation import OxidationStates, oxidation_states
from xsearch.chemistry.symmetry import moyo_of_ordered
from xsearch.errors import CrystalError

logging.getLogger("moyo").setLevel(logging.ERROR)  # its remarks on cells that are not primitive are of no use here

AMBIGUOUS_BELOW = 0.6
"""Weight of CrystalNN's most probable coordination number below which it is ambiguous. Set by hand."""

SECOND_SHELL_REACH_A = 6.5
"""Farthest atom of a second shell, Å."""

SHELL_WIDTH_A = 0.35
"""Atoms up to this much farther than the nearest of a second shell belong to it, Å. Set by hand."""


@dataclass(frozen=True, slots=True)
class SiteDescriptors:
    """The surroundings of one site.

    Attributes:
        site: index in the crystal.
        element: the absorber.
        oxidation_state: by bond valence, else by composition; None where neither tells.
        oxidation_agrees: whether both sources agree; None where only one tells.
        cn: coordination number, CrystalNN's most probable one.
        cn2: atoms in the second shell: those not bonded to the site that lie within 0.35 Å of the nearest such atom.
        ocn: oxygen atoms among the nearest neighbours.
        nnrs_A: standard deviation of the nearest neighbours' distances, in Å (Liang et al., Phys. Rev. Mater. 7
            (2023) 053802, use this and the next one as latent descriptors).
        mood_A: minimum distance between two oxygen atoms of the first shell, in Å; None with fewer than two.
        site_symmetry_order: order of the site's point symmetry group, 1 to 48.
        psgo: order of the crystal's point group, 1 to 48 (Liang et al. call it the point symmetry group order).
        nnosm: mean oxidation state of the nearest neighbours; None where unknown.
        mnnd_A: mean distance of the nearest neighbours, in Å.
        neighbor: the most frequent element among the nearest neighbours; ties go to the nearer one.
        neighbors: every element among them, alphabetical.
        ambiguous: CrystalNN gave the coordination number less than 60 % of its weight.
    """

    site: int
    element: str
    oxidation_state: float | None
    oxidation_agrees: bool | None
    cn: int
    cn2: int
    ocn: int
    nnrs_A: float
    mood_A: float | None
    site_symmetry_order: int
    psgo: int
    nnosm: float | None
    mnnd_A: float
    neighbor: str
    neighbors: tuple[str, ...]
    ambiguous: bool


def describe_sites(crystal: Crystal, sites: Sequence[int]) -> list[SiteDescriptors]:
    """Descriptors of some sites of an ordered crystal.

    Args:
        crystal: fully occupied.
        sites: indices into its atoms.

    Raises:
        CrystalError: for a disordered crystal, an index outside it, or a site that has no neighbours.
    """
    if not crystal.is_ordered:
        raise CrystalError("Descriptors need full occupancies; this crystal has mixed or partly empty sites.")
    if bad := [s for s in sites if not 0 <= s < len(crystal)]:
        raise CrystalError(f"Site {bad[0]} does not exist; the crystal has {len(crystal)} atoms, counted from 0.")
    structure = crystal.to_structure()
    if len(structure) != len(crystal):
        raise CrystalError("Two atoms of this crystal share one position.")
    states = oxidation_states(structure)
    orders, group = site_symmetry_orders(crystal), point_group_order(crystal)
    return [_describe(crystal, structure, site, states, orders[site], group) for site in sites]


def describe_all(
    work: Iterable[tuple[Crystal, Sequence[int]]], processes: int = 1
) -> list[list[SiteDescriptors] | str]:
    """Descriptors of many crystals, in order; a crystal that fails gives its reason instead.

    Args:
        work: pairs of a crystal and the sites wanted.
        processes: how many run at once; 1 stays in this process.
    """
    work = list(work)
    if processes == 1:
        return [_try(item) for item in work]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(_try, work, chunksize=8))


def site_symmetry_orders(crystal: Crystal, symprec_A: float = 0.1) -> tuple[int, ...]:
    """Order of the point group that leaves each site where it is: the operations of the cell over the orbit's size."""
    found = moyo_of_ordered(crystal, symprec_A)
    if found is None:
        return (1,) * len(crystal)
    sizes = Counter(found.orbits)
    return tuple(max(1, found.operations.num_operations // sizes[orbit]) for orbit in found.orbits)


def point_group_order(crystal: Crystal, symprec_A: float = 0.1) -> int:
    """Order of a crystal's point group: how many distinct rotations its space group has; 1 where none is found."""
    found = moyo_of_ordered(crystal, symprec_A)
    return 1 if found is None else len({np.array(rotation).tobytes() for rotation in found.operations.rotations})


def site_orbits(crystal: Crystal, symprec_A: float = 0.1) -> tuple[int, ...]:
    """A number for each site that it shares with those that symmetry turns into it."""
    found = moyo_of_ordered(crystal, symprec_A)
    return tuple(range(len(crystal))) if found is None else tuple(found.orbits)


def _try(item: tuple[Crystal, Sequence[int]]) -> list[SiteDescriptors] | str:
    try:
        return describe_sites(*item)
    except Exception as error:  # pymatgen and its geometry raise many kinds; the reason is what is kept
        return f"{type(error).__name__}: {error}"


def _describe(
    crystal: Crystal, structure: object, site: int, states: OxidationStates, site_order: int, group_order: int
) -> SiteDescriptors:
    from pymatgen.analysis.local_env import CrystalNN

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = CrystalNN().get_nn_data(structure, site)
    weights = {k: float(w) for k, w in data.cn_weights.items() if k > 0}
    if not weights:
        raise CrystalError(f"Site {site} ({crystal.elements[site]}) has no neighbours.")
    cn = max(weights, key=lambda k: (weights[k], k))
    bonded = data.cn_nninfo[cn]
    here = structure[site].coords  # type: ignore[index]
    positions = np.array([n["site"].coords for n in bonded])
    distances = np.linalg.norm(positions - here, axis=1)
    elements = [crystal.elements[n["site_index"]] for n in bonded]
    neighbor_states = [states.of(n["site_index"], e) for n, e in zip(bonded, elements, strict=True)]
    known_states = [s for s in neighbor_states if s is not None]
    oxygens = positions[[e == "O" for e in elements]]
    element = crystal.elements[site]
    return SiteDescriptors(
        site=site,
        element=element,
        oxidation_state=states.of(site, element),
        oxidation_agrees=states.agree(site, element),
        cn=int(cn),
        cn2=_second_shell(structure, site, positions),
        ocn=elements.count("O"),
        nnrs_A=float(distances.std()),
        mood_A=_closest_pair(oxygens),
        site_symmetry_order=site_order,
        psgo=group_order,
        nnosm=float(np.mean(known_states)) if len(known_states) == len(bonded) else None,
        mnnd_A=float(distances.mean()),
        neighbor=commonest(elements, distances.tolist()),
        neighbors=tuple(sorted(set(elements))),
        ambiguous=weights[cn] < AMBIGUOUS_BELOW,
    )


def commonest(elements: Sequence[str], distances_A: Sequence[float]) -> str:
    """The most frequent element of some neighbours; ties go to the nearer one."""
    counts = Counter(elements)
    nearest = {e: min(d for d, other in zip(distances_A, elements, strict=True) if other == e) for e in counts}
    return min(counts, key=lambda e: (-counts[e], nearest[e]))


def _second_shell(structure: object, site: int, bonded: np.ndarray) -> int:
    """Atoms of the second shell."""
    around = structure.get_neighbors(structure[site], SECOND_SHELL_REACH_A)  # type: ignore[attr-defined,index]
    others = [n.nn_distance for n in around if np.linalg.norm(bonded - n.coords, axis=1).min() > 1e-3]
    return int(np.sum(np.array(others) < min(others) + SHELL_WIDTH_A)) if others else 0


def _closest_pair(points: np.ndarray) -> float | None:
    """Least distance between two of (n, 3) points."""
    if len(points) < 2:
        return None
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return float(distances[np.triu_indices(len(points), 1)].min())
