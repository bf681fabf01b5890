"""From refined candidates to an order with probabilities, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Verdict
from xsearch.answers.link import Link
from xsearch.chemistry.formula import formula_of
from xsearch.infer.evidence import TERMS, answer_probability, shares, totals, weights
from xsearch.infer.predictions import Links
from xsearch.infer.relaxed_refinement import energy_terms
from xsearch.infer.settings import InferenceSettings
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import RefinedCandidate


@dataclass(frozen=True, slots=True, eq=False)
class RankedCandidate:
    """A candidate in its place.

    Attributes:
        candidate: after the final refinement.
        evidence: its terms, by name.
        probability: 0 to 1, among everything that was considered.
    """

    candidate: RefinedCandidate
    evidence: dict[str, float]
    probability: float


def rank(
    task: InferenceTask, candidates: Sequence[RefinedCandidate], links: Links
) -> tuple[Verdict, list[RankedCandidate], tuple[Link, ...]]:
    """The verdict; the candidates, one for each formula and structure type, the most probable first; and the chain.

    What spectra say of charges and of the crystal system is part of how likely a formula is by chemistry, and counts
    with its weight beside the fits. What they say of coordination, distances and symmetry is added for each candidate.
    """
    settings, evidence = task.settings, task.evidence(candidates)
    groups = np.array([candidate.symmetry.number for candidate in candidates], np.int64)
    added = links.of_candidates([candidate.refined.crystal for candidate in candidates], groups)
    costs = np.array([candidate.cost for candidate in candidates], np.float64)
    total = totals(evidence) - costs + sum(added.values(), np.zeros(len(candidates)))
    total = total + energy_terms(candidates, total, settings.relaxation)
    share = shares(total)
    order = np.lexsort((np.array([candidate.proposal.row for candidate in candidates]), -share)).tolist()
    answer = answer_probability(evidence, total)
    if order and candidates[order[0]].correlation < settings.verdict.least_correlation:
        answer = min(answer, settings.verdict.refused_up_to)
    folded = _folded(candidates, order, share, settings)
    # the first is right with the probability of the answer, the others in proportion
    scale = min(answer / folded[0][1], 1.0) if folded else 0.0
    ranked = [
        RankedCandidate(candidates[k], dict(zip(TERMS, evidence[k].tolist(), strict=True)), scale * part)
        for k, part in folded
    ]
    if answer <= settings.verdict.refused_up_to:
        verdict: Verdict = "no confident match"
    else:
        verdict = "match" if ranked[0].probability >= settings.verdict.confident else "tentative"
    names = [f"{formula_of(one.refined.crystal)} {one.symmetry.number}" for one in candidates]
    return verdict, ranked, _chain(links, candidates, groups, total, added, names)


def _chain(
    links: Links,
    candidates: Sequence[RefinedCandidate],
    groups: NDArray[np.int64],
    total: NDArray[np.float64],
    added: Mapping[str, NDArray[np.float64]],
    names: Sequence[str],
) -> tuple[Link, ...]:
    """What each link did, as far as chemistry counts beside the fits, or by what it `added` to the total."""
    if not candidates:
        return ()
    terms = dict(zip(TERMS, weights("candidate").tolist(), strict=True))
    coefficients = np.array([candidate.proposal.coefficients for candidate in candidates])
    charges, systems = links.of_formulas(coefficients), links.of_groups(groups)
    worth = {
        **dict.fromkeys(charges, terms["log_formula"] + terms["log_charge"]),
        **dict.fromkeys(systems, terms["log_system"]),
    }
    parts = {name: worth[name] * part for name, part in {**charges, **systems}.items()}
    for name, part in added.items():
        parts[name] = parts[name] + part if name in parts else part
        worth[name] = worth.get(name, 0.0) + links.weight_with_pattern(name)
    return links.chain(total, parts, worth, names)


def _folded(
    candidates: Sequence[RefinedCandidate],
    order: Sequence[int],
    share: NDArray[np.float64],
    settings: InferenceSettings,
) -> list[tuple[int, float]]:
    """The first of each formula and structure type, with the probability of those folded into it."""
    places: dict[tuple[int, ...], list[int]] = {}
    for k in order:
        kind, volume = candidates[k].kind, candidates[k].volume_bin(settings.same_volume)
        neighbours = [(*kind, v) for v in (volume, volume - 1, volume + 1) if (*kind, v) in places]
        places.setdefault(neighbours[0] if neighbours else (*kind, volume), []).append(k)
    folded = [(members[0], float(share[members[: settings.verdict.most_folded]].sum())) for members in places.values()]
    return sorted(folded, key=lambda item: -item[1])
