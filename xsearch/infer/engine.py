"""From elements and spectra to crystals that are in no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Candidate, Inference, Verdict
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS, SYSTEM_OF_GROUP, crystal_system
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.chemistry.template import template_key
from xsearch.chemistry.valence import OxidationHint, check_elements
from xsearch.elements import SYMBOLS
from xsearch.errors import CrystalError, QueryError
from xsearch.infer.evidence import FIT_PLACE, TERMS, answer_probability, shares
from xsearch.infer.pipeline import compare
from xsearch.infer.proposals import Proposals, propose
from xsearch.infer.refinement import SAME_VOLUME, SCREENED, Fitted, coordinated
from xsearch.infer.substitute import substituted
from xsearch.infer.template_library import TemplateLibrary
from xsearch.progress import timed
from xsearch.spectra import PowderPattern, Xanes

CONFIDENT = 0.8
REFUSED_UP_TO = 0.4
"""Probability that the best candidate is right, up to which the candidates are no answer, only the best tries. Of
178 right ones 95 % had more, of 60 for patterns of other elements 9 % (folds by formula)."""

LEAST_CORRELATION = 0.63
"""Below it the best candidate does not account for the pattern, however likely its formula is, and counts as one that
is just refused. The best candidates for random lines had up to 0.61 in 26 trials; 98 of 100 right answers had more than
0.63."""

CHARGE_UNKNOWN = -39.0
LEAST_MOVED_A = 0.005
"""Displacements below it are none."""

MOST_FOLDED = 3
"""Candidates of one formula and structure type whose probabilities are added up; further ones say nothing new."""


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
    chosen, excluded = check_elements(list(elements)), tuple(excluded)
    if top < 1:
        raise QueryError(f"top = {top} asks for no candidate; give 1 or more.")
    for element in (*(oxidation or {}), *(coordination or {})):
        if element not in chosen:
            raise QueryError(f"{element} is not among the elements given ({', '.join(chosen)}).")
    timings: dict[str, float] = {}
    notes = [f"Every candidate holds all of {', '.join(chosen)} and nothing else."]
    with timed(timings, "propose"):
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
        with timed(timings, "build"):
            candidates = _by_chemistry(library, proposals, top, coordination)
        notes.append("No pattern was given: the order is that of chemistry alone.")
        candidates = _by_edges(candidates, xanes, notes, timings)
        return Inference(
            chosen, tuple(candidates), "tentative", None, len(proposals), 0, 0, tuple(notes), options, timings
        )
    _, fitted = compare(
        library, proposals, pattern, excluded=excluded, oxidation=oxidation, alloy=alloy, must_balance=must_balance,
        coordination=coordination, system=system, threads=threads, timings=timings,
    )  # fmt: skip
    with timed(timings, "rank"):
        share = shares(fitted.evidence)
        order = np.lexsort((fitted.proposals.row, -share)).tolist()
        answer = answer_probability(fitted.evidence)
        if order and fitted.fits[order[0]].correlation[FIT_PLACE] < LEAST_CORRELATION:
            answer = min(answer, REFUSED_UP_TO)
        folded = _fold(fitted, order, share)
        # the first is right with the probability of the answer, the others in proportion
        scale = min(answer / folded[0][1], 1.0) if folded else 0.0
        folded = [(k, scale * part) for k, part in folded]
    verdict = _verdict(answer, folded)
    if verdict == "no confident match":
        notes.append(
            "No substituted template explains the pattern; check the elements. Its type may not be indexed. "
            "The candidates are the best tries, no answer."
        )
    made = [_candidate(library, fitted, k, p, rank) for rank, (k, p) in enumerate(folded[: 3 * top], start=1)]
    made = _by_edges(made, xanes, notes, timings)
    return Inference(
        chosen, tuple(made[:top]), verdict, pattern, len(proposals), fitted.n_screened, fitted.n_fitted,
        tuple(notes), options, timings,
    )  # fmt: skip


def _verdict(answer: float, folded: Sequence[tuple[int, float]]) -> Verdict:
    """What to say of the first candidate, from the probability of the answer and those of the candidates."""
    if answer <= REFUSED_UP_TO:
        return "no confident match"
    return "match" if folded[0][1] >= CONFIDENT else "tentative"


def _by_edges(
    candidates: list[Candidate], xanes: Sequence[Xanes], notes: list[str], timings: dict[str, float]
) -> list[Candidate]:
    """The candidates in the order that measured edges give them besides; what was used is added to the notes."""
    if not xanes:
        return candidates
    from xsearch.infer.absorbers import reorder_by_xanes

    with timed(timings, "xanes"):
        ordered, told = reorder_by_xanes(candidates, xanes)
    notes += told
    return ordered


def _candidate(library: TemplateLibrary, fitted: Fitted, k: int, probability: float, rank: int) -> Candidate:
    fit, symmetry, refined = fitted.fits[k], fitted.symmetries[k], fitted.refined[k]
    return _describe(
        library, fitted.proposals, k, refined.crystal, symmetry.number, probability, rank,
        cell=tuple(refined.cell.tolist()), moved_A=refined.moved_A,
        evidence=dict(zip(TERMS, fitted.evidence[k].tolist(), strict=True)),
        strain=fit.strain, zero_shift_deg=fit.zero_shift_deg, unexplained=fit.unexplained,
        raised=bool(fitted.raised[k]), change=fitted.changes[k],
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
        if coordination and not coordinated(crystal, coordination):
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
    raised: bool = False,
    moved_A: float = 0.0,
    change: str = "",
) -> Candidate:
    row = int(proposals.row[k])
    slots = zip(library.atomic_numbers[row].tolist(), proposals.targets[k].tolist(), strict=True)
    substitution = {SYMBOLS[old - 1]: SYMBOLS[new - 1] for old, new in slots if old}
    source_formula = library.formula_names[int(library.formula[row])]
    where = f"The atoms stand where they do in {source_formula} ({library.material_ids[row]})"
    assumptions = [
        f"{where} but for {moved_A:.2f} Å (rms), by which they were moved to the pattern."
        if moved_A >= LEAST_MOVED_A
        else f"{where}; nothing was relaxed.",
        "The cell was strained to the pattern." if evidence.keys() != {"prior"} else "The volume is predicted.",
    ]
    if proposals.log_charge[k] <= CHARGE_UNKNOWN:
        assumptions.append("No usual oxidation states balance this formula.")
    if raised:
        assumptions.append(f"They were moved onto the symmetry of space group {space_group}, which they are close to.")
    template_group = int(library.space_group[row])
    lowered = not raised and crystal_system(space_group) != crystal_system(template_group)
    if change:
        assumptions.append(change)
    elif lowered and not proposals.merged[k]:
        assumptions.append(f"Their symmetry was lowered from space group {template_group}, as the pattern asks for.")
    if proposals.merged[k]:
        assumptions.append("One element stands on sites that two elements share in the template.")
    return Candidate(
        rank=rank,
        formula=reduced_formula(crystal.composition),
        crystal=crystal,
        space_group=space_group,
        crystal_system=crystal_system(space_group),
        template=template_key(crystal, find_symmetry(crystal)) if change else library.keys[int(library.template[row])],
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
        assumptions=tuple(assumptions),
    )


def _fold(fitted: Fitted, order: list[int], share: NDArray[np.float64]) -> list[tuple[int, float]]:
    """One place a formula and structure type, with the probability of the first that were folded into it."""
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
    folded = [(members[0], float(share[members[:MOST_FOLDED]].sum())) for members in places.values()]
    return sorted(folded, key=lambda item: -item[1])


def _keep_system(library: TemplateLibrary, proposals: Proposals, system: str | None) -> Proposals:
    if system is None:
        return proposals
    if system not in CRYSTAL_SYSTEMS:
        raise QueryError(f"Unknown crystal system {system!r}; one of {', '.join(sorted(CRYSTAL_SYSTEMS))} is expected.")
    systems = SYSTEM_OF_GROUP[library.space_group[proposals.row]]
    return proposals.take(np.flatnonzero(systems == CRYSTAL_SYSTEMS.index(system)))
