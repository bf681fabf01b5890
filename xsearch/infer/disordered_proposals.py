"""Templates one of whose slots two elements share, or whose sites are partly empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.valence import OxidationHint
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.infer.element_sets import among
from xsearch.infer.proposals import Proposals, log_charges, propose
from xsearch.infer.settings import INFERENCE_SETTINGS, InferenceSettings
from xsearch.infer.substitute import predicted_scale, substituted
from xsearch.infer.template_library import TemplateLibrary

STEPS = 20
"""A fraction is a whole number of these parts where charges are balanced."""

TRIED = (5, 10, 15)
"""Fractions, in these parts, at which the charges of a solid solution may balance where the fraction is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class DisorderedProposals:
    """Substitutions of templates with disorder on one slot.

    Attributes:
        proposals: their targets hold the first element of `mixed` alone; coefficients count both, as one half each.
        scales: (k,) ln(length / template length) that is predicted.
        mixed: the elements that share a slot; None where nothing is mixed.
        fraction: of the second element on the shared slot.
        stated: whether that fraction, or the occupancies below, were stated.
        occupancies: stated occupancy by element, of those whose sites are partly empty.
    """

    proposals: Proposals
    scales: NDArray[np.float64]
    mixed: tuple[str, str] | None
    fraction: float
    stated: bool
    occupancies: Mapping[str, float]

    def among(self, elements: tuple[str, ...], log_sets: float) -> DisorderedProposals:
        """The same beside proposals of more elements, of several sets that are as likely as one another."""
        some = among(self.proposals, elements)
        shares = {name: getattr(some, name) - log_sets for name in ("prior", "log_formula", "log_system")}
        return replace(self, proposals=replace(some, **shares))

    def crystals(self, library: TemplateLibrary) -> list[Crystal]:
        """The crystals, one a proposal."""
        return [self.disordered(crystal) for crystal in substituted(library, self.proposals, self.scales)]

    def disordered(self, crystal: Crystal) -> Crystal:
        """A crystal of the first element alone with both elements, or with sites partly empty."""
        if self.mixed is not None:
            return shared(crystal, *self.mixed, self.fraction)
        full = [self.occupancies.get(element, 1.0) for element in crystal.elements]
        return replace(crystal, occupancies=np.array(full) * crystal.occupancies)


def shared(crystal: Crystal, first: str, second: str, fraction: float) -> Crystal:
    """A crystal whose sites of one element hold a fraction of a second one."""
    entries = [
        (position, element, occupancy * share)
        for position, old, occupancy in zip(crystal.frac_coords, crystal.elements, crystal.occupancies, strict=True)
        for element, share in (((first, 1 - fraction), (second, fraction)) if old == first else ((old, 1.0),))
    ]
    positions, elements, occupancies = zip(*entries, strict=True)
    return Crystal(crystal.lattice_A, np.array(positions), elements, np.array(occupancies))


def pairs_of(
    library: TemplateLibrary, elements: Iterable[str], settings: InferenceSettings = INFERENCE_SETTINGS
) -> list[tuple[str, str]]:
    """Pairs of elements that may share a site, those that replace one another most readily first."""
    chosen = sorted(elements, key=ATOMIC_NUMBERS.__getitem__)
    lift = {
        (a, b): float(library.substitution[ATOMIC_NUMBERS[a], ATOMIC_NUMBERS[b]]) for a, b in combinations(chosen, 2)
    }
    able = [pair for pair, value in lift.items() if value > settings.disorder.least_lift]
    return sorted(able, key=lambda pair: -lift[pair])[: settings.disorder.pairs]


def mixed_proposals(
    library: TemplateLibrary,
    elements: tuple[str, ...],
    pair: tuple[str, str],
    *,
    amounts: Mapping[str, float] | None = None,
    excluded: Iterable[str] = (),
    oxidation: Mapping[str, OxidationHint] | None = None,
    alloy: bool | None = None,
    templates: NDArray[np.bool_] | None = None,
    settings: InferenceSettings = INFERENCE_SETTINGS,
) -> DisorderedProposals | None:
    """Templates with one element fewer, one of whose slots a pair shares; None where there are none.

    The slot takes the mean of what speaks for each element on it, and the charges need to balance at one fraction.
    Compounds that the index holds are as good parents as any: a solid solution lies between them.

    Args:
        library: the templates.
        elements: all of the compound.
        pair: of these.
        amounts: of all elements, where the formula is stated.
        excluded, oxidation, alloy, templates: as in `propose`.
        settings: the numbers that decide.
    """
    first, second = pair
    parents = tuple(element for element in elements if element != second)
    found = propose(
        library, parents, excluded=excluded, oxidation=oxidation, alloy=alloy, templates=templates, merge=False,
        own=True, settings=replace(settings.proposals, known_penalty=0.0),
    )  # fmt: skip
    place = parents.index(first)
    fraction = 0.5
    if amounts is not None:
        total = amounts[first] + amounts[second]
        fraction = amounts[second] / total
        wanted = np.array([total if element == first else amounts[element] for element in parents])
        found = found.take(np.flatnonzero(_proportional(found.coefficients, wanted, settings.disorder.same_ratio)))
    if not len(found):
        return None
    coefficients = np.stack(
        [found.coefficients[:, place] if e in pair else 2 * found.coefficients[:, parents.index(e)] for e in elements],
        axis=1,
    )
    tried = TRIED if amounts is None else (min(max(round(STEPS * fraction), 1), STEPS - 1),)
    charge = _log_charges(elements, pair, coefficients, tried, oxidation, alloy)
    slots = library.atomic_numbers[found.row]
    holds = found.targets == ATOMIC_NUMBERS[first]
    old = np.where(holds, slots, ATOMIC_NUMBERS[first])
    lift = library.substitution[old, ATOMIC_NUMBERS[second]] - library.substitution[old, ATOMIC_NUMBERS[first]]
    gain = fraction * (lift * holds).sum(axis=1)
    floor = settings.proposals.charge_floor
    prior = found.prior + gain + np.maximum(charge, floor) - np.maximum(found.log_charge, floor)
    order = np.argsort(-prior, kind="stable")[: settings.disorder.proposals]
    mixed = replace(
        found, elements=elements, coefficients=coefficients.astype(np.int32), prior=prior, log_charge=charge,
        log_substitution=found.log_substitution + gain, known=np.zeros(len(found), np.bool_),
    ).take(order)  # fmt: skip
    scales = _scales(library, mixed, second, holds[order], fraction)
    usable = np.flatnonzero(np.abs(scales) < settings.screening.largest_scale)
    return DisorderedProposals(mixed.take(usable), scales[usable], pair, fraction, amounts is not None, {})


def vacant_proposals(
    library: TemplateLibrary,
    elements: tuple[str, ...],
    amounts: Mapping[str, float],
    *,
    excluded: Iterable[str] = (),
    oxidation: Mapping[str, OxidationHint] | None = None,
    alloy: bool | None = None,
    templates: NDArray[np.bool_] | None = None,
    settings: InferenceSettings = INFERENCE_SETTINGS,
) -> list[DisorderedProposals]:
    """Templates that give a stated formula if one element's sites are partly empty; the fewest vacancies first."""
    found = propose(
        library, elements, excluded=excluded, oxidation=oxidation, alloy=alloy, templates=templates, own=True,
        settings=replace(settings.proposals, known_penalty=0.0),
    )  # fmt: skip
    ratio = np.array([amounts[element] for element in elements]) / found.coefficients
    full = ratio / ratio.max(axis=1, keepdims=True)
    same, least = settings.disorder.same_ratio, settings.disorder.least_stated
    out = []
    for place, element in enumerate(elements):
        others = np.delete(full, place, axis=1)
        empty = (others > 1 - same).all(axis=1) & (full[:, place] < 1 - same) & (full[:, place] > least)
        for occupancy in np.unique(np.round(full[empty, place], 4)).tolist():
            rows = np.flatnonzero(empty & (np.abs(full[:, place] - occupancy) < 1e-4))[: settings.disorder.proposals]
            some = found.take(rows)
            some = replace(some, known=np.zeros(len(some), np.bool_))
            scales = predicted_scale(library, some)
            usable = np.flatnonzero(np.abs(scales) < settings.screening.largest_scale)
            out.append(DisorderedProposals(some.take(usable), scales[usable], None, 0.0, True, {element: occupancy}))
    return sorted(out, key=lambda some: -min(some.occupancies.values()))[: settings.disorder.pairs]


def _proportional(coefficients: NDArray[np.integer], wanted: NDArray[np.float64], same: float) -> NDArray[np.bool_]:
    """(m,) whether each of (m, n) formulas has these amounts, but for a factor."""
    ratio = wanted / coefficients
    return np.asarray(ratio.min(axis=1) > (1 - same) * ratio.max(axis=1))


def _log_charges(
    elements: tuple[str, ...],
    pair: tuple[str, str],
    coefficients: NDArray[np.integer],
    tried: Iterable[int],
    oxidation: Mapping[str, OxidationHint] | None,
    alloy: bool | None,
) -> NDArray[np.float64]:
    """(m,) log-probability of the likeliest states, at the best of the fractions of the second element that are tried.

    (m, n) coefficients count both elements of the pair as one half.
    """
    formulas, place = np.unique(coefficients, axis=0, return_inverse=True)
    columns = [elements.index(element) for element in pair]
    best = np.full(len(formulas), -np.inf)
    for parts in tried:
        whole = STEPS * formulas
        whole[:, columns[0]] = 2 * (STEPS - parts) * formulas[:, columns[0]]
        whole[:, columns[1]] = 2 * parts * formulas[:, columns[1]]
        whole //= np.gcd.reduce(whole, axis=1, keepdims=True)
        best = np.maximum(best, log_charges(elements, whole, oxidation, alloy))
    return np.asarray(best[place.ravel()])


def _scales(
    library: TemplateLibrary, proposals: Proposals, second: str, holds: NDArray[np.bool_], fraction: float
) -> NDArray[np.float64]:
    """(k,) ln(length / template length): between those of the two elements (Vegard's law)."""
    targets = np.where(holds, np.uint8(ATOMIC_NUMBERS[second]), proposals.targets)
    of_first, of_second = (predicted_scale(library, one) for one in (proposals, replace(proposals, targets=targets)))
    return np.asarray((1 - fraction) * of_first + fraction * of_second)
