"""Cells that a pattern itself gives: by indexing, and by the strain fits of crystals whose lines lie right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import gemmi
import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import lattice_from_parameters
from xsearch.indexing.lines import find_lines
from xsearch.indexing.search import find_cells
from xsearch.indexing.settings import DEFAULTS as INDEXING
from xsearch.infer.lattice_mapping_kernels import reduce
from xsearch.infer.settings import INFERENCE_SETTINGS, PlacementSettings
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import RefinedCandidate
from xsearch.preprocess.powder import NetPattern


@dataclass(frozen=True, slots=True, eq=False)
class TrialCell:
    """A primitive cell that templates are placed into.

    Attributes:
        lattice_A: (3, 3) rows, a reduced basis.
        zero_shift_deg: that the pattern has with it.
    """

    lattice_A: NDArray[np.float64]
    zero_shift_deg: float

    @property
    def volume_A3(self) -> float:
        """Of the primitive cell."""
        return float(abs(np.linalg.det(self.lattice_A)))


def trial_cells(task: InferenceTask, refined: Sequence[RefinedCandidate]) -> list[TrialCell]:
    """Different cells: those of refined candidates whose lines lie right, then those of indexing."""
    settings = task.settings.placement
    return distinct([*fitted_cells(refined, settings), *indexed_cells(task.prepared.net, settings)], settings)


def indexed_cells(net: NetPattern, settings: PlacementSettings = INFERENCE_SETTINGS.placement) -> list[TrialCell]:
    """Cells that indexing finds, the best first."""
    lines = find_lines(net).first(INDEXING.n_lines)
    if len(lines.height) == 0:
        return []
    found = []
    for cell in find_cells(lines, settings.indexed_cells):
        vector = gemmi.GruberVector(gemmi.UnitCell(*cell.parameters), cell.centring)
        vector.niggli_reduce()
        found.append(_trial(lattice_from_parameters(*vector.cell_parameters()), cell.zero_shift_deg))
    return found


def fitted_cells(
    refined: Sequence[RefinedCandidate], settings: PlacementSettings = INFERENCE_SETTINGS.placement
) -> list[TrialCell]:
    """Different cells of the refined candidates whose lines lie where the pattern's do, the best first."""
    order = sorted(refined, key=lambda candidate: candidate.refined.misfit)
    return distinct(
        (
            _trial(candidate.fitted_crystal.lattice_A, candidate.fit.zero_shift_deg)
            for candidate in order
            if candidate.correlation >= settings.least_correlation
        ),
        settings,
    )[: settings.fitted_cells]


def distinct(cells: Iterable[TrialCell], settings: PlacementSettings = INFERENCE_SETTINGS.placement) -> list[TrialCell]:
    """Each lattice once, the first of each."""
    kept: list[TrialCell] = []
    for cell in cells:
        if not any(_same(cell, other, settings.same_length) for other in kept):
            kept.append(cell)
    return kept


def _same(one: TrialCell, other: TrialCell, tolerance: float) -> bool:
    """Whether the lengths of two reduced bases and the cube roots of their volumes agree."""
    one_size, other_size = (
        np.append(np.sort(np.linalg.norm(cell.lattice_A, axis=1)), np.cbrt(cell.volume_A3)) for cell in (one, other)
    )
    return np.allclose(one_size, other_size, rtol=tolerance)


def _trial(lattice_A: NDArray[np.float64], zero_shift_deg: float) -> TrialCell:
    reduced, steps = np.array(lattice_A), np.empty((3, 3))
    reduce(reduced, steps)
    return TrialCell(reduced, zero_shift_deg)
