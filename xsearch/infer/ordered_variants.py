"""Candidates between templates: two elements of a good candidate ordered anew on the sites that they share.

Many compounds are ordered forms of a structure type whose own order no entry has, often with other shares of the two
elements. The best refined candidates are taken as parents, two of their elements as one, and every order of the two on
those sites, in small multiples of the cell, is compared with the pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.charge_balance import UNBALANCED
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.space_groups import SYSTEM_OF_GROUP
from xsearch.chemistry.substitution import substitution_table
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.chemistry.valence import OxidationHint
from xsearch.chemistry.volume import log_volume
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import CrystalError
from xsearch.fit.prepared_pattern import prepare
from xsearch.fit.strain import strained
from xsearch.infer.derivative_structures import Ordering, orderings
from xsearch.infer.evidence import shares
from xsearch.infer.final_refinement import look_again
from xsearch.infer.proposals import CHARGE_FLOOR, KNOWN_PENALTY, Proposals, known_formulas, log_charges
from xsearch.infer.refinement import Fitted, coordinated, fit_closely
from xsearch.infer.screening import screen
from xsearch.infer.template_library import TemplateLibrary
from xsearch.spectra import PowderPattern

PARENTS = 4
LEAST_SHARE = 0.01
"""Probability below which a candidate is no parent."""

MISFITS = (0.4, 12.0)
"""Misfits of the best candidate and of parents between which another order may matter: with less nothing is left to
explain, with more the framework is another one."""

LEAST_LIFT = -1.5
"""Logarithm of how readily the two elements stand for each other; with less, as for iron and oxygen, they never mix."""

FORMULA_SHARE = 0.5
"""What the logarithm of a formula's share counts for in the choice of those that are looked at."""

OTHER_SYSTEM = 4.0
"""By how much, as a logarithm, a crystal system is less probable than its formula where no template has both: orders
are often less symmetric than the types that they belong to."""

SCREENED, FITTED, REFINED = 400, 40, 6
PRIOR_IN_SCREEN = 0.01
MOST_ALIKE = 4
"""Orders of one formula and space group that are fitted; further ones say little new."""


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """An order of a parent's elements.

    Attributes:
        parent: its place among the candidates.
        ordering: the order, in the cell in which the parent met the pattern.
        counts: (n,) atoms of each element.
        mixed: the element that shares its sites with `ordering.other`.
    """

    parent: int
    ordering: Ordering
    counts: NDArray[np.int64]
    mixed: str

    def crystal(self, growth: float) -> Crystal:
        """In the shape in which the parent met the pattern, with lengths changed by a factor of exp(growth)."""
        found = self.ordering.crystal()
        return Crystal.ordered(found.lattice_A * np.exp(growth), found.frac_coords, found.elements)

    def told(self) -> str:
        """How it differs from its parent, in words."""
        second, sites = int(self.ordering.second.sum()), len(self.ordering.second)
        return (
            f"{self.mixed} and {self.ordering.other} were ordered anew: {self.ordering.other} stands on {second} in "
            f"{sites} of the sites that they share."
        )


def add_variants(
    fitted: Fitted,
    pattern: PowderPattern,
    library: TemplateLibrary,
    known: Proposals,
    *,
    excluded: Iterable[str] = (),
    oxidation: Mapping[str, OxidationHint] | None = None,
    alloy: bool | None = None,
    must_balance: bool = False,
    coordination: Mapping[str, Sequence[int]] | None = None,
    system: str | None = None,
    threads: int = 2,
) -> Fitted:
    """Refined candidates with ordered variants of the best of them.

    Args:
        fitted: the refined candidates.
        pattern: that they were refined against.
        library: that they come from.
        known: the proposals, for how probable formulas are.
        excluded, oxidation, alloy, must_balance: as `propose` has them.
        coordination, system: as `infer` has them.
        threads: that work on them.
    """
    found = [variant for k in _parents(fitted) for variant in _variants(fitted, k)]
    if not found:
        return fitted
    elements = known.elements
    counts = np.array([variant.counts for variant in found])
    formulas, which = np.unique(counts // np.gcd.reduce(counts, axis=1)[:, None], axis=0, return_inverse=True)
    charge = log_charges(elements, formulas, oxidation, alloy)
    share, in_index = known.log_formula_of(formulas), known_formulas(library, elements, formulas, excluded)
    prior = np.maximum(charge, CHARGE_FLOOR) + FORMULA_SHARE * share - KNOWN_PENALTY * in_index
    prior[(charge <= UNBALANCED) & must_balance] = -np.inf
    likely = prior[which.ravel()] + np.log([variant.ordering.kept for variant in found])
    chosen = np.argsort(-likely, kind="stable")[:SCREENED]
    chosen = chosen[likely[chosen] > -np.inf]
    target = prepare(pattern).log_q
    growth = _growths(fitted, found)
    crystals = [found[i].crystal(growth[i]) for i in chosen.tolist()]
    order = np.argsort(-(screen(crystals, target)[0] + PRIOR_IN_SCREEN * likely[chosen]), kind="stable")
    places, symmetries = [], []
    for place, symmetry in _new_kinds(fitted, formulas[which.ravel()[chosen]], crystals, order.tolist()):
        if system in (None, symmetry.crystal_system) and not (
            coordination and not coordinated(crystals[place], coordination)
        ):
            places.append(int(chosen[place]))
            symmetries.append(symmetry)
        if len(places) == FITTED:
            break
    if not places:
        return fitted
    row = which.ravel()[places]
    proposals = replace(
        fitted.proposals.take(np.array([found[i].parent for i in places])),
        coefficients=formulas[row].astype(np.int32),
        log_charge=charge[row],
        log_formula=share[row],
        known=in_index[row],
        members=np.zeros(len(row), np.int64),
        merged=np.zeros(len(row), np.bool_),
    ).in_systems(SYSTEM_OF_GROUP[[symmetry.number for symmetry in symmetries]], known)
    proposals = replace(proposals, log_system=np.maximum(proposals.log_system, proposals.log_formula - OTHER_SYSTEM))
    made = fit_closely(
        proposals, symmetries, -growth[places], target, threads, changes=[found[i].told() for i in places]
    )  # fmt: skip
    return look_again(made, pattern, threads=threads, most=REFINED, seen=fitted)


def _parents(fitted: Fitted) -> list[int]:
    """The likeliest candidates of different formula and space group."""
    share = shares(fitted.evidence)
    order = np.argsort(-share, kind="stable").tolist()
    if not order or fitted.refined[order[0]].misfit < MISFITS[0]:
        return []
    chosen: dict[tuple[int, ...], int] = {}
    for k in order:
        if share[k] < LEAST_SHARE or len(chosen) == PARENTS:
            break
        if fitted.refined[k].misfit < MISFITS[1]:
            chosen.setdefault((fitted.symmetries[k].number, *fitted.proposals.coefficients[k].tolist()), k)
    return list(chosen.values())


def _variants(fitted: Fitted, k: int) -> Iterator[Variant]:
    """All ordered forms of one candidate that hold all elements."""
    elements = fitted.proposals.elements
    met = strained(fitted.symmetries[k], fitted.fits[k].cell)
    lift = substitution_table()
    for one, other in combinations(elements, 2):
        if lift[ATOMIC_NUMBERS[one], ATOMIC_NUMBERS[other]] < LEAST_LIFT:
            continue
        merged = [one if element == other else element for element in met.elements]
        try:
            base = find_symmetry(Crystal.ordered(met.lattice_A, met.frac_coords, merged)).primitive
        except CrystalError:
            continue
        whole = np.array([base.elements.count(element) for element in elements])
        for ordering in orderings(base, one, other):
            counts, second = whole * ordering.multiple, int(ordering.second.sum())
            counts[elements.index(one)] -= second
            counts[elements.index(other)] += second
            yield Variant(k, ordering, counts, one)


def _growths(fitted: Fitted, found: list[Variant]) -> NDArray[np.float64]:
    """(m,) ln(predicted length / length in which the parent met the pattern) of variants."""
    numbers = np.array([[ATOMIC_NUMBERS[element] for element in fitted.proposals.elements]])
    parents = [variant.parent for variant in found]
    after = log_volume(np.repeat(numbers, len(found), axis=0), np.array([variant.counts for variant in found]))
    before = log_volume(np.repeat(numbers, len(found), axis=0), fitted.proposals.coefficients[parents])
    return (after - before) / 3 - np.array([fitted.fits[k].strain for k in parents])


def _new_kinds(
    fitted: Fitted, formulas: NDArray[np.integer], crystals: list[Crystal], order: list[int]
) -> Iterator[tuple[int, Symmetry]]:
    """Crystals of formulas and space groups that are not yet among the candidates, in some order, few of each kind."""
    alike = {
        (*formula, symmetry.number): MOST_ALIKE
        for formula, symmetry in zip(fitted.proposals.coefficients.tolist(), fitted.symmetries, strict=True)
    }
    for place in order:
        try:
            symmetry = find_symmetry(crystals[place])
        except CrystalError:
            continue
        kind = (*formulas[place].tolist(), symmetry.number)
        alike[kind] = alike.get(kind, 0) + 1
        if alike[kind] <= MOST_ALIKE:
            yield place, symmetry
