"""From elements and spectra to crystals that are in no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.symmetry import Symmetry, crystal_system, find_symmetry
from xsearch.chemistry.valence import OxidationHint, check_elements
from xsearch.elements import SYMBOLS
from xsearch.errors import CrystalError, QueryError
from xsearch.infer.candidate import Candidate, Inference
from xsearch.infer.evidence import TERMS, explains, probabilities, terms
from xsearch.infer.library import TemplateLibrary
from xsearch.infer.profile import target_of
from xsearch.infer.proposals import Proposals, propose
from xsearch.infer.screen import screen
from xsearch.infer.strain_fit import StrainFit, fit_strain, strained
from xsearch.infer.substitute import predicted_scale, substituted
from xsearch.results import Verdict
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.reflections import Reflections
from xsearch.spectra import PowderPattern, Xanes

SCREENED = 6000
FITTED = 160
PRIOR_IN_SCREEN = 0.01
"""What a unit of the logarithmic prior is worth in the first look, in units of the correlation."""

FIT_D_MIN_A = 1.08
CONFIDENT = 0.6
REFUSED_ABOVE = 0.75
"""Probability that none of the candidates is right, from which on nothing is offered."""

SAME_VOLUME = 0.03
CHARGE_UNKNOWN = -39.0
LARGEST_SCALE = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Candidates that were fitted closely, in no particular order.

    Attributes:
        proposals: which entries take which elements.
        symmetries: of the substituted crystals in their predicted cells.
        reflections: of the same.
        fits: how each met the pattern.
        evidence: (k, terms).
        n_screened: how many were simulated for the first look.
    """

    proposals: Proposals
    symmetries: list[Symmetry]
    reflections: list[Reflections]
    fits: list[StrainFit]
    evidence: NDArray[np.float64]
    n_screened: int


def infer(
    library: TemplateLibrary,
    elements: Sequence[str],
    pattern: PowderPattern | None = None,
    *,
    xanes: Sequence[Xanes] = (),
    system: str | None = None,
    oxidation: Mapping[str, OxidationHint] | None = None,
    coordination: Mapping[str, Sequence[int]] | None = None,
    excluded: Iterable[str] = (),
    alloy: bool | None = None,
    must_balance: bool = False,
    top: int = 10,
    threads: int = 2,
) -> Inference:
    """Infer crystals of some elements from the templates of an index.

    Args:
        library: the templates, from `library_of(index)`.
        elements: all elements of the compound.
        pattern: a measured powder pattern; without it, candidates are ranked by chemistry alone.
        xanes: measured K edges of some of the elements, used to order the candidates where the forward model knows
            the absorber.
        system: keep one crystal system.
        oxidation: oxidation states known or predicted, as numbers or with probabilities.
        coordination: coordination numbers that an element may have, such as `{"Mn": (4, 6)}`.
        excluded: reduced formulas whose entries must not be used.
        alloy: True to leave charge balance out, False to score it always, None to decide by the elements.
        must_balance: drop what no allowed oxidation states balance.
        top: how many candidates to give.
        threads: for the close fits.

    Raises:
        QueryError: for unknown elements, systems or options that leave nothing.
        SpectrumError: where the pattern shows no line or too short a range.
    """
    chosen = check_elements(list(elements))
    if top < 1:
        raise QueryError(f"top = {top} asks for no candidate; give 1 or more.")
    for element in (*(oxidation or {}), *(coordination or {})):
        if element not in chosen:
            raise QueryError(f"{element} is not among the elements given ({', '.join(chosen)}).")
    timings: dict[str, float] = {}
    notes = [f"Every candidate holds all of {', '.join(chosen)} and nothing else."]
    with _timed(timings, "propose"):
        proposals = propose(
            library, chosen, excluded=excluded, oxidation=oxidation, alloy=alloy, must_balance=must_balance,
            most=2 * SCREENED,
        )  # fmt: skip
        proposals = _keep_system(library, proposals, system)
    if len(proposals) == 0:
        raise QueryError(
            f"No template of the index can hold {', '.join(chosen)}"
            + (f" in a {system} cell" if system else "")
            + "; loosen the conditions or use a larger index."
        )
    options = {
        "system": system,
        "oxidation": {e: (dict(h) if isinstance(h, Mapping) else h) for e, h in (oxidation or {}).items()},
        "coordination": {e: list(c) for e, c in (coordination or {}).items()},
        "excluded": sorted(excluded),
        "must_balance": must_balance,
        "top": top,
    }
    if pattern is None:
        with _timed(timings, "build"):
            candidates = _by_chemistry(library, proposals, top, coordination)
        notes.append("No pattern was given: the order is that of chemistry alone.")
        candidates = _by_edges(candidates, xanes, notes, timings)
        return Inference(
            chosen, tuple(candidates), "tentative", None, len(proposals), 0, 0, tuple(notes), options, timings
        )
    with _timed(timings, "fit"):
        fitted = fit_candidates(library, proposals, pattern, coordination=coordination, threads=threads)
    with _timed(timings, "rank"):
        chance = probabilities(fitted.evidence) if len(fitted.fits) else np.zeros(0)
        order = np.lexsort((fitted.proposals.row, -chance))
        believable = [k for k in order.tolist() if explains(fitted.fits[k], fitted.evidence[k])]
    nothing = 1.0 - float(chance.sum())
    if not believable or believable[0] != order[0] or nothing > REFUSED_ABOVE:
        notes.append("No substituted template explains the pattern; check the elements. Its type may not be indexed.")
        return Inference(
            chosen, (), "no confident match", pattern, len(proposals), fitted.n_screened, len(fitted.fits),
            tuple(notes), options, timings,
        )  # fmt: skip
    folded = _fold(fitted, believable, chance)
    verdict: Verdict = "match" if folded[0][1] >= CONFIDENT else "tentative"
    made = [_candidate(library, fitted, k, p, rank) for rank, (k, p) in enumerate(folded[: 3 * top], start=1)]
    made = _by_edges(made, xanes, notes, timings)
    return Inference(
        chosen, tuple(made[:top]), verdict, pattern, len(proposals), fitted.n_screened, len(fitted.fits),
        tuple(notes), options, timings,
    )  # fmt: skip


def _by_edges(
    candidates: list[Candidate], xanes: Sequence[Xanes], notes: list[str], timings: dict[str, float]
) -> list[Candidate]:
    """The candidates in the order that measured edges give them besides; what was used is added to the notes."""
    if not xanes:
        return candidates
    from xsearch.infer.absorbers import reorder_by_xanes

    with _timed(timings, "xanes"):
        ordered, told = reorder_by_xanes(candidates, xanes)
    notes += told
    return ordered


def fit_candidates(
    library: TemplateLibrary,
    proposals: Proposals,
    pattern: PowderPattern,
    *,
    coordination: Mapping[str, Sequence[int]] | None = None,
    threads: int = 2,
    screened: int = SCREENED,
    fitted: int = FITTED,
) -> Fitted:
    """Screen proposals against a pattern and strain the best to it.

    Args:
        library: that the proposals were made from.
        proposals: in order of their prior.
        pattern: measured.
        coordination: see `infer`.
        threads: for the close fits.
        screened, fitted: how many are looked at, and how many closely.
    """
    target = target_of(pattern)
    first = proposals.take(np.arange(min(screened, len(proposals))))
    scales = predicted_scale(library, first)
    first, scales = first.take(np.flatnonzero(np.abs(scales) < LARGEST_SCALE)), scales[np.abs(scales) < LARGEST_SCALE]
    crystals = substituted(library, first, scales)
    score, scale = screen(crystals, target)
    order = np.argsort(-(score + PRIOR_IN_SCREEN * first.prior), kind="stable")
    symmetries: list[Symmetry] = []
    kept: list[int] = []
    for k in order.tolist():
        if len(kept) >= fitted:
            break
        try:
            found = find_symmetry(crystals[k])
        except CrystalError:
            continue
        if coordination and not _coordinated(crystals[k], coordination):
            continue
        symmetries.append(found)
        kept.append(k)
    reflections = simulate_reflections(symmetries, d_min_A=max(FIT_D_MIN_A, 0.51 * target.wavelength_A))

    def fit(place: int) -> StrainFit:
        return fit_strain(reflections[place], target, float(scale[kept[place]]))

    places = [i for i in range(len(kept)) if len(reflections[i])]
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            fits = list(pool.map(fit, places))
    else:
        fits = [fit(place) for place in places]
    chosen = first.take(np.array([kept[i] for i in places], np.int64))
    symmetries = [symmetries[i] for i in places]
    evidence = terms(fits, [strained(s, fit.cell) for s, fit in zip(symmetries, fits, strict=True)], chosen)
    return Fitted(chosen, symmetries, [reflections[i] for i in places], fits, evidence, len(first))


def _candidate(library: TemplateLibrary, fitted: Fitted, k: int, probability: float, rank: int) -> Candidate:
    fit, symmetry = fitted.fits[k], fitted.symmetries[k]
    return _describe(
        library, fitted.proposals, k, strained(symmetry, fit.cell), symmetry.number, probability, rank,
        cell=tuple(fit.cell.tolist()),
        evidence=dict(zip(TERMS, fitted.evidence[k].tolist(), strict=True)),
        strain=fit.strain, zero_shift_deg=fit.zero_shift_deg, unexplained=fit.unexplained,
        reflections=fitted.reflections[k],
    )  # fmt: skip


def _by_chemistry(
    library: TemplateLibrary, proposals: Proposals, top: int, coordination: Mapping[str, Sequence[int]] | None
) -> list[Candidate]:
    """The likeliest proposals as they are, each structure type and formula once."""
    head = proposals.take(np.arange(min(len(proposals), 40 * top)))
    share = np.exp(head.prior - head.prior.max())
    share /= share.sum()
    found: list[Candidate] = []
    seen: set[tuple[int, ...]] = set()
    for k in range(len(head)):
        key = (int(library.template[head.row[k]]), *head.coefficients[k].tolist())
        if key in seen:
            continue
        crystal = substituted(library, head.take(np.array([k])))[0]
        if coordination and not _coordinated(crystal, coordination):
            continue
        try:
            symmetry = find_symmetry(crystal)
        except CrystalError:
            continue
        seen.add(key)
        found.append(
            _describe(
                library, head, k, crystal, symmetry.number, float(share[k]), len(found) + 1,
                cell=tuple(symmetry.cell.tolist()), evidence={"prior": float(head.prior[k])},
            )
        )  # fmt: skip
        if len(found) == top:
            break
    return found


def _describe(
    library: TemplateLibrary,
    proposals: Proposals,
    k: int,
    crystal: Crystal,
    space_group: int,
    probability: float,
    rank: int,
    *,
    cell: tuple[float, ...],
    evidence: dict[str, float],
    strain: float = 0.0,
    zero_shift_deg: float = 0.0,
    unexplained: float = float("nan"),
    reflections: Reflections | None = None,
) -> Candidate:
    row = int(proposals.row[k])
    slots = zip(library.atomic_numbers[row].tolist(), proposals.targets[k].tolist(), strict=True)
    substitution = {SYMBOLS[old - 1]: SYMBOLS[new - 1] for old, new in slots if old}
    source_formula = library.formula_names[int(library.formula[row])]
    assumptions = [
        f"The atoms stand where they do in {source_formula} ({library.material_ids[row]}); nothing was relaxed.",
        "The cell was strained to the pattern." if evidence.keys() != {"prior"} else "The volume is predicted.",
    ]
    if proposals.log_charge[k] <= CHARGE_UNKNOWN:
        assumptions.append("No usual oxidation states balance this formula.")
    if proposals.merged[k]:
        assumptions.append("One element stands on sites that two elements share in the template.")
    return Candidate(
        rank=rank,
        formula=reduced_formula(crystal.composition),
        crystal=crystal,
        space_group=space_group,
        crystal_system=crystal_system(space_group),
        template=library.keys[int(library.template[row])],
        source_id=str(library.material_ids[row]),
        source_formula=source_formula,
        substitution=substitution,
        probability=probability,
        members=int(proposals.members[k]),
        evidence=evidence,
        strain=strain,
        cell=cell,
        zero_shift_deg=zero_shift_deg,
        unexplained=unexplained,
        reflections=reflections,
        assumptions=tuple(assumptions),
    )


def _fold(fitted: Fitted, order: list[int], chance: NDArray[np.float64]) -> list[tuple[int, float]]:
    """One place a formula and structure type, with the probability of all that were folded into it."""
    places: dict[tuple[int, ...], list[int]] = {}
    for k in order:
        symmetry, fit = fitted.symmetries[k], fitted.fits[k]
        per_atom = symmetry.primitive.volume_A3 / len(symmetry.primitive) * np.exp(3 * fit.strain)
        formula = tuple(fitted.proposals.coefficients[k].tolist())
        volume = int(np.round(np.log(per_atom) / SAME_VOLUME))
        for near in (volume, volume - 1, volume + 1):
            if (symmetry.number, near, *formula) in places:
                places[symmetry.number, near, *formula].append(k)
                break
        else:
            places[symmetry.number, volume, *formula] = [k]
    folded = [(members[0], float(chance[members].sum())) for members in places.values()]
    return sorted(folded, key=lambda item: -item[1])


def _keep_system(library: TemplateLibrary, proposals: Proposals, system: str | None) -> Proposals:
    if system is None:
        return proposals
    known = {crystal_system(number) for number in (1, 3, 16, 75, 143, 168, 195)}
    if system not in known:
        raise QueryError(f"Unknown crystal system {system!r}; one of {', '.join(sorted(known))} is expected.")
    numbers = library.space_group[proposals.row]
    right = {number for number in range(1, 231) if crystal_system(number) == system}
    return proposals.take(np.flatnonzero(np.isin(numbers, list(right))))


def _coordinated(crystal: Crystal, allowed: Mapping[str, Sequence[int]]) -> bool:
    """Whether every site of the elements named has one of the coordination numbers allowed for it."""
    from xsearch.infer.coordination import coordination_numbers

    return all(
        set(coordination_numbers(crystal, element)) <= {int(n) for n in numbers} for element, numbers in allowed.items()
    )


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    yield
    timings[stage] = round(perf_counter() - start, 4)
