"""Which element goes where: all ways to put a set of elements onto the slots of an index's templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.charge_balance import UNBALANCED, charge_log_probability
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS, SYSTEM_OF_GROUP
from xsearch.chemistry.valence import OxidationHint, check_elements, is_alloy
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.infer.settings import INFERENCE_SETTINGS, ProposalSettings
from xsearch.infer.template_library import MOST_ELEMENTS, TemplateLibrary

LEAST_LOG_SHARE = float(np.log(1e-12))
"""Log share of what no proposal has: smaller ones are not distinguished."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One substitution; its fields are those of `Proposals`."""

    row: int
    space_group: int
    targets: tuple[int, ...]
    coefficients: tuple[int, ...]
    log_substitution: float
    log_charge: float
    members: int
    merged: bool
    known: bool
    hull_eV: float
    log_formula: float
    log_system: float
    prior: float


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """Substitutions that may give the compound, the most probable first.

    Attributes:
        elements: the n target elements, by atomic number.
        row: (k,) entry of the library whose crystal is taken.
        space_group: (k,) of that entry.
        targets: (k, 6) uint8, the element put on each of its slots.
        coefficients: (k, n) int32, atoms of each target element in the reduced formula.
        log_substitution: (k,) sum over slots of the log lift of the substitution.
        log_charge: (k,) log-probability of the likeliest balanced states; `UNBALANCED` where there are none.
        members: (k,) formulas in the template.
        merged: (k,) whether one element took two slots.
        known: (k,) whether the index holds the formula, not counting excluded ones.
        hull_eV: (k,) energy above the hull of the entry whose crystal is taken, per atom.
        log_formula: (k,) logarithm of the share of all substitutions, by their prior, that give the same formula.
        log_system: (k,) the same for the formula and crystal system.
        prior: (k,) logarithm of the share of each among all substitutions; the proposals are ordered by it.
    """

    elements: tuple[str, ...]
    row: NDArray[np.int64]
    space_group: NDArray[np.int16]
    targets: NDArray[np.uint8]
    coefficients: NDArray[np.int32]
    log_substitution: NDArray[np.float64]
    log_charge: NDArray[np.float64]
    members: NDArray[np.int64]
    merged: NDArray[np.bool_]
    known: NDArray[np.bool_]
    hull_eV: NDArray[np.float64]
    log_formula: NDArray[np.float64]
    log_system: NDArray[np.float64]
    prior: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: NDArray[np.integer]) -> Proposals:
        """Some of the proposals, in the order given."""
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "elements"}
        return Proposals(elements=self.elements, **columns)

    def __getitem__(self, k: int) -> Proposal:
        columns = {f.name: getattr(self, f.name)[k].tolist() for f in fields(Proposal)}
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in columns.items()}
        return Proposal(**values)

    def log_shares(self) -> dict[tuple[tuple[int, ...], int], float]:
        """`log_system` by formula and crystal system, as numbered in `SYSTEM_OF_GROUP`."""
        systems = SYSTEM_OF_GROUP[self.space_group].tolist()
        formulas = map(tuple, self.coefficients.tolist())
        return dict(zip(zip(formulas, systems, strict=True), self.log_system.tolist(), strict=True))


def propose(
    library: TemplateLibrary,
    elements: tuple[str, ...] | list[str],
    *,
    excluded: Iterable[str] = (),
    oxidation: Mapping[str, OxidationHint] | None = None,
    alloy: bool | None = None,
    must_balance: bool = False,
    templates: NDArray[np.bool_] | None = None,
    log_systems: NDArray[np.float64] | None = None,
    merge: bool = True,
    own: bool = False,
    settings: ProposalSettings = INFERENCE_SETTINGS.proposals,
) -> Proposals:
    """Substitutions of templates by exactly the elements given, the most probable first.

    Args:
        library: the templates.
        elements: 1 to 6 symbols; every proposal holds them all.
        excluded: reduced formulas whose entries are not used, as if they were in no database.
        oxidation: states known for some elements.
        alloy: True to leave charge balance out, False to score it, None to decide by the elements.
        must_balance: drop formulas that no allowed states balance (never for alloys).
        templates: (m,) which entries of the library may be used; all by default.
        log_systems: (8,) evidence for each crystal system by its code, see `Links.log_systems`.
        merge: also put one element on two slots of a template with one element more.
        own: keep entries with their own elements: the parents of disordered crystals.
        settings: penalties, weights and counts.

    Raises:
        QueryError: for unknown or too many elements.
    """
    chosen = check_elements(elements, MOST_ELEMENTS)
    numbers = np.array([ATOMIC_NUMBERS[e] for e in chosen], np.uint8)
    left_out = library.rows_of(excluded) | (library.n_sites > settings.most_sites)
    if templates is not None:
        left_out = left_out | ~templates
    parts = [_assign(library, numbers, len(chosen), left_out, settings.most_assignments)]
    if merge and 1 < len(chosen) < MOST_ELEMENTS:
        parts.append(_assign(library, numbers, len(chosen) + 1, left_out, settings.most_assignments))
    row, targets, substitution, coefficients, merged = (np.concatenate(column) for column in zip(*parts, strict=True))
    codes, first, formula_of = np.unique(formula_code(coefficients), return_index=True, return_inverse=True)
    charge = log_charges(chosen, coefficients[first], oxidation, alloy)
    members = library.members(excluded)[library.template[row]]
    known = known_formulas(library, chosen, coefficients[first], excluded)[formula_of]
    log_charge = charge[formula_of]
    prior = (
        substitution
        + np.maximum(log_charge, settings.charge_floor)
        + settings.member_weight * np.log(np.maximum(members, 1))
        - settings.merged_penalty * merged
        - settings.known_penalty * known
    )
    if log_systems is not None:
        prior = prior + log_systems[SYSTEM_OF_GROUP[library.space_group[row]]]
    # an entry with its own elements is a hit of the database, and nothing inferred
    itself = (targets == library.atomic_numbers[row]).all(axis=1) & (not own)
    usable = np.flatnonzero(((log_charge > UNBALANCED) | (not must_balance)) & ~itself)
    crystal_of = library.template[row[usable]].astype(np.int64) * len(codes) + formula_of[usable]
    order = usable[likeliest_first(prior[usable], row[usable], crystal_of, settings)]
    hull = library.energy_above_hull_eV[row[order]]
    system = SYSTEM_OF_GROUP[library.space_group[row]]
    highest = prior.max(initial=-np.inf)
    weight = np.exp(prior - highest) * ~itself
    prior = prior - highest - np.log(weight.sum() or 1.0)
    return Proposals(
        chosen,
        row[order],
        library.space_group[row[order]],
        targets[order],
        coefficients[order],
        substitution[order],
        log_charge[order],
        members[order],
        merged[order],
        known[order],
        np.where(np.isfinite(hull), hull, settings.unknown_hull_eV),
        _log_share(weight, formula_of)[order],
        _log_share(weight, formula_of * (len(CRYSTAL_SYSTEMS) + 1) + system)[order],
        prior[order],
    )


def likeliest_first(
    prior: NDArray[np.float64], row: NDArray[np.integer], group: NDArray[np.integer], settings: ProposalSettings
) -> NDArray[np.int64]:
    """The order of proposals by their prior, further ones of the same template and formula later; not all are kept.

    Args:
        prior, row: (k,) of the proposals; see `Proposals`.
        group: (k,) equal where template and formula are the same.
        settings: how much later, and how many are kept.
    """
    # ties by entry so that the same question always gets the same answer
    order = np.lexsort((row, -prior))
    repeat = _rank_within(group[order])
    kept = np.flatnonzero(repeat < settings.per_template)
    likeliest = np.argsort(-(prior[order[kept]] - settings.repeat_penalty * repeat[kept]), kind="stable")
    return order[kept[likeliest]][: settings.most]


def _log_share(weight: NDArray[np.float64], groups: NDArray[np.integer]) -> NDArray[np.float64]:
    """Logarithm of the share of the weight that belongs to the group of each."""
    total = np.bincount(groups, weight)
    return np.maximum(np.log(total / total.sum() + 1e-300), LEAST_LOG_SHARE)[groups]


def _assign(
    library: TemplateLibrary, numbers: NDArray[np.uint8], slots: int, left_out: NDArray[np.bool_], most: int
) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
    """The likeliest assignments of the elements to the slots of every entry with so many slots."""
    rows = np.flatnonzero((library.n_elements == slots) & ~left_out)
    n = len(numbers)
    lift = library.substitution[:, numbers].astype(np.float32)[library.atomic_numbers[rows, :slots]]
    assignments = np.array(_assignments(slots, n))
    score = np.stack([sum(lift[:, i, a] for i, a in enumerate(choice)) for choice in assignments], axis=1)
    if score.size > most:
        least = np.partition(score.ravel(), score.size - most)[score.size - most]
        entry, way = np.nonzero(score >= least)
    else:
        entry, way = np.nonzero(np.isfinite(score))
    targets = np.zeros((len(entry), MOST_ELEMENTS), np.uint8)
    targets[:, :slots] = numbers[assignments[way]]
    source = library.coefficients[rows[entry], :slots]
    coefficients = np.stack([(source * (assignments[way] == a)).sum(axis=1) for a in range(n)], axis=1)
    coefficients //= np.gcd.reduce(coefficients, axis=1, keepdims=True)
    return (
        rows[entry],
        targets,
        score[entry, way].astype(np.float64),
        coefficients.astype(np.int32),
        np.full(len(entry), slots > n),
    )


def log_charges(
    elements: tuple[str, ...],
    coefficients: NDArray[np.integer],
    oxidation: Mapping[str, OxidationHint] | None,
    alloy: bool | None,
) -> NDArray[np.float64]:
    """(m,) log-probability of the likeliest balanced states of (m, n) formulas, 0 for alloys; see `propose`."""
    as_alloy = (is_alloy(elements) or len(elements) == 1) if alloy is None else alloy
    return np.zeros(len(coefficients)) if as_alloy else charge_log_probability(elements, coefficients, oxidation)


def known_formulas(
    library: TemplateLibrary, elements: tuple[str, ...], coefficients: NDArray[np.integer], excluded: Iterable[str]
) -> NDArray[np.bool_]:
    """(m,) whether the index holds each of the (m, n) formulas, not counting excluded ones."""
    numbers = np.array([ATOMIC_NUMBERS[e] for e in elements], np.uint8)
    rows = np.flatnonzero((library.n_elements == len(numbers)) & ~library.rows_of(excluded))
    slots = library.atomic_numbers[rows, : len(numbers)]
    rows = rows[(np.sort(slots, axis=1) == np.sort(numbers)).all(axis=1)]
    slots, counts = library.atomic_numbers[rows, : len(numbers)], library.coefficients[rows, : len(numbers)]
    by_element = np.stack([(counts * (slots == z)).sum(axis=1) for z in numbers], axis=1)
    return np.isin(formula_code(coefficients), formula_code(by_element))


def formula_code(coefficients: NDArray[np.integer]) -> NDArray[np.int64]:
    """One integer a formula; coefficients stay below 1024."""
    return coefficients.astype(np.int64) @ (1024 ** np.arange(coefficients.shape[1], dtype=np.int64))


@cache
def _assignments(slots: int, n: int) -> tuple[tuple[int, ...], ...]:
    """Maps of slots onto n elements that use every element."""
    if slots == n:
        return tuple(permutations(range(n)))
    return tuple(a for a in product(range(n), repeat=slots) if len(set(a)) == n)


def _rank_within(groups: NDArray[np.integer]) -> NDArray[np.int64]:
    """How many earlier rows belong to the same group."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_groups) != 0])
    lengths = np.diff(np.r_[starts, len(groups)])
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, lengths)
    return ranks
