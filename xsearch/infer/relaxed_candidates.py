"""Candidates that no pattern decides: relaxed with their cells, and those of one formula weighed by their energies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xsearch.answers import Candidate, Inference
from xsearch.infer.potentials import can_relax, load_potential, title_of
from xsearch.infer.relax import Relaxation, Relaxed, relax
from xsearch.infer.settings import RELAXATION_SETTINGS, RelaxationSettings


def relax_candidates(
    answer: Inference, wish: Relaxation, settings: RelaxationSettings = RELAXATION_SETTINGS
) -> Inference:
    """Relax the best candidates of an inference without a pattern, their cells too.

    What candidates of one formula have in probability is distributed anew among them; energies of different formulas
    are not compared. Candidates that explain nothing stay as they are.

    Args:
        answer: of `infer`.
        wish: how many of the first candidates, and by what.
        settings: see `RelaxationSettings`.

    Raises:
        MissingExtra: where the potential is not installed.
    """
    pulls = load_potential(wish.potential)
    chosen = [candidate for candidate in answer.candidates[: wish.most] if can_relax(candidate.crystal)]
    if answer.refused or not chosen:
        return answer
    found = relax([candidate.crystal for candidate in chosen], pulls, seconds=wish.seconds, settings=settings)
    title = title_of(wish.potential)
    made = {candidate.rank: _moved(candidate, one, title) for candidate, one in zip(chosen, found, strict=True)}
    candidates = [made.get(candidate.rank, candidate) for candidate in answer.candidates]
    head, tail = _by_energy(candidates[: wish.most], settings.energy_scale_eV), candidates[wish.most :]
    ranked = tuple(replace(candidate, rank=rank) for rank, candidate in enumerate([*head, *tail], start=1))
    opened = sum(not one.converged for one in found)
    end = f"; {opened} of them not to the end." if opened else "."
    note = f"The first {len(found)} were relaxed with {title}{end}"
    return replace(answer, candidates=ranked, notes=(*answer.notes, note))


def _moved(candidate: Candidate, found: Relaxed, title: str) -> Candidate:
    end = "" if found.converged else f", not to the end: a force of {found.largest_force_eV_A:.2f} eV/Å is left"
    kept = tuple(text.replace("; nothing was relaxed.", " before relaxation.") for text in candidate.assumptions)
    return replace(
        candidate,
        crystal=found.crystal,
        evidence={**candidate.evidence, "energy_eV_per_atom": found.energy_eV, "moved_A": found.moved_A},
        assumptions=(*kept, f"The cell and the atoms were relaxed with {title}{end}."),
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
