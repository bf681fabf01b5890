"""How often shared and partly empty sites are recognised as such, and ordered crystals as ordered."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from xsearch.chemistry.crystal import Crystal
from xsearch.data.compounds import Compound, read_compounds, unrelated_elements
from xsearch.data.disordered_compounds import MOST_SITES, DisorderedCompound, made_of
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.errors import QueryError, SpectrumError
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.infer.engine import infer
from xsearch.infer.template_library import TemplateLibrary

if TYPE_CHECKING:
    from xsearch.answers import Candidate, Inference
    from xsearch.answers.site_disorder import SiteDisorder

KINDS = ("mixed", "vacant", "ordered", "wrong")
"""What is measured: solid solutions, vacancies, ordered compounds that must be given as neither, and patterns of these
with the elements of others, which must be refused."""

WITHIN = (0.05, 0.1)
"""Errors of an occupancy that are counted."""

POOL = 2400
"""Reported compounds that both halves are taken from."""

MOST_ELEMENTS = 5
"""Of a compound."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one compound.

    Attributes:
        name: of the material that it was made from.
        formula: of the parent.
        sites_right: whether the first candidate has disorder of the right kind on the right elements.
        right: whether it has the parent's structure, too; of an ordered compound, whether it has the right formula and
            crystal system; with the elements of another, whether it is refused.
        disordered: whether the first candidate has any disorder.
        refused: whether it was given as no answer.
        away: difference of the occupancy from the true one, where it is right.
        undetermined: whether the answer says that the pattern does not tell the occupancy.
        alike: whether the elements scatter too alike for most patterns.
        first: the first candidate in words.
        cpu_seconds: processor time of the answer.
    """

    name: str
    formula: str
    sites_right: bool
    right: bool
    disordered: bool
    refused: bool
    away: float | None
    undetermined: bool
    alike: bool
    first: str
    cpu_seconds: float = field(default=0.0)


def evaluate(
    path: str | Path,
    library: TemplateLibrary,
    kind: str,
    *,
    report: bool = True,
    limit: int = 40,
    held_out: bool = True,
    stated: bool = False,
    always: bool = False,
    log: str | Path | None = None,
    say: Callable[[Outcome], None] | None = None,
) -> dict[str, Any]:
    """Infer compounds from simulated measurements and count what is right of their sites.

    Args:
        path: a Parquet file with the columns of `mp_structures.parquet`; reported compounds of it are used.
        library: the templates.
        kind: one of `KINDS`.
        report: the half of the formulas that nothing was chosen on, or the other one.
        limit: compounds.
        held_out: leave the entries of all end members out.
        stated: state the formula, with its fractions.
        always: as of `infer`'s `disorder`.
        log: keep outcomes here, one a line; those that are there are not worked out again.
        say: called with every outcome.
    """
    kept = OutcomeLog(log, lambda stored: Outcome(**stored), lambda outcome: outcome.name)
    done, outcomes = dict(kept.done), []
    for truth, elements in samples(path, kind, report=report, limit=limit):
        name = (truth if isinstance(truth, Compound) else truth.parent).material_id
        outcome = done[name] if name in done else _one(truth, elements, library, held_out, stated, always)
        outcomes.append(outcome)
        kept.add(outcome)
        if say is not None:
            say(outcome)
    return figures(kind, outcomes)


def samples(
    path: str | Path, kind: str, *, report: bool, limit: int
) -> Iterator[tuple[Compound | DisorderedCompound, frozenset[str]]]:
    """Compounds of one half of the formulas, made disordered where that is wished, and the elements that are given."""
    pool = [one for one in read_compounds(path, POOL, reported=True) if in_report(one.formula) == report]
    small = [one for one in pool if len(one.crystal) <= MOST_SITES]
    found: Iterator[tuple[Compound | DisorderedCompound, Iterable[str] | None]]
    if kind == "ordered":
        found = ((one, one.elements) for one in small)
    elif kind == "wrong":
        found = ((one, unrelated_elements(small, place)) for place, one in enumerate(small))
    else:
        made = made_of(pool, "mixed" if kind == "mixed" else "vacant")
        found = ((one, one.crystal.elements) for one in made if len(set(one.crystal.elements)) <= MOST_ELEMENTS)
    for truth, elements in islice(((truth, given) for truth, given in found if given), limit):
        yield truth, frozenset(elements)


def in_report(formula: str) -> bool:
    """Whether a formula belongs to the half that figures are reported on."""
    return zlib.crc32(f"defects {formula}".encode()) % 2 == 1


def _one(
    truth: Compound | DisorderedCompound,
    elements: frozenset[str],
    library: TemplateLibrary,
    held_out: bool,
    stated: bool,
    always: bool,
) -> Outcome:
    parent, ends = (truth, (truth.formula,)) if isinstance(truth, Compound) else (truth.parent, truth.end_members)
    alike = isinstance(truth, DisorderedCompound) and truth.alike
    start = process_time()
    try:
        answer = infer(
            library, sorted(elements), augmented_pattern(truth.crystal, parent.seed),
            excluded=ends if held_out else (), disorder=always, top=1, threads=1,
            formula=truth.crystal.composition if stated else None,
        )  # fmt: skip
    except (QueryError, SpectrumError) as error:
        return Outcome(
            parent.material_id, parent.formula, False, False, False, True, None, False, alike, str(error),
            process_time() - start,
        )  # fmt: skip
    wrong = elements != set(truth.crystal.elements)
    return _judged(truth, parent, answer, alike, wrong, process_time() - start)


def _judged(
    truth: Compound | DisorderedCompound, parent: Compound, answer: Inference, alike: bool, wrong: bool, seconds: float
) -> Outcome:
    first: Candidate | None = answer.candidates[0] if answer.candidates else None
    sites = () if first is None else first.disorder
    sites_right = right = False
    away = None
    if wrong:
        right = answer.refused
    elif first is not None and isinstance(truth, Compound):
        right = first.formula == truth.formula and first.crystal_system == truth.crystal_system
    elif first is not None and isinstance(truth, DisorderedCompound):
        sites_right = any(one.kind == truth.kind and set(one.elements) == set(truth.elements) for one in sites)
        right = sites_right and same_parent(first.crystal, sites, truth)
        if right:
            away = occupancy_error(sites, truth)
    words = "nothing" if first is None else " ".join([first.formula, str(first.space_group), *(s.text for s in sites)])
    return Outcome(
        parent.material_id, parent.formula, sites_right, right, bool(sites), answer.refused, away,
        any(one.undetermined for one in sites), alike, words, seconds,
    )  # fmt: skip


def occupancy_error(sites: Sequence[SiteDisorder], truth: DisorderedCompound) -> float:
    """How far the occupancy of the truth's first element is from the true one."""
    (site,) = (one for one in sites if set(one.elements) == set(truth.elements))
    return abs(dict(zip(site.elements, site.occupancies, strict=True))[truth.elements[0]] - truth.occupancies[0])


def same_parent(crystal: Crystal, disorder: Sequence[SiteDisorder], truth: DisorderedCompound) -> bool:
    """Whether a candidate's crystal, without its disorder, is the parent's by StructureMatcher."""
    from pymatgen.core.structure_matcher import StructureMatcher

    ordered = _parent(crystal, [one.elements for one in disorder])
    return bool(StructureMatcher().fit(ordered.to_structure(), _parent(truth.crystal, [truth.elements]).to_structure()))


def _parent(crystal: Crystal, disordered: Sequence[Sequence[str]]) -> Crystal:
    """The crystal with all sites full, and one name for two elements that share sites."""
    others = {element: min(elements) for elements in disordered for element in elements}
    sites = {
        tuple((position.round(4) % 1.0).tolist()): (position, others.get(element, element))
        for position, element in zip(crystal.frac_coords, crystal.elements, strict=True)
    }
    positions, elements = zip(*sites.values(), strict=True)
    return Crystal.ordered(crystal.lattice_A, np.array(positions), elements)


def figures(kind: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Shares of all compounds; those of occupancies are of the ones that are right."""
    seconds = [one.cpu_seconds for one in outcomes] or [0.0]
    found: dict[str, Any] = {
        "kind": kind,
        "n": len(outcomes),
        "right": _share(one.right for one in outcomes),
        "disordered": _share(one.disordered for one in outcomes),
        "disordered_accepted": _share(one.disordered and not one.refused for one in outcomes),
        "refused": _share(one.refused for one in outcomes),
        "cpu_seconds_p50": round(float(np.percentile(seconds, 50)), 2),
        "cpu_seconds_p95": round(float(np.percentile(seconds, 95)), 2),
    }
    if kind in ("ordered", "wrong"):
        return found
    measured = [one for one in outcomes if one.away is not None]
    clear = [one for one in measured if not one.alike]
    found |= {
        "right_elements": _share(one.sites_right for one in outcomes),
        "n_right": len(measured),
        "n_clear": len(clear),
        "undetermined": _share(one.undetermined for one in measured),
    }
    for limit in WITHIN:
        found[f"within_{limit:g}"] = _share(one.away is not None and one.away <= limit for one in measured)
        found[f"clear_within_{limit:g}"] = _share(one.away is not None and one.away <= limit for one in clear)
    return found


def _share(values: Iterator[bool]) -> float | None:
    kept: list[bool] = list(values)
    return round(float(np.mean(kept)), 4) if kept else None


def outcome_line(outcome: Outcome) -> str:
    """An outcome in words."""
    state = "right" if outcome.right else "sites right" if outcome.sites_right else "wrong"
    away = "" if outcome.away is None else f", off by {outcome.away:.2f}"
    refused = ", refused" if outcome.refused else ""
    return f"{outcome.formula}: {state}{away}{refused}; first {outcome.first}; {outcome.cpu_seconds:.1f} s"
