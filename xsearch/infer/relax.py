"""Relaxation of inferred crystals by CHGNet, an optional extra that carries its weights."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from io import StringIO
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Candidate, Inference
from xsearch.chemistry.crystal import Crystal
from xsearch.errors import MissingExtra
from xsearch.progress import Progress, Silence
from xsearch.settings import setting

if TYPE_CHECKING:
    from chgnet.model import CHGNet

GPA_A3_PER_eV = 160.21766
"""1 eV/Å³ in GPa (CODATA)."""

BATCH = 8
"""Structures whose forces are computed in one call."""


@dataclass(frozen=True, slots=True)
class RelaxationSettings:
    """When a relaxation ends, and what energies count.

    Attributes:
        converged_eV_A: largest force of a relaxed crystal.
        most_steps: of the relaxation.
        longest_step_A: of all atoms together.
        energy_scale_eV: energy per atom above the best of the same formula that costs a factor of e in probability.
    """

    converged_eV_A: float = setting(0.1, "eV/A", "the default of CHGNet's StructOptimizer")
    most_steps: int = setting(150, "1", "set by hand")
    longest_step_A: float = setting(0.1, "A", "set by hand")
    energy_scale_eV: float = setting(
        0.05, "eV/atom", "CHGNet's mean error is 0.03 eV per atom (Deng et al., Nat. Mach. Intell. 5, 1031, 2023)"
    )


RELAXATION_SETTINGS = RelaxationSettings()
"""The shipped numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A crystal after relaxation.

    Attributes:
        crystal: with its atoms, and its cell where that was free, moved.
        energy_eV: per atom, as CHGNet gives it.
        largest_force_eV_A: of any atom, and of the cell where that was free.
        steps: how many were taken.
        moved_A: root mean square displacement of the atoms, the cell's change left out.
        converged: whether all forces fell below the limit.
    """

    crystal: Crystal
    energy_eV: float
    largest_force_eV_A: float
    steps: int
    moved_A: float
    converged: bool


def check_extra() -> None:
    """See that CHGNet is there.

    Raises:
        MissingExtra: where it is not.
    """
    if find_spec("chgnet") is None:
        raise MissingExtra('Relaxation needs CHGNet, which is not installed; pip install "xsearch[relax]".')


@cache
def _model() -> CHGNet:
    check_extra()
    with _quiet():
        from chgnet.model import CHGNet

        return CHGNet.load(use_device="cpu", verbose=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """CHGNet prints its version, and warns of how it makes tensors."""
    with redirect_stdout(StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _Walk:
    """The fast inertial relaxation engine for one crystal (Bitzek et al., Phys. Rev. Lett. 97, 170201, 2006).

    The cell is three further atoms whose positions are the strain's rows times a length (Tadmor et al., Phys. Rev. B
    59, 235, 1999), so that all coordinates are lengths and all forces eV/Å.
    """

    def __init__(self, crystal: Crystal, free_cell: bool, settings: RelaxationSettings) -> None:
        self.start, self.free_cell, self.settings = crystal, free_cell, settings
        self.length = len(crystal) if free_cell else 1
        self.place = np.vstack([crystal.frac_coords @ crystal.lattice_A, np.eye(3) * self.length])
        self.velocity = np.zeros_like(self.place)
        self.dt, self.mixing, self.downhill = 0.1, 0.1, 0
        self.energy, self.largest, self.steps = np.nan, np.inf, 0
        self.best: tuple[float, float, NDArray[np.float64]] = (np.inf, np.inf, self.place.copy())

    @property
    def converged(self) -> bool:
        """Whether no force is above the limit."""
        return self.largest <= self.settings.converged_eV_A

    @property
    def deformation(self) -> NDArray[np.float64]:
        """(3, 3) from the first lattice to the present one."""
        return self.place[-3:] / self.length

    def crystal(self) -> Crystal:
        """As it is now."""
        frac = self.place[:-3] @ np.linalg.inv(self.start.lattice_A)
        return replace(self.start, lattice_A=self.start.lattice_A @ self.deformation.T, frac_coords=frac)

    def step(self, energy: float, forces: NDArray[np.float64], stress_GPa: NDArray[np.float64]) -> None:
        """Move along the forces found at the present place."""
        turn = self.deformation
        pull = np.zeros_like(self.place)
        pull[:-3] = forces @ turn
        if self.free_cell:
            volume = self.start.volume_A3 * abs(np.linalg.det(turn))
            virial = -stress_GPa / GPA_A3_PER_eV * volume
            pull[-3:] = np.linalg.solve(turn, virial.T).T / self.length
        self.energy, self.largest = energy, float(np.linalg.norm(pull, axis=1).max())
        if energy < self.best[0]:
            self.best = (energy, self.largest, self.place.copy())
        if self.converged:
            return
        power = float((pull * self.velocity).sum())
        if power > 0:
            along = pull / max(float(np.linalg.norm(pull)), 1e-12)
            self.velocity = (1 - self.mixing) * self.velocity + self.mixing * along * np.linalg.norm(self.velocity)
            self.downhill += 1
            if self.downhill > 5:
                self.dt, self.mixing = min(1.1 * self.dt, 0.4), 0.99 * self.mixing
        else:
            self.velocity[:] = 0.0
            self.dt, self.mixing, self.downhill = 0.5 * self.dt, 0.1, 0
        self.velocity += self.dt * pull
        move = self.dt * self.velocity
        self.place = self.place + move * min(
            1.0, self.settings.longest_step_A / max(float(np.linalg.norm(move)), 1e-12)
        )
        self.steps += 1

    def result(self) -> Relaxed:
        """The lowest place that was seen."""
        energy, self.largest, self.place = self.best
        move = self.place[:-3] - self.start.frac_coords @ self.start.lattice_A
        moved = float(np.sqrt((move**2).sum(axis=1).mean()))
        return Relaxed(self.crystal(), energy, self.largest, self.steps, moved, self.converged)


def relax(
    crystals: Sequence[Crystal],
    *,
    free_cell: bool = True,
    seconds: float = 60.0,
    progress: Progress | None = None,
    settings: RelaxationSettings = RELAXATION_SETTINGS,
) -> list[Relaxed]:
    """Relax crystals side by side until their forces vanish or the time is over.

    Args:
        crystals: ordered.
        free_cell: whether the cells may change too.
        seconds: of wall-clock time; at least one step is made of each.
        progress: is advanced by every crystal that has converged.
        settings: when a crystal is relaxed.

    Raises:
        MissingExtra: where CHGNet is not installed.
    """
    model = _model()
    walks = [_Walk(crystal, free_cell, settings) for crystal in crystals]
    progress = progress or Silence()
    progress.start("relaxing", len(walks))
    end = monotonic() + seconds
    moving = walks
    for _ in range(settings.most_steps):
        for first in range(0, len(moving), BATCH):
            batch = moving[first : first + BATCH]
            if monotonic() < end or not batch[0].steps:
                for walk, found in zip(batch, _forces(model, batch), strict=True):
                    walk.step(float(found["e"]), np.asarray(found["f"], np.float64), np.asarray(found["s"], np.float64))
        still = [walk for walk in moving if not walk.converged]
        progress.advance(len(moving) - len(still))
        moving = still
        if not moving or monotonic() > end:
            break
    return [walk.result() for walk in walks]


def _forces(model: CHGNet, walks: Sequence[_Walk]) -> list[dict[str, Any]]:
    structures = [walk.crystal().to_structure() for walk in walks]
    with _quiet():
        found = model.predict_structure(structures, task="efs", batch_size=len(structures))
    return found if isinstance(found, list) else [found]


def relax_candidates(
    answer: Inference,
    most: int,
    *,
    seconds: float = 60.0,
    progress: Progress | None = None,
    settings: RelaxationSettings = RELAXATION_SETTINGS,
) -> Inference:
    """Relax the best candidates of an inference and weigh those of one formula by their energies.

    A cell that was fitted to a pattern is kept, and only the atoms move. What candidates of one formula have in
    probability is distributed anew among them; energies of different formulas are not compared. Candidates that explain
    nothing stay as they are.

    Args:
        answer: of `infer`.
        most: how many of the first candidates.
        seconds: of wall-clock time for all of them.
        progress: see `relax`.
        settings: see `RelaxationSettings`.

    Raises:
        MissingExtra: where CHGNet is not installed.
    """
    check_extra()
    chosen = [candidate for candidate in answer.candidates[:most] if candidate.crystal.is_ordered]
    if answer.refused or not chosen:
        return answer
    free = answer.pattern is None
    found = relax(
        [candidate.crystal for candidate in chosen],
        free_cell=free,
        seconds=seconds,
        progress=progress,
        settings=settings,
    )
    made = {candidate.rank: _moved(candidate, one, free) for candidate, one in zip(chosen, found, strict=True)}
    candidates = [made.get(candidate.rank, candidate) for candidate in answer.candidates]
    head, tail = _by_energy(candidates[:most], settings.energy_scale_eV), candidates[most:]
    ranked = tuple(replace(candidate, rank=rank) for rank, candidate in enumerate([*head, *tail], start=1))
    open_ = sum(not one.converged for one in found)
    note = f"The first {len(found)} were relaxed with CHGNet" + (f"; {open_} of them not to the end." if open_ else ".")
    return replace(answer, candidates=ranked, notes=(*answer.notes, note))


def _moved(candidate: Candidate, found: Relaxed, free: bool) -> Candidate:
    what = "The cell and the atoms were" if free else "The atoms were, in the cell that was fitted,"
    end = "" if found.converged else f", not to the end: a force of {found.largest_force_eV_A:.2f} eV/Å is left"
    kept = tuple(text.replace("; nothing was relaxed.", " before relaxation.") for text in candidate.assumptions)
    return replace(
        candidate,
        crystal=found.crystal,
        evidence={**candidate.evidence, "energy_eV_per_atom": found.energy_eV, "moved_A": found.moved_A},
        assumptions=(*kept, f"{what} relaxed with CHGNet{end}."),
    )


def _by_energy(candidates: Sequence[Candidate], scale_eV: float) -> list[Candidate]:
    """Distribute the probability of each formula by the Boltzmann-like weight of the energies."""
    shared: list[Candidate] = []
    for formula in dict.fromkeys(candidate.formula for candidate in candidates):
        same = [c for c in candidates if c.formula == formula]
        known = [c for c in same if "energy_eV_per_atom" in c.evidence]
        energies = np.array([c.evidence["energy_eV_per_atom"] for c in known])
        weights = np.array([c.probability for c in known])
        if len(known):
            weighted = weights * np.exp(-(energies - energies.min()) / scale_eV)
            weighted *= weights.sum() / max(float(weighted.sum()), 1e-300)
            shared += [replace(c, probability=float(w)) for c, w in zip(known, weighted, strict=True)]
        shared += [c for c in same if "energy_eV_per_atom" not in c.evidence]
    return sorted(shared, key=lambda c: (-c.probability, c.rank))
