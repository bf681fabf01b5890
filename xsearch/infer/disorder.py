"""Solid solutions and vacancies among the candidates of an inference.

Two elements that replace one another readily are put onto one slot of templates with one element fewer, and the
fraction of each is refined against the pattern. Of the best ordered crystals, sites are emptied where the pattern gains
by it. Both count beside ordered candidates by the same evidence, less a cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.site_disorder import SiteDisorder
from xsearch.checkpoint import NOTHING_KEPT, Checkpoint
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import distinct_positions, find_symmetry
from xsearch.chemistry.valence import OxidationHint
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import CrystalError
from xsearch.fit.rietveld import Refined, refine
from xsearch.fit.settings import RIETVELD
from xsearch.fit.site_occupancies import exchange, orbits_of, vacancies
from xsearch.infer.disorder_settings import DisorderSettings
from xsearch.infer.disordered_proposals import DisorderedProposals, mixed_proposals, pairs_of, vacant_proposals
from xsearch.infer.evidence import fitted_shares, totals
from xsearch.infer.refinement import refine_by_strain, strain_fits
from xsearch.infer.screening import screen, starts_of
from xsearch.infer.task import InferenceTask
from xsearch.infer.trial import FitStart, RefinedCandidate, TrialCandidate


@dataclass(frozen=True, slots=True, eq=False)
class Disorder:
    """What is known of a compound that may be disordered.

    Attributes:
        sets: of elements that it may hold.
        amounts: of each, where the formula is stated.
        always: whether disorder is tried even where an ordered candidate explains the pattern.
        excluded, oxidation, alloy, templates: as in `propose`.
    """

    sets: tuple[frozenset[str], ...]
    amounts: Mapping[str, float] | None = None
    always: bool = False
    excluded: Iterable[str] = ()
    oxidation: Mapping[str, OxidationHint] | None = None
    alloy: bool | None = None
    templates: NDArray[np.bool_] | None = None

    @property
    def certain(self) -> bool:
        """Whether the stated formula has fractions, so that no ordered crystal has it."""
        return self.amounts is not None and any(amount != round(amount) for amount in self.amounts.values())


def with_disorder(
    task: InferenceTask, refined: Sequence[RefinedCandidate], disorder: Disorder, kept: Checkpoint = NOTHING_KEPT
) -> list[RefinedCandidate]:
    """The ordered candidates that were refined, and beside them those with shared or partly empty sites.

    A crystal that explains the pattern far better with a part of its sites empty is left out as the full one. Where a
    formula without fractions is stated, disorder is tried only if that is wished: it would change the formula.
    """
    explained = any(one.refined.misfit <= task.settings.disorder.explained_misfit for one in refined)
    if not disorder.always and not disorder.certain and (explained or disorder.amounts is not None):
        return list(refined)
    return kept.stage("disorder", lambda: _with_disorder(task, refined, disorder))


def _with_disorder(
    task: InferenceTask, refined: Sequence[RefinedCandidate], disorder: Disorder
) -> list[RefinedCandidate]:
    library, amounts = task.library, disorder.amounts
    proposed: list[DisorderedProposals | None] = []
    for one in _likely_sets(task, refined, disorder.sets):
        elements = tuple(sorted(one, key=ATOMIC_NUMBERS.__getitem__))
        hints = {element: hint for element, hint in (disorder.oxidation or {}).items() if element in one}
        known: dict[str, Any] = {
            "excluded": tuple(disorder.excluded), "oxidation": hints, "alloy": disorder.alloy,
            "templates": disorder.templates, "settings": task.settings,
        }  # fmt: skip
        pairs = pairs_of(library, elements, task.settings)
        proposed += [mixed_proposals(library, elements, pair, amounts=amounts, **known) for pair in pairs]
        if amounts is not None:
            proposed += vacant_proposals(library, elements, amounts, **known)
    share = float(np.log(len(disorder.sets)))
    usable = [
        some.among(task.proposals.elements, share) for some in proposed if some is not None and len(some.proposals)
    ]
    fitted = [one for some in usable for one in _fitted(task, some)]
    full = list(refined) if amounts is not None else _with_vacancies(task, refined)
    return full + _refined(task, fitted)


def _likely_sets(
    task: InferenceTask, refined: Sequence[RefinedCandidate], sets: Sequence[frozenset[str]]
) -> list[frozenset[str]]:
    """The sets of elements that are tried: where there are several, those of the best ordered candidates."""
    if len(sets) == 1 or not refined:
        return list(sets[: task.settings.disorder.sets])
    names = np.array(task.proposals.elements)
    found: dict[frozenset[str], None] = {}
    for k in np.argsort(-totals(task.evidence(refined)), kind="stable").tolist():
        found.setdefault(frozenset(names[np.array(refined[k].proposal.coefficients) > 0].tolist()))
    return list(found)[: task.settings.disorder.sets]


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """A disordered crystal after its strain fit, and the proposals that it comes from."""

    task: InferenceTask
    some: DisorderedProposals
    trial: TrialCandidate


def _fitted(task: InferenceTask, some: DisorderedProposals) -> list[_Fitted]:
    """Screened and fitted by strain, as ordered candidates are."""
    within = replace(task, proposals=some.proposals, log_shares=some.proposals.log_shares())
    crystals = some.crystals(task.library)
    score, strain = screen(crystals, task.prepared.log_q, task.settings.screening)
    starts = starts_of(task, some.proposals, crystals, score, strain, task.settings.disorder.fitted)
    return [_Fitted(within, some, trial) for trial in refine_by_strain(within, starts)]


def _refined(task: InferenceTask, fitted: Sequence[_Fitted]) -> list[RefinedCandidate]:
    """The likeliest with their occupancies refined; unknown fractions of the best once more, from those found first."""
    settings = task.settings.disorder
    chosen: list[_Fitted] = []
    alike: Counter[tuple[int, ...]] = Counter()
    for k in np.argsort(-fitted_shares([one.trial for one in fitted]), kind="stable").tolist():
        one = fitted[k]
        alike[kind := (*one.trial.kind, id(one.some))] += 1
        if alike[kind] <= settings.alike:
            chosen.append(one)
        if len(chosen) == settings.refined:
            break
    first = task.run(_first, chosen)
    best = sorted(range(len(chosen)), key=lambda k: -first[k].refined.log_evidence)[: settings.refined_again]
    again = [k for k in best if chosen[k].some.mixed is not None and not chosen[k].some.stated]
    for k, one in zip(again, task.run(lambda k: _again(chosen[k], first[k]), again), strict=True):
        first[k] = one
    least = settings.least_fraction
    return [one for one in first if all(min(site.occupancies) >= least or site.undetermined for site in one.disorder)]


def _first(one: _Fitted) -> RefinedCandidate:
    return _refilled(one, one.trial) if one.some.mixed is None else _mixed(one, one.trial, one.some.mixed)


def _again(one: _Fitted, before: RefinedCandidate) -> RefinedCandidate:
    """A solid solution refined from the fraction that was found."""
    primitive = before.symmetry.primitive
    filled = replace(primitive, occupancies=before.refined.crystal.occupancies)
    start = FitStart(before.proposal, find_symmetry(filled), before.fit.strain)
    (again,) = strain_fits(one.task, [start], symmetrised=before.symmetrised)
    return before if again is None or one.some.mixed is None else _mixed(one, again, one.some.mixed)


def _mixed(one: _Fitted, trial: TrialCandidate, pair: tuple[str, str]) -> RefinedCandidate:
    """A candidate with the fractions of two elements on common sites refined."""
    settings = one.task.settings.disorder
    sigma = settings.stated_sigma if one.some.stated else settings.mixed_sigma
    freedom = exchange(trial.symmetry.primitive, pair[1], pair[0], sigma)
    result = refine(trial.reflections, trial.symmetry, trial.fit, one.task.prepared.points, freedom=freedom)
    fractions = tuple(_occupancy(result.crystal, element) for element in pair)
    said = SiteDisorder("mixed", pair, sites_of(result.crystal, pair), fractions, _error(result, settings))
    lift = float(one.task.library.substitution[ATOMIC_NUMBERS[pair[0]], ATOMIC_NUMBERS[pair[1]]])
    cost = settings.mixed_cost + settings.lift_weight * max(settings.usual_lift - lift, 0.0)
    return RefinedCandidate.of(trial, result, (said,), cost)


def _refilled(one: _Fitted, trial: TrialCandidate) -> RefinedCandidate:
    """A candidate whose sites of one element are partly empty by its stated formula."""
    settings, primitive = one.task.settings.disorder, trial.symmetry.primitive
    (element,) = one.some.occupancies
    freedom = vacancies(primitive, [np.flatnonzero(np.array(primitive.elements) == element)], settings.stated_sigma)
    result = refine(trial.reflections, trial.symmetry, trial.fit, one.task.prepared.points, freedom=freedom)
    said = SiteDisorder(
        "vacant", (element,), sites_of(result.crystal, (element,)), (_occupancy(result.crystal, element),),
        _error(result, settings),
    )  # fmt: skip
    return RefinedCandidate.of(trial, result, (said,), settings.vacant_cost)


def _with_vacancies(task: InferenceTask, refined: Sequence[RefinedCandidate]) -> list[RefinedCandidate]:
    """The candidates, and the best of them with sites partly empty where the pattern gains clearly by it."""
    if not refined:
        return []
    settings = task.settings.disorder
    best = np.argsort(-totals(task.evidence(refined)), kind="stable")[: settings.vacancies_tried].tolist()
    emptied = task.run(lambda k: _emptied(task, refined[k]), best)
    found = {k: one for k, one in zip(best, emptied, strict=True) if one is not None}
    replaced = {k for k, one in found.items() if _gain(refined[k], one.refined) >= settings.replacing_gain}
    return [one for k, one in enumerate(refined) if k not in replaced] + list(found.values())


def _gain(full: RefinedCandidate, emptied: Refined) -> float:
    """Log-evidence that an emptied crystal gains, per misfit where that is more than expected."""
    return (emptied.log_evidence - full.refined.log_evidence) / max(emptied.misfit, 1.0)


def _emptied(task: InferenceTask, one: RefinedCandidate) -> RefinedCandidate | None:
    """A candidate with the sites partly empty that the pattern says most of; None where it says too little."""
    settings, points, primitive = task.settings.disorder, task.prepared.points, one.symmetry.primitive
    if not primitive.is_ordered or len(primitive) > RIETVELD.most_atoms:
        return None
    groups = _orbits(primitive)
    if len(groups) < 2 or len(groups) > settings.most_orbits:
        return None

    def refined(sites: Sequence[NDArray[np.int64]]) -> Refined:
        freedom = vacancies(primitive, sites, settings.vacant_sigma)
        return refine(one.reflections, one.symmetry, one.fit, points, freedom=freedom)

    together = refined(groups).occupancies
    if together is None:
        return None
    first = int(np.argmax(together.change / together.error))
    element = primitive.elements[groups[first][0]]
    whole = np.flatnonzero(np.array(primitive.elements) == element)
    tried = [groups[first]] if len(whole) == len(groups[first]) else [groups[first], whole]
    entries, result = max(((one, refined([one])) for one in tried), key=lambda pair: pair[1].log_evidence)
    found = result.occupancies
    if found is None or found.change[0] < settings.least_fall * found.error[0]:
        return None
    occupancy = float(result.crystal.occupancies[entries[0]])
    unsure = _gain(one, result) < settings.least_gain or result.misfit > settings.vacant_misfit
    if unsure or occupancy < settings.least_occupancy:
        return None
    said = SiteDisorder(
        "vacant", (element,), sites_of(result.crystal, (element,)), (occupancy,), _error(result, settings)
    )
    return RefinedCandidate.of(one, result, (said,), settings.vacant_cost)


def _orbits(crystal: Crystal) -> list[NDArray[np.int64]]:
    """The entries of each orbit."""
    orbits = orbits_of(crystal)
    return [np.flatnonzero(orbits == number) for number in np.unique(orbits)]


def _occupancy(crystal: Crystal, element: str) -> float:
    """Occupancy of an element on the sites that it fills partly, the mean of several kinds."""
    mine = np.array(crystal.elements) == element
    partly = mine & (crystal.occupancies < 1 - 1e-6)
    return float(crystal.occupancies[partly if partly.any() else mine].mean())


def _error(result: Refined, settings: DisorderSettings) -> float:
    """Standard uncertainty of the one occupancy that was refined, with what the refinement does not know of."""
    found = 0.0 if result.occupancies is None else float(result.occupancies.error[0])
    return float(np.hypot(settings.error_scale * found, settings.error_floor))


def sites_of(crystal: Crystal, elements: Sequence[str]) -> str:
    """Multiplicity and Wyckoff letter of the disordered sites of a primitive crystal that hold all of some elements."""
    try:
        symmetry = find_symmetry(crystal)
    except CrystalError:
        return "its sites"
    _, mixes = distinct_positions(crystal)
    cells = abs(np.linalg.det(symmetry.to_conventional)) * symmetry.primitive.volume_A3 / crystal.volume_A3
    counts: Counter[tuple[int, str]] = Counter()
    for mix, orbit, letter in zip(mixes, symmetry.orbits, symmetry.wyckoffs, strict=True):
        held = dict(mix)
        if all(held.get(element, 1.0) < 1 for element in elements):
            counts[orbit, letter] += 1
    return " + ".join(f"{round(count * cells)}{letter}" for (_, letter), count in sorted(counts.items())) or "its sites"
