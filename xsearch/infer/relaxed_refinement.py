"""Refined candidates relaxed in the cells that the pattern gave, refined again from there, and weighed by energy.

X-rays hardly see light atoms beside heavy ones. A potential does: it says where they would rather stand, and an order
of atoms that no compound has costs tenths of an electronvolt for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.contacts import contact_scores
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError
from xsearch.fit.rietveld import refine
from xsearch.fit.strain_fit import fit_strain
from xsearch.infer.evidence import STRAIN_FIT_TERMS, totals
from xsearch.infer.potentials import can_relax, load_potential, title_of
from xsearch.infer.relax import Relaxation, Relaxed, relax
from xsearch.infer.settings import RELAXATION_SETTINGS, RelaxationSettings
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import RefinedCandidate
from xsearch.simulate.powder import simulate_reflections

Array = NDArray[np.float64]

CONTACTS = STRAIN_FIT_TERMS.index("contact_misfit")
"""Place of the two terms of interatomic distances."""


def relax_refined(
    task: InferenceTask,
    candidates: Sequence[RefinedCandidate],
    wish: Relaxation,
    settings: RelaxationSettings = RELAXATION_SETTINGS,
) -> list[RefinedCandidate]:
    """The same candidates, the best of them with their energies, each refined from where the pattern prefers it.

    Args:
        task: the pattern.
        candidates: after their final refinement.
        wish: how many are relaxed, and by what.
        settings: when a crystal is relaxed.

    Raises:
        MissingExtra: where the potential is not installed.
    """
    pulls = load_potential(wish.potential)
    order = np.argsort(-totals(task.evidence(candidates)), kind="stable").tolist()
    chosen = [k for k in order if can_relax(candidates[k].refined.crystal)][: wish.most]
    crystals = [candidates[k].refined.crystal for k in chosen]
    relaxed = relax(crystals, pulls, free_cell=False, seconds=wish.seconds, settings=settings)
    pairs = [(candidates[k], one) for k, one in zip(chosen, relaxed, strict=True) if np.isfinite(one.energy_eV)]
    found = task.run(lambda pair: refined_again(task, *pair), pairs)
    made = {id(candidate): one for (candidate, _), one in zip(pairs, found, strict=True)}
    return [made.get(id(candidate), candidate) for candidate in candidates]


def refined_again(task: InferenceTask, candidate: RefinedCandidate, relaxed: Relaxed) -> RefinedCandidate:
    """A candidate refined from its relaxed atoms, where that makes the pattern more probable; with its energy."""
    before = replace(candidate, relaxed=relaxed)
    try:
        symmetry = find_symmetry(relaxed.crystal)
    except CrystalError:
        return before
    # two atoms that fell together, or a symmetry in which the strain of the template means something else
    if reduced_formula(symmetry.primitive.composition) != reduced_formula(relaxed.crystal.composition):
        return before
    if symmetry.number != candidate.symmetry.number:
        return before
    d_min_A = max(task.settings.refinement.d_min_A, 0.51 * task.prepared.net.wavelength_A)
    (reflections,) = simulate_reflections([symmetry], d_min_A=d_min_A)
    fit = fit_strain(reflections, task.prepared.log_q, 0.0)
    refined = refine(reflections, symmetry, fit, task.prepared.points)
    if refined.log_evidence <= candidate.refined.log_evidence:
        return before
    evidence = candidate.evidence.copy()
    evidence[CONTACTS : CONTACTS + 2] = contact_scores(refined.crystal)
    return replace(before, refined=refined, evidence=evidence, from_relaxed=True)


def energy_terms(
    candidates: Sequence[RefinedCandidate], total: Array, settings: RelaxationSettings = RELAXATION_SETTINGS
) -> Array:
    """What energies add to the log-evidence.

    What the relaxed ones of a formula have in probability is distributed anew among them: energies of different
    formulas, and of crystals that were not relaxed, are not compared.

    Args:
        candidates: all that are ranked.
        total: (k,) their log-evidence without energies.
        settings: what an energy counts.

    Returns:
        (k,) natural logarithms.
    """
    added = np.zeros(len(candidates))
    formulas = {candidate.proposal.coefficients for candidate in candidates}
    for formula in formulas:
        some = [
            k for k, one in enumerate(candidates) if one.relaxed is not None and one.proposal.coefficients == formula
        ]
        if len(some) < 2:
            continue
        energy = np.array([candidates[k].relaxed.energy_eV for k in some])  # type: ignore[union-attr]
        worth = -np.minimum((energy - energy.min()) / settings.energy_scale_eV, settings.most_energy)
        share = np.exp(total[some] - total[some].max())
        added[some] = worth - np.log((share * np.exp(worth)).sum() / share.sum())
    return added


def relaxed_notes(candidates: Sequence[RefinedCandidate], wish: Relaxation) -> list[str]:
    """What was relaxed, in a line."""
    some = [one for one in candidates if one.relaxed is not None]
    if not some:
        return ["Nothing could be relaxed: no candidate is ordered and of elements that the potential knows."]
    kept = sum(one.from_relaxed for one in some)
    opened = sum(not one.relaxed.converged for one in some if one.relaxed is not None)
    end = f"; {opened} were not relaxed to the end" if opened else ""
    return [
        f"The best {len(some)} were relaxed in their cells with {title_of(wish.potential)} and refined again{end}. For "
        f"{kept} of them the pattern prefers the new refinement. Their energies are part of the ranking."
    ]
