"""Template placement: templates mapped into cells that the pattern gives, where none fits it in its own cell.

A template of the right type may have a cell whose shape is far off, by a fourth along an axis; no search for the best
strain finds the way from there. Where the cell is known, there is none to find: every template whose volume agrees is
mapped onto it by an integer matrix, and its lines then lie where those of the pattern do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError
from xsearch.fit.strain_fit_kernels import correlation
from xsearch.infer.lattice_mapping_kernels import UNIMODULAR, map_metric, reduce
from xsearch.infer.proposals import Proposals
from xsearch.infer.screening import ProfileSimulation, smallest_spacing
from xsearch.infer.substitute import predicted_scale, substituted
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import FitStart
from xsearch.infer.trial_cells import TrialCell


@dataclass(frozen=True, slots=True, eq=False)
class PlacedTemplate:
    """A proposal placed into a cell.

    Attributes:
        place: of the proposal.
        cell: place of the cell.
        crystal: in the cell.
        strain: ln(length / predicted length).
        correlation: Pearson's r with the pattern.
    """

    place: int
    cell: int
    crystal: Crystal
    strain: float
    correlation: float


def place_templates(task: InferenceTask, cells: Sequence[TrialCell]) -> tuple[list[FitStart], int]:
    """The proposals that correlate best with the pattern in some cells.

    Returns:
        Where their strain fits start, the best first; and how many crystals were simulated.
    """
    scales = predicted_scale(task.library, task.proposals)
    usable = np.flatnonzero(np.abs(scales) < task.settings.screening.largest_scale)
    known = task.proposals.take(usable)
    placed = list(placements(task, known, scales[usable], cells))
    weight = task.settings.screening.prior_weight
    order = sorted(placed, key=lambda one: -one.correlation - weight * float(known.prior[one.place]))
    starts: list[FitStart] = []
    for one in _distinct(order, known):
        if len(starts) >= task.settings.placement.most_fitted:
            break
        if not task.allows(one.crystal):
            continue
        # the crystal gets the volume that was predicted, as in screening, and the shape of the cell
        lattice_A = one.crystal.lattice_A * np.exp(-one.strain)
        try:
            symmetry = find_symmetry(replace(one.crystal, lattice_A=lattice_A))
        except CrystalError:
            continue
        starts.append(FitStart(task.in_space_group(known[one.place], symmetry.number), symmetry, one.strain))
    return starts, len(placed)


def placements(
    task: InferenceTask, proposals: Proposals, scales: NDArray[np.float64], cells: Sequence[TrialCell]
) -> Iterator[PlacedTemplate]:
    """All proposals in all cells whose volume agrees, each in the few ways that strain it least.

    Args:
        task: the pattern and the library.
        proposals: in order of their prior.
        scales: (k,) ln(length / template length) that is predicted.
        cells: that are tried; the same number of crystals is simulated for each.
    """
    library, target, settings = task.library, task.prepared.log_q, task.settings.placement
    volume_A3 = library.volume_per_atom_A3[proposals.row] * library.n_sites[proposals.row] * np.exp(3 * scales)
    found, strains = np.zeros(settings.mappings, np.int64), np.zeros(settings.mappings)
    d_min_A = smallest_spacing(target, task.settings.screening.d_min_A)
    simulation = ProfileSimulation(target, settings.smoothing, target.low, target.high, d_min_A)
    row = target.rows[settings.smoothing]
    for number, cell in enumerate(cells):
        left = settings.most_simulated // len(cells)
        agreeing = np.abs(np.log(volume_A3 / cell.volume_A3)) < settings.volume_tolerance
        chosen = np.flatnonzero(agreeing)[:left]
        goal = cell.lattice_A @ cell.lattice_A.T
        crystals = substituted(library, proposals.take(chosen), scales[chosen])
        for place, crystal in zip(chosen.tolist(), crystals, strict=True):
            strain = float(np.log(cell.volume_A3 / crystal.volume_A3) / 3)
            basis, steps = crystal.lattice_A * np.exp(strain), np.empty((3, 3))
            reduce(basis, steps)
            count = map_metric(basis @ basis.T, goal, UNIMODULAR, settings.largest_strain, found, strains)
            for way in found[:count]:
                frac_coords = crystal.frac_coords @ np.linalg.inv(UNIMODULAR[way] @ steps)
                placed = Crystal(cell.lattice_A, frac_coords, crystal.elements, crystal.occupancies)
                profile = simulation.profile(placed, cell.zero_shift_deg)
                r = float(correlation(profile, row, target.low, target.high)[0])
                yield PlacedTemplate(place, number, placed, strain, r)
            left -= count
            if left <= 0:
                break


def _distinct(placed: Iterable[PlacedTemplate], proposals: Proposals) -> Iterator[PlacedTemplate]:
    """Those of one formula that give the same pattern in the same cell once: a symmetry of the lattice relates them."""
    seen: set[tuple[float, ...]] = set()
    for one in placed:
        kind = (one.cell, round(one.correlation, 3), *proposals.coefficients[one.place].tolist())
        if kind not in seen:
            seen.add(kind)
            yield one
