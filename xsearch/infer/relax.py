"""Relaxation of crystals by an interatomic potential, with free cells or in those that a pattern was fitted by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from xsearch.chemistry.crystal import Crystal
from xsearch.fit.atom_displacements import allowed_displacements
from xsearch.infer.potentials import GPA_A3_PER_eV, Pull, Pulls
from xsearch.infer.settings import RELAXATION_SETTINGS, RelaxationSettings
from xsearch.options import POTENTIAL, Potential
from xsearch.progress import Watched

BATCH = 8
"""Structures whose forces are computed in one call."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What is to be relaxed.

    Attributes:
        most: candidates, the best first.
        potential: that gives energies and forces.
        seconds: of wall-clock time for all of them.
    """

    most: int
    potential: Potential = POTENTIAL
    seconds: float = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A crystal after relaxation.

    Attributes:
        crystal: with its atoms, and its cell where that was free, moved.
        energy_eV: per atom, as the potential gives it.
        start_energy_eV: the same before the first step.
        largest_force_eV_A: on any atom.
        steps: how many were taken.
        moved_A: root mean square displacement of the atoms, the cell's change left out.
        converged: whether all forces fell below the limit.
    """

    crystal: Crystal
    energy_eV: float
    start_energy_eV: float
    largest_force_eV_A: float
    steps: int
    moved_A: float
    converged: bool


class _Walk:
    """Quasi-Newton steps of one crystal along what its symmetry leaves free (BFGS; Nocedal and Wright, Numerical
    Optimization, 2006, section 6.1), the curvature's negative directions turned, as is usual for crystals.

    The cell is three further atoms whose positions are the strain's rows times a length (Tadmor et al., Phys. Rev. B
    59, 235, 1999), so that all coordinates are lengths and all forces eV/Å.
    """

    def __init__(self, crystal: Crystal, free_cell: bool, settings: RelaxationSettings) -> None:
        self.start, self.free_cell, self.settings = crystal, free_cell, settings
        self.length = len(crystal) if free_cell else 1
        self.place = np.vstack([crystal.frac_coords @ crystal.lattice_A, np.eye(3) * self.length])
        atoms, cell = allowed_displacements(crystal), np.eye(9) if free_cell else np.zeros((9, 0))
        self.basis = block_diag(atoms, cell)
        stiff = settings.stiffness_GPa / GPA_A3_PER_eV * crystal.volume_A3 / self.length**2
        self.curvature = np.diag(np.repeat([settings.curvature_eV_A2, stiff], [atoms.shape[1], cell.shape[1]]))
        self.before: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self.first, self.largest, self.stress_GPa, self.steps = np.nan, np.inf, np.inf, 0
        self.best: tuple[float, float, NDArray[np.float64]] = (np.inf, np.inf, self.place)

    @property
    def converged(self) -> bool:
        """Whether no force or stress is above the limits."""
        still = self.stress_GPa <= self.settings.converged_GPa or not self.free_cell
        return still and self.largest <= self.settings.converged_eV_A

    @property
    def deformation(self) -> NDArray[np.float64]:
        """(3, 3) from the first lattice to the present one."""
        return self.place[-3:] / self.length

    def crystal(self) -> Crystal:
        """As it is now."""
        frac = self.place[:-3] @ np.linalg.inv(self.start.lattice_A)
        return replace(self.start, lattice_A=self.start.lattice_A @ self.deformation.T, frac_coords=frac)

    def step(self, found: Pull) -> None:
        """Move along the forces found at the present place."""
        turn = self.deformation
        pull = np.zeros_like(self.place)
        pull[:-3] = found.forces_eV_A @ turn
        if self.free_cell:
            volume = self.start.volume_A3 * abs(np.linalg.det(turn))
            virial = -found.stress_GPa / GPA_A3_PER_eV * volume
            pull[-3:] = np.linalg.solve(turn, virial.T).T / self.length
        along = self.basis.T @ pull.ravel()
        allowed = (self.basis @ along).reshape(-1, 3)
        self.largest = float(np.linalg.norm(allowed[:-3], axis=1).max())
        self.stress_GPa = float(np.abs(found.stress_GPa).max())
        if self.before is None:
            self.first = found.energy_eV
        if found.energy_eV < self.best[0] or self.converged:
            self.best = (found.energy_eV, self.largest, self.place)
        if self.converged:
            return
        if self.before is not None:
            self._learn(*self.before, along)
        value, vector = np.linalg.eigh(self.curvature)
        step = vector @ (vector.T @ along / np.maximum(np.abs(value), self.settings.least_curvature_eV_A2))
        move = (self.basis @ step).reshape(-1, 3)
        share = min(1.0, self.settings.longest_step_A / max(float(np.linalg.norm(move, axis=1).max()), 1e-12))
        self.place = self.place + share * move
        self.before = (share * step, along)
        self.steps += 1

    def _learn(self, step: NDArray[np.float64], before: NDArray[np.float64], along: NDArray[np.float64]) -> None:
        """Correct the curvature by how much the pull changed over the last step."""
        change, expected = before - along, self.curvature @ step
        by_change, by_expected = float(step @ change), float(step @ expected)
        if min(abs(by_change), abs(by_expected)) > 1e-10:
            self.curvature += np.outer(change, change) / by_change - np.outer(expected, expected) / by_expected

    def result(self) -> Relaxed:
        """Where the steps ended; the lowest place that was seen where they did not."""
        converged = self.converged
        energy, self.largest, self.place = self.best
        move = self.place[:-3] - self.start.frac_coords @ self.start.lattice_A
        moved = float(np.sqrt((move**2).sum(axis=1).mean()))
        return Relaxed(self.crystal(), energy, self.first, self.largest, self.steps, moved, converged)


def relax(
    crystals: Sequence[Crystal],
    pulls: Pulls,
    *,
    free_cell: bool = True,
    seconds: float = 60.0,
    settings: RelaxationSettings = RELAXATION_SETTINGS,
) -> list[Relaxed]:
    """Relax crystals side by side until their forces vanish or the time is over.

    Args:
        crystals: ordered, of elements that the potential knows.
        pulls: a loaded potential.
        free_cell: whether the cells may change too.
        seconds: of wall-clock time; at least one step is made of each.
        settings: when a crystal is relaxed.
    """
    walks = [_Walk(crystal, free_cell, settings) for crystal in crystals]
    watched = Watched(len(walks))
    end = monotonic() + seconds
    moving = walks
    for _ in range(settings.most_steps):
        for first in range(0, len(moving), BATCH):
            batch = moving[first : first + BATCH]
            if monotonic() < end or not batch[0].steps:
                for walk, found in zip(batch, pulls([walk.crystal() for walk in batch]), strict=True):
                    walk.step(found)
        still = [walk for walk in moving if not walk.converged]
        watched.advance(len(moving) - len(still))
        moving = still
        if not moving or monotonic() > end:
            break
    return [walk.result() for walk in walks]
